import KilnDefinition
import KilnRollout

// What a fleet waits for, and until when.
extension Explainer {
    var waits: [FleetExplanation.Wait] {
        if rollout.freeze != nil || rollout.isPaused { return [.init("a person's word", answer: halt)] }
        if let pending = record.pending {
            if pending.isPaused { return [.init("a person's word")] }
            return [
                .init(
                    pending.unsure == nil
                        ? "the work before release \(pending.release) to end" : "a person's word",
                    answer: pending.unsure
                )
            ]
        }
        if let engine = facts.engine { return waits(for: engine) }
        switch rollout.phase {
        case .stopped: return []
        case .frozen: return [.init("a person's word")]
        case .steady: return facts.instances.compactMap(wait) + backoffs + trouble
        case .baking(let since):
            return facts.instances.compactMap(wait) + [bake(since)]
        case .rolling, .rollingBack, .stopping:
            return facts.instances.compactMap(wait) + backoffs + trouble
                + [step, deadline].compactMap(\.self)
        }
    }

    /// Who had it stand still, where that is known.
    private var halt: String? {
        let last = facts.events.last { $0.kind == .rolloutPaused || $0.kind == .fleetFrozen }
        return last?.author.map { "\(last?.kind == .fleetFrozen ? "frozen" : "paused") by \($0)" }
    }

    /// What one instance keeps the fleet waiting for.
    private func wait(_ instance: FleetStatus.Instance) -> FleetExplanation.Wait? {
        let id = instance.id
        if let debug = instance.debug, instance.isTaken, instance.state != "stopping" {
            let isQuarantined = debug.isQuarantined == true
            return .init(
                isQuarantined
                    ? "the quarantine of \(id) to end"
                    : "\(debug.author ?? "somebody") to be done with \(id)",
                instance: id,
                answer: debug.why,
                until: debug.until,
                otherwise: "it is destroyed"
            )
        }
        switch (instance.state, instance.health) {
        case ("stopping", _) where instance.traffic == "draining":
            return .init(
                "\(id) to answer what it was asked",
                instance: id,
                limit: "drain \(policy.drain.words)"
            )
        case ("stopping", _): return .init("\(id) to end", instance: id)
        case ("running", "unhealthy"):
            return .init(
                "\(id) to be healthy",
                instance: id,
                answer: instance.healthReason,
                limit: "healthy_deadline \(policy.healthyDeadline.words)",
                until: driven(instance.created + policy.healthyDeadline.components.seconds),
                otherwise: isOnTrial(instance) ? failureWords : "it is replaced"
            )
        case ("running", _) where instance.condemned != nil:
            return .init("a replacement of \(id)", instance: id, answer: instance.condemned)
        case ("running", _): return settling(instance)
        case ("ended", _): return .init("a replacement of \(id), which has ended", instance: id)
        default: return .init("\(id) to start", instance: id)
        }
    }

    /// Well, but not yet for long enough to count, or without requests.
    private func settling(_ instance: FleetStatus.Instance) -> FleetExplanation.Wait? {
        guard rollout.isUnfinished, instance.release.key == rollout.target else { return nil }
        if record.policy.listen != nil, instance.traffic == "none", place?.step.share != 0 {
            return .init("\(instance.id) to get requests", instance: instance.id)
        }
        let served = facts.events.last { $0.instance == instance.id && $0.kind == .instanceServing }
        guard let served else { return nil }
        let until = served.time + policy.minHealthy.components.seconds
        guard until > time else { return nil }
        return .init(
            "\(instance.id) to stay healthy",
            instance: instance.id,
            limit: "min_healthy \(policy.minHealthy.words)",
            until: driven(until)
        )
    }

    private func isOnTrial(_ instance: FleetStatus.Instance) -> Bool {
        switch rollout.phase {
        case .rolling, .baking: instance.release.key == rollout.target && instance.condemned == nil
        default: false
        }
    }

    func bake(_ since: Instant) -> FleetExplanation.Wait {
        .init(
            "the end of the time that \(target) is watched",
            limit: "bake \(policy.bake.words)",
            until: wall(since.advanced(by: policy.bake)),
            otherwise: failureWords
        )
    }

    private var step: FleetExplanation.Wait? {
        guard let place, let reached = place.stage.reached else { return nil }
        let share =
            place.step.share == 0 ? "before it gets the requests" : "at \(place.step.share) % of the requests"
        if let hold = place.stage.hold {
            return .init("a person to promote \(target) \(share)", answer: hold)
        }
        switch place.step.pause {
        case .manual: return .init("a person to promote \(target) \(share)")
        case .time(let pause):
            let until = wall(reached.advanced(by: pause))
            return .init(
                "the pause of step \(place.stage.step + 1) of \(place.steps), \(share)",
                until: until
            )
        }
    }

    /// The longest that the fleet may stand still.
    var deadline: FleetExplanation.Wait? {
        guard let mark = rollout.progress, place?.stage.reached == nil else { return nil }
        let isTrial = if case .rolling = rollout.phase { true } else { false }
        return .init(
            "any progress",
            limit: "progress_deadline \(policy.progressDeadline.words)",
            until: wall(mark.at.advanced(by: policy.progressDeadline)),
            otherwise: isTrial ? failureWords : "it is left to people"
        )
    }

    /// Places whose instances fail again and again.
    private var backoffs: [FleetExplanation.Wait] {
        RolloutPlanner().backoffs(rollout, now: now).sorted { $0.key < $1.key }.map { slot, end in
            let last = rollout.failures.last { $0.slot == slot }?.reason
            let what = "the next try in place \(slot), whose instances keep failing"
            return .init(what, answer: last, until: wall(end))
        }
    }

    /// What the platform refused last, unless something succeeded since.
    var trouble: [FleetExplanation.Wait] {
        // What could not be made is removed as well: that ends no trouble.
        let last = facts.events.last { event in
            switch event.kind {
            case .platformTrouble, .instanceServing, .rolloutFinished, .rolloutStarted: true
            default: false
            }
        }
        guard let last, last.kind == .platformTrouble, isDriven else { return [] }
        return [.init("the platform", instance: last.instance, answer: last.message)]
    }

    private var failureWords: String {
        guard policy.onFailure == .rollback else {
            return "\(target) is quarantined and everything stays as it is"
        }
        if rollout.isIrreversible {
            let why = "what ran before it cannot be undone"
            return "\(target) is quarantined and everything stays as it is, since \(why)"
        }
        guard let stable = rollout.stable, stable != rollout.target else {
            return "\(target) is quarantined and its instances are removed"
        }
        return "\(target) is quarantined and release \(stable) comes back"
    }

    /// Moments on the boot clock mean something only while somebody drives the fleet: whoever comes next begins them anew.
    private func wall(_ moment: Instant) -> Int64? {
        guard isDriven else { return nil }
        let left = now.duration(to: moment)
        return left > .zero ? time + left.components.seconds : nil
    }

    private func driven(_ moment: Int64) -> Int64? { isDriven && moment > time ? moment : nil }
}
