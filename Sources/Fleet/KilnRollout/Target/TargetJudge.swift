/// What becomes of a release that an engine rolls out: whether it proved itself, failed, or is waited for, and what the engine
/// is told. Pure: the same input gives the same judgement.
///
/// The engine's own verdicts are hearsay: that it is done has to show in its instances, and its deadlines end nothing. A
/// release is stable, quarantined and gone back from by the same rules as where Kiln decides each step.
package struct TargetJudge: Sendable {
    package init() {}

    /// Changes to write down before anything else, or else at most one call.
    package func judge(_ state: TargetState, now: Instant) -> [TargetAction] {
        let rollout = state.fleet.rollout
        if rollout.isHalted { return hold(state) }
        switch rollout.phase {
        // A call that was taken for lost may have arrived after everything was gone.
        case .stopped: return state.engine == nil ? [] : [.remove]
        case .frozen: return hold(state)
        case .steady, .rolling, .baking, .rollingBack, .stopping: break
        }
        let changes = changes(state, EngineCount(state), now)
        return changes.isEmpty ? tell(state, now: now) : changes.map(TargetAction.change)
    }

    /// When a judgement may come out differently although nothing was heard; nil: never.
    package func nextMoment(_ state: TargetState, now: Instant) -> Instant? {
        let (rollout, policy) = (state.fleet.rollout, state.fleet.policy)
        guard !rollout.isHalted, rollout.phase.isActive else { return nil }
        var moments: [Instant] = []
        if let mark = rollout.progress { moments.append(mark.at.advanced(by: policy.progressDeadline)) }
        if case .baking(let since) = rollout.phase { moments.append(since.advanced(by: policy.bake)) }
        if let refusal = state.fleet.refusal { moments.append(refusal.until) }
        return moments.filter { $0 > now }.min()
    }

    /// Whether all is as it shall be and nothing is under way.
    package func isSettled(_ state: TargetState, now: Instant) -> Bool {
        let rollout = state.fleet.rollout
        guard judge(state, now: now).isEmpty else { return false }
        if rollout.freeze != nil { return true }
        guard !rollout.isPaused else { return false }
        switch rollout.phase {
        case .stopped, .frozen: return true
        case .steady: return rollout.progress == nil
        default: return false
        }
    }

    private func changes(_ state: TargetState, _ count: EngineCount, _ now: Instant) -> [Change] {
        let rollout = state.fleet.rollout
        if rollout.phase.isTrial, let target = rollout.target, target == rollout.stable {
            // The verdict was written down, and its end was not.
            return [.finish(.stable(target))]
        }
        if let mark = progress(rollout, count, now) { return [.noteProgress(mark)] }
        if let failure = failure(state, count, now) { return failure }
        return completion(state, count, now)
    }

    private func progress(_ rollout: RolloutState, _ count: EngineCount, _ now: Instant) -> ProgressMark? {
        guard let best = rollout.progress,
            count.placed > best.placed || count.available > best.available || count.others < best.left
        else { return nil }
        return ProgressMark(
            placed: max(best.placed, count.placed),
            available: max(best.available, count.available),
            left: min(best.left, count.others),
            at: now
        )
    }

    private func completion(_ state: TargetState, _ count: EngineCount, _ now: Instant) -> [Change] {
        let (rollout, policy) = (state.fleet.rollout, state.fleet.policy)
        if case .stopping(let reason) = rollout.phase {
            return state.engine == nil ? [.finish(.stopped(reason: reason))] : []
        }
        guard let target = rollout.target else { return [] }
        let isComplete = count.isComplete && state.condemned.isEmpty
        guard let mark = rollout.progress else { return isComplete ? [] : [.startClock] }
        guard isComplete else {
            // What was complete and is no longer gets the whole deadline, however long ago that was.
            if case .baking(let since) = rollout.phase, mark.at <= since, since < now { return [.startClock] }
            return []
        }
        switch rollout.phase {
        case .rolling where count.wanted == 0, .baking where count.wanted == 0:
            return [.finish(.untried(target))]
        case .rolling where policy.bake > .zero: return [.startBake]
        // It was incomplete in between: it is watched for the whole time anew.
        case .baking(let since) where mark.at > since: return [.startBake]
        case .baking(let since) where since.advanced(by: policy.bake) > now: return []
        case .rolling, .baking: return [.markStable(target), .finish(.stable(target))]
        case .rollingBack(let reason): return [.finish(.rolledBack(to: target, reason: reason))]
        case .steady: return [.finish(.stable(target))]
        case .stopping, .stopped, .frozen: return []
        }
    }
}

extension RolloutState.Phase {
    var isTrial: Bool {
        switch self {
        case .rolling, .baking: true
        default: false
        }
    }
}
