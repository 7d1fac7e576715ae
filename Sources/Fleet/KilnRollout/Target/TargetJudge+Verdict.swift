// When a release that an engine rolls out has failed, and what follows.
extension TargetJudge {
    func failure(_ state: TargetState, _ count: EngineCount, _ now: Instant) -> [Change]? {
        let rollout = state.fleet.rollout
        switch rollout.phase {
        case .rolling, .baking:
            if let target = rollout.target, state.fleet.quarantined.contains(target) {
                return failed(state, count, "release \(target) is quarantined")
            }
            if let reason = givenUp(state) { return failed(state, count, reason) }
            if let reason = culprit(state) { return failed(state, count, reason) }
            return standstill(state, count, now).map { stuck(state, count, $0) }
        case .rollingBack(let original):
            guard let reason = standstill(state, count, now) else { return nil }
            return [.finish(.frozen(reason: "\(original); going back did not succeed: \(reason)"))]
        case .steady:
            return standstill(state, count, now).map { [.finish(.degraded(reason: $0))] }
        case .stopping(let original):
            guard state.engine != nil, let reason = standstill(state, count, now) else { return nil }
            return [.finish(.frozen(reason: "\(original); stopping did not succeed: \(reason)"))]
        case .stopped, .frozen: return nil
        }
    }

    /// Why the engine gave the release up by itself, if it did.
    private func givenUp(_ state: TargetState) -> String? {
        guard state.isTold else { return nil }
        switch state.engine?.activity {
        case .failed(let reason), .reverting(let reason), .reverted(let reason): return reason
        default: return nil
        }
    }

    /// The instance that a release fails by: one that ends again and again, or that is unwell while the release is watched.
    private func culprit(_ state: TargetState) -> String? {
        let rollout = state.fleet.rollout
        for instance in state.engine?.instances ?? [] {
            guard instance.release == rollout.target, instance.health != .leaving,
                !state.condemned.contains(instance.id)
            else { continue }
            if case .baking(let since) = rollout.phase {
                if case .unhealthy(let reason) = instance.health {
                    return "unhealthy while the release was watched: \(instance.id): \(reason)"
                }
                if let end = instance.lastEnd, end > since {
                    return "\(instance.id) ended while the release was watched"
                }
            } else if instance.ends >= RolloutPlanner.failureLimit, instance.health != .available {
                return "\(instance.id) ended \(instance.ends) times"
            }
        }
        return nil
    }

    /// Why nothing has moved for the progress deadline, by Kiln's clock.
    private func standstill(_ state: TargetState, _ count: EngineCount, _ now: Instant) -> String? {
        let deadline = state.fleet.policy.progressDeadline
        guard let mark = state.fleet.rollout.progress, mark.at.advanced(by: deadline) <= now,
            !(count.isComplete && state.condemned.isEmpty)
        else { return nil }
        let missing = count.wanted - count.available
        let what =
            missing > 0 ? "\(missing) of \(count.wanted) instances are missing" : "old instances remain"
        let shortage = state.shortage.map { "; none can be made: \($0)" } ?? ""
        return "no progress for \(RolloutPlanner.words(deadline)): \(what)\(shortage)"
    }

    /// What stands still with all instances of the release well does so through no fault of it.
    private func stuck(_ state: TargetState, _ count: EngineCount, _ reason: String) -> [Change] {
        if count.available >= count.wanted {
            return [.finish(.degraded(reason: reason))]
        }
        // What the engine could not be told, or had no room for, says nothing about the release.
        return failed(state, count, reason, isBlamed: state.isTold && state.shortage == nil)
    }

    private func failed(
        _ state: TargetState,
        _ count: EngineCount,
        _ reason: String,
        isBlamed: Bool = true
    ) -> [Change] {
        let rollout = state.fleet.rollout
        guard let target = rollout.target else { return [] }
        let isNew = isBlamed && !state.fleet.quarantined.contains(target)
        let quarantine = isNew ? [Change.quarantine(target, reason: reason)] : []
        if state.fleet.policy.onFailure == .freeze { return quarantine + [.finish(.frozen(reason: reason))] }
        guard let stable = rollout.stable, stable != target else {
            return quarantine
                + [othersServe(state) ? .finish(.frozen(reason: reason)) : .beginStopping(reason: reason)]
        }
        return quarantine + [.beginRollback(to: stable, reason: reason)]
    }

    private func othersServe(_ state: TargetState) -> Bool {
        state.engine?.instances.contains {
            $0.release != state.fleet.rollout.target && $0.health == .available
        } ?? false
    }
}
