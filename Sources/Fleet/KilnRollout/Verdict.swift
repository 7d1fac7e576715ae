// When a release, or the attempt to restore one, has failed, and what follows.
extension RolloutPlanner {
    func failure(_ census: Census) -> [Change]? {
        let rollout = census.fleet.rollout
        switch rollout.phase {
        case .rolling, .baking:
            // Its failure was written down, and what follows from it was not.
            if let target = rollout.target, census.fleet.quarantined.contains(target) {
                return failed(census, "release \(target) is quarantined")
            }
            if let culprit = culprit(census) { return culprit.note + failed(census, culprit.reason) }
            guard let reason = standstill(census) else { return nil }
            return failed(census, reason)
        case .rollingBack(let original):
            guard let reason = standstill(census) else { return nil }
            return [.finish(.frozen(reason: "\(original); going back did not succeed: \(reason)"))]
        case .steady:
            guard let reason = standstill(census) else { return nil }
            return [.finish(.degraded(reason: reason))]
        case .stopping(let original):
            guard let reason = standstill(census) else { return nil }
            return [.finish(.frozen(reason: "\(original); stopping did not succeed: \(reason)"))]
        case .stopped, .frozen: return nil
        }
    }

    /// Back to the stable release, or left alone where the policy says so. Without a stable one everything is stopped,
    /// unless something else serves, of which nothing is known but that.
    private func failed(_ census: Census, _ reason: String) -> [Change] {
        guard let target = census.fleet.rollout.target else { return [] }
        let isKnown = census.fleet.quarantined.contains(target)
        let quarantine = isKnown ? [] : [Change.quarantine(target, reason: reason)]
        if census.fleet.policy.onFailure == .freeze {
            return quarantine + [.finish(.frozen(reason: reason))]
        }
        guard let stable = census.fleet.rollout.stable, stable != target else {
            let end =
                othersServe(census) ? Change.finish(.frozen(reason: reason)) : .beginStopping(reason: reason)
            return quarantine + [end]
        }
        return quarantine + [.beginRollback(to: stable, reason: reason)]
    }

    private func othersServe(_ census: Census) -> Bool {
        census.surplus.contains { index in
            census.conditions[index] == .available && !isOfTarget(census.fleet.instances[index], census)
        }
    }

    /// The instance that a release fails by.
    private func culprit(_ census: Census) -> (note: [Change], reason: String)? {
        let failures = census.fleet.rollout.failures
        let isBaking = if case .baking = census.fleet.rollout.phase { true } else { false }
        let impatient = census.fleet.policy.progressDeadline == .zero
        if let last = failures.last, isBaking || impatient { return ([], last.reason) }
        if failures.count >= max(Self.failureLimit, (census.wanted + 3) / 4), let last = failures.last {
            return ([], "\(failures.count) instances failed, the last one: \(last.reason)")
        }
        for index in census.kept {
            let instance = census.fleet.instances[index]
            guard let reason = reason(instance, census.conditions[index], isBaking, impatient, census) else {
                continue
            }
            return (instance.failureNoted ? [] : [.noteFailure(instance.key, reason: reason)], reason)
        }
        return nil
    }

    private func reason(
        _ instance: InstanceState,
        _ condition: Census.Condition,
        _ isBaking: Bool,
        _ impatient: Bool,
        _ census: Census
    ) -> String? {
        switch condition {
        case .overdue:
            "not healthy within \(Self.words(census.fleet.policy.healthyDeadline)): \(Self.words(instance.health))"
        case .unhealthy where isBaking:
            "unhealthy while the release was watched: \(Self.words(instance.health))"
        case .unhealthy where impatient: "unhealthy: \(Self.words(instance.health))"
        default: nil
        }
    }

    /// Why nothing has moved for the progress deadline.
    private func standstill(_ census: Census) -> String? {
        guard let mark = census.fleet.rollout.progress else { return nil }
        var deadline = census.fleet.policy.progressDeadline
        // No patience with a release on trial; but what is repaired or removed takes the time it takes.
        if deadline == .zero, !census.isTrial { deadline = Self.repairDeadline }
        guard deadline > .zero, !census.isComplete, mark.at.advanced(by: deadline) <= census.now else {
            return nil
        }
        let missing = census.wanted - census.keptAvailable
        let state =
            missing > 0 ? "\(missing) of \(census.wanted) instances are missing" : "old instances remain"
        let last = census.fleet.rollout.failures.last.map { "; the last failure: \($0.reason)" } ?? ""
        return "no progress for \(Self.words(deadline)): \(state)\(last)"
    }

    private static func words(_ health: InstanceState.Health) -> String {
        switch health {
        case .unknown: "its health check never answered"
        case .passing: "it gets no traffic"
        case .failing(_, let reason): reason
        }
    }

    static func words(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        if seconds == 0 { return "\(duration.components.attoseconds / 1_000_000_000_000_000)ms" }
        return seconds >= 120 && seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds)s"
    }
}
