import KilnDefinition
import KilnRollout

/// Says what a fleet does and why. Pure: what is known goes in, sentences come out.
struct Explainer {
    let facts: FleetFacts
    let now: Instant
    /// Seconds since 1970.
    let time: Int64

    var record: FleetRecord { facts.record }
    var rollout: RolloutState { facts.record.rollout }
    var policy: RolloutDefinition { facts.record.policy.rollout }
    var isDriven: Bool { facts.lease != nil }
    var target: String { rollout.target.map { "release \($0)" } ?? "no release" }

    var explanation: FleetExplanation {
        FleetExplanation(
            runs: runs,
            doing: doing,
            waits: waits,
            next: next,
            because: CauseChain.ofState(facts.events),
            quarantined: facts.releases.compactMap { release in
                release.quarantine.map { .init(release: release.number, reason: $0.reason, time: $0.time) }
            }
        )
    }

    // MARK: what runs

    private var runs: String {
        var counts: [ReleaseNumber: Int] = [:]
        for instance in facts.instances where serves(instance) { counts[instance.release, default: 0] += 1 }
        guard !counts.isEmpty else { return "nothing serves; \(record.policy.instances) are wanted" }
        let parts = counts.sorted { $0.key > $1.key }.map {
            "release \($0.key) in \(Self.instances($0.value))"
        }
        return "\(parts.joined(separator: ", ")); \(record.policy.instances) are wanted"
    }

    func serves(_ instance: FleetStatus.Instance) -> Bool {
        !instance.isTaken && instance.health == "healthy"
            && (record.policy.listen == nil || instance.traffic == "ready")
    }

    static func instances(_ count: Int) -> String { count == 1 ? "1 instance" : "\(count) instances" }

    // MARK: what is happening

    private var doing: String {
        if let freeze = rollout.freeze { return "frozen by a person: \(freeze)" }
        if let pending = record.pending { return words(pending) }
        let words = phaseWords
        return rollout.isPaused ? "\(words), paused" : words
    }

    private func words(_ pending: PendingRelease) -> String {
        let nature = pending.isReversible ? "" : ", which cannot be undone"
        let state = pending.unsure == nil && !pending.isPaused ? "running" : "at"
        let rest = pending.isPaused ? ", paused" : ""
        return "\(state) the work before release \(pending.release): \(pending.work)\(nature)\(rest)"
    }

    private var phaseWords: String {
        switch rollout.phase {
        case .steady: return steadyWords
        case .rolling:
            let from = facts.rollout?.from.map { "from release \($0) " } ?? ""
            return "rolling \(from)to \(target): \(progressWords)"
        case .baking: return "watching \(target) before it is stable"
        case .rollingBack(let reason): return "going back to \(target), since \(reason): \(progressWords)"
        case .stopping(let reason):
            return "stopping, since \(reason): \(Self.instances(facts.instances.count)) left"
        case .stopped(let reason): return "stopped: \(reason)"
        case .frozen(let reason): return "left as it is for people: \(reason)"
        }
    }

    private var steadyWords: String {
        guard rollout.target != nil else { return "nothing was deployed yet" }
        let missing = record.policy.instances - facts.instances.count(where: serves)
        if missing > 0 { return "\(missing) of \(Self.instances(record.policy.instances)) do not serve" }
        if facts.instances.contains(where: { $0.condemned != nil && !$0.isTaken }) {
            return "replacing what is condemned"
        }
        let looked = facts.instances.filter(\.isTaken).map(\.id.description)
        if !looked.isEmpty { return "nothing; people look at \(looked.joined(separator: ", "))" }
        return "nothing: all is as it shall be"
    }

    private var progressWords: String {
        let own = facts.instances.filter { $0.release.key == rollout.target && $0.condemned == nil }
        let old = facts.instances.count { !$0.isTaken } - own.count
        let left = old > 0 ? ", \(old) old ones are left" : ""
        return "\(own.count(where: serves)) of \(record.policy.instances) serve\(left)"
    }

    // MARK: what comes next

    private var next: String? {
        if rollout.freeze != nil { return "kiln resume \(record.name) ends that" }
        if let pending = record.pending { return next(pending) }
        if rollout.isPaused {
            return "kiln resume \(record.name) goes on with it, kiln abort \(record.name) goes back"
        }
        switch rollout.phase {
        case .rolling, .baking, .rollingBack, .stopping:
            guard isDriven else {
                return awaitsPromotion
                    ? "kiln promote \(record.name) lets it go on, kiln abort \(record.name) goes back"
                    : "nobody drives it: kiln resume \(record.name) goes on with it"
            }
            return then
        case .steady where facts.instances.count(where: serves) < record.policy.instances && !isDriven:
            return "kiln resume \(record.name) restores what is missing"
        case .frozen:
            return "kiln deploy, kiln rollback or kiln resume \(record.name), when somebody knows more"
        case .stopped: return "kiln deploy \(record.name) starts it"
        case .steady: return nil
        }
    }

    private func next(_ pending: PendingRelease) -> String {
        if pending.unsure != nil {
            return "kiln resume \(record.name) runs it again, kiln abort \(record.name) gives the release up"
        }
        if pending.isPaused || !isDriven {
            return
                "kiln resume \(record.name) goes on with it, kiln abort \(record.name) gives the release up"
        }
        return "then release \(pending.release) is rolled out"
    }

    private var then: String? {
        switch rollout.phase {
        case .rolling:
            if let step = place?.step, step.share > 0 {
                return "then more of the requests, and in the end all"
            }
            return policy.bake > .zero
                ? "then \(target) is watched for \(policy.bake.words), and stable after that"
                : "then \(target) is stable"
        case .baking: return "then \(target) is stable"
        case .rollingBack: return "then the fleet runs \(target) as before"
        case .stopping: return "then nothing runs"
        case .steady, .stopped, .frozen: return nil
        }
    }

    var awaitsPromotion: Bool {
        guard let place, place.stage.reached != nil else { return false }
        return place.step.pause == .manual || place.stage.hold != nil
    }

    var place: (step: RolloutStep, stage: Stage, steps: Int)? {
        record.place(isBalanced: record.policy.listen != nil)
    }
}
