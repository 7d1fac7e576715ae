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
            if let reason = failedStep(census) { return failed(census, reason) }
            if let culprit = culprit(census) { return culprit.note + failed(census, culprit.reason) }
            return standstill(census).map { stuck(census, $0) }
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

    /// What stands still may do so through no fault of the release: old instances that do not leave, or a platform that
    /// makes no new ones.
    private func stuck(_ census: Census, _ reason: String) -> [Change] {
        let isWell = census.keptUnavailable == 0
        if isWell, census.kept.count == census.targetWanted || othersLeave(census) {
            return [.finish(.degraded(reason: reason))]
        }
        return failed(census, reason, isBlamed: census.fleet.refusal == nil)
    }

    /// Back to the stable release, or left alone where the policy says so. Without a stable one everything is stopped,
    /// unless something else serves, of which nothing is known but that.
    private func failed(_ census: Census, _ reason: String, isBlamed: Bool = true) -> [Change] {
        guard let target = census.fleet.rollout.target else { return [] }
        let isNew = isBlamed && !census.fleet.quarantined.contains(target)
        let quarantine = isNew ? [Change.quarantine(target, reason: reason)] : []
        if census.fleet.policy.onFailure == .freeze {
            return quarantine + [.finish(.frozen(reason: reason))]
        }
        if census.fleet.rollout.isIrreversible {
            let why = "\(reason); what ran before it cannot be undone, so nobody goes back unasked"
            return quarantine + [.finish(.frozen(reason: why))]
        }
        guard let stable = census.fleet.rollout.stable, stable != target else {
            let end =
                othersServe(census) ? Change.finish(.frozen(reason: reason)) : .beginStopping(reason: reason)
            return quarantine + [end]
        }
        return quarantine + [.beginRollback(to: stable, reason: reason)]
    }

    private func othersLeave(_ census: Census) -> Bool {
        census.fleet.instances.contains { $0.isStopping && !isOfTarget($0, census) }
    }

    private func othersServe(_ census: Census) -> Bool {
        census.surplus.contains { index in
            census.conditions[index] == .available && !isOfTarget(census.fleet.instances[index], census)
        }
    }

    /// The instance that a release fails by.
    private func culprit(_ census: Census) -> (note: [Change], reason: String)? {
        let failures = census.fleet.rollout.failures.filter { $0.release == nil }
        let isBaking = if case .baking = census.fleet.rollout.phase { true } else { false }
        if let last = failures.last, isBaking { return ([], last.reason) }
        let limit = min(FleetState.failuresKept, max(Self.failureLimit, (census.wanted + 3) / 4))
        if failures.count >= limit, let last = failures.last {
            return ([], "\(failures.count) instances failed, the last one: \(last.reason)")
        }
        for index in census.kept {
            let instance = census.fleet.instances[index]
            guard let reason = reason(instance, census.conditions[index], isBaking, census) else {
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
        _ census: Census
    ) -> String? {
        var answer = "its health check never answered"
        if case .failing(_, let reason) = instance.health { answer = reason }
        switch condition {
        case .overdue:
            return "not healthy within \(Self.words(census.fleet.policy.healthyDeadline)): \(answer)"
        case .unhealthy where isBaking: return "unhealthy while the release was watched: \(answer)"
        default: return nil
        }
    }

    /// Why nothing has moved for the progress deadline.
    private func standstill(_ census: Census) -> String? {
        guard let mark = census.fleet.rollout.progress, census.blocked == 0 else { return nil }
        let deadline = census.fleet.policy.progressDeadline
        // A step that has its instances stands still by intent; what is lost of them starts the clock anew.
        if census.step != nil, census.hasStepInstances || census.fleet.rollout.stage?.filled != nil {
            return nil
        }
        guard !census.isComplete, mark.at.advanced(by: deadline) <= census.now else { return nil }
        let missing = census.targetWanted - census.keptAvailable
        let state =
            missing > 0
            ? "\(missing) of \(census.targetWanted) instances are missing" : "old instances remain"
        let last =
            census.fleet.refusal.map { "; the last one could not be made: \($0.reason)" }
            ?? census.fleet.rollout.failures.last.map { "; the last failure: \($0.reason)" } ?? ""
        return "no progress for \(Self.words(deadline)): \(state)\(last)"
    }

    static func words(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        if seconds == 0 { return "\(duration.components.attoseconds / 1_000_000_000_000_000)ms" }
        return seconds >= 120 && seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds)s"
    }
}
