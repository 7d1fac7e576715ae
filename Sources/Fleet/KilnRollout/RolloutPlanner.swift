/// What a fleet needs next, given what is seen now. Pure: the same input gives the same plan.
///
/// It may be asked at any time and after any crash; nothing is remembered but the state.
package struct RolloutPlanner: Sendable {
    /// So many failed instances end the trial of a release, or a quarter of a large fleet.
    package static let failureLimit = 3

    package init() {}

    /// Changes to write down before anything else, or else work that may start at once.
    package func plan(_ fleet: FleetState, now: Instant) -> [Action] {
        let custody = custody(fleet, now: now)
        if fleet.rollout.isHalted { return custody }
        if case .change = custody.first { return custody }
        let census = Census(fleet, now: now)
        if fleet.rollout.phase.isActive {
            let changes = changes(census)
            if !changes.isEmpty { return changes.map(Action.change) }
        }
        return traffic(census) + placements(census)
    }

    /// When a plan may come out differently although nothing was heard: a deadline, the end of a wait. nil: never.
    package func nextMoment(_ fleet: FleetState, now: Instant) -> Instant? {
        var moments = custodyMoments(fleet)
        guard !fleet.rollout.isHalted, fleet.rollout.phase.isActive else {
            return moments.filter { $0 > now }.min()
        }
        let policy = fleet.policy
        for instance in fleet.instances where !instance.isTaken {
            switch instance.health {
            case .passing(let since): moments.append(fleet.availableFrom(instance, passingSince: since))
            case .failing(let since, _): moments.append(since.advanced(by: policy.healthyDeadline))
            case .unknown: break
            }
            moments.append(instance.watchedSince.advanced(by: policy.healthyDeadline))
            if case .draining(_, let since) = instance.traffic {
                moments.append(since.advanced(by: policy.drain))
            }
        }
        if case .baking(let since) = fleet.rollout.phase {
            moments.append(bakeEnd(Census(fleet, now: now), since))
        }
        if let mark = fleet.rollout.progress {
            moments.append(mark.at.advanced(by: policy.progressDeadline))
        }
        if let refusal = fleet.refusal { moments.append(refusal.until) }
        for failure in fleet.rollout.failures {
            let end = backoffEnd(of: failure.slot, failure.release, fleet.rollout.failures, now: now)
            if let end { moments.append(end) }
        }
        if let filled = fleet.rollout.stage?.filled {
            moments.append(filled.advanced(by: policy.progressDeadline))
            if let end = stepEnd(Census(fleet, now: now)) { moments.append(end) }
        }
        return moments.filter { $0 > now }.min()
    }

    /// Whether all is as it shall be and nothing is under way.
    package func isSettled(_ fleet: FleetState, now: Instant) -> Bool {
        if hasCustodyWork(fleet, now: now) { return false }
        guard fleet.rollout.freeze == nil else { return true }
        guard !fleet.rollout.isPaused else { return false }
        switch fleet.rollout.phase {
        case .stopped, .frozen: return true
        case .steady: return fleet.rollout.progress == nil && !needsWork(Census(fleet, now: now))
        case .rolling:
            return fleet.rollout.progress == nil && fleet.wanted == 0
                && fleet.instances.allSatisfy(\.isTaken)
        default: return false
        }
    }

    private func changes(_ census: Census) -> [Change] {
        if let target = census.fleet.rollout.target, census.isTrial, target == census.fleet.rollout.stable {
            // The verdict was written down, and its consequence was not: what is stable is not on trial again.
            return [census.total == census.wanted ? .finish(.stable(target)) : .endTrial]
        }
        let losses = losses(census)
        if !losses.isEmpty { return losses }
        // First: what moved at the last moment did move.
        if let mark = progress(census) { return [.noteProgress(mark)] }
        if let failure = failure(census) { return failure }
        if let completion = completion(census) { return completion }
        return removals(census)
    }

    /// What ended, or was never wholly made, goes at once: nobody is served by it.
    private func losses(_ census: Census) -> [Change] {
        census.lost.flatMap { index -> [Change] in
            let instance = census.fleet.instances[index]
            guard case .ended(let reason) = instance.process, isOnTrial(instance, census) else {
                return [.stop(instance.key)]
            }
            return instance.failureNoted
                ? [.stop(instance.key)]
                : [.noteFailure(instance.key, reason: reason), .stop(instance.key)]
        }
    }

    private func progress(_ census: Census) -> ProgressMark? {
        guard let best = census.fleet.rollout.progress else { return nil }
        let left = census.total - census.kept.count - census.aside.count
        // What is only being made may yet be refused.
        let placed = census.kept.count { census.fleet.instances[$0].process == .running }
        // Time that passed while the platform made nothing says nothing of the release: it gets its own.
        let isFresh = census.fleet.relented.map { $0 > best.at } ?? false
        guard
            isFresh || placed > best.placed || census.keptAvailable > best.available || left < best.left
        else { return nil }
        return ProgressMark(
            placed: max(best.placed, placed),
            available: max(best.available, census.keptAvailable),
            left: min(best.left, left),
            at: census.now
        )
    }

    private func completion(_ census: Census) -> [Change]? {
        let rollout = census.fleet.rollout
        if case .stopping(let reason) = rollout.phase {
            guard census.total == 0, !hasCustodyWork(census.fleet, now: census.now) else { return nil }
            guard hasCustodyLeft(census.fleet, now: census.now) else {
                return [.finish(.stopped(reason: reason))]
            }
            let stuck = "an instance that is debugged or in quarantine cannot be removed"
            return [.finish(.frozen(reason: "\(reason); stopping did not succeed: \(stuck)"))]
        }
        if rollout.progress == nil { return needsWork(census) ? [.startClock] : nil }
        if census.step != nil, let moves = steps(census) { return moves }
        guard census.isComplete, let target = rollout.target else { return nil }
        switch rollout.phase {
        case .rolling where census.wanted == 0, .baking where census.wanted == 0:
            // A fleet of none keeps nothing warm.
            return census.aside.isEmpty ? [.finish(.untried(target))] : nil
        case .rolling where census.fleet.policy.bake > .zero: return [.startBake]
        case .baking(let since) where bakeEnd(census, since) > census.now: return nil
        case .rolling, .baking:
            // What was kept for a way back goes first.
            return [.markStable(target), census.aside.isEmpty ? .finish(.stable(target)) : .endTrial]
        case .rollingBack(let reason): return [.finish(.rolledBack(to: target, reason: reason))]
        case .steady: return [.finish(.stable(target))]
        default: return nil
        }
    }

    /// When every instance was watched for the whole bake time, those too that came during it.
    private func bakeEnd(_ census: Census, _ since: Instant) -> Instant {
        census.kept.reduce(since) { latest, index in
            guard case .passing(let since) = census.fleet.instances[index].health else { return latest }
            return max(latest, since)
        }.advanced(by: census.fleet.policy.bake)
    }

    /// Whether a steady fleet has anything to do. Health that nobody knows yet is no reason.
    private func needsWork(_ census: Census) -> Bool {
        guard census.fleet.rollout.target != nil else { return census.total > 0 }
        if census.total != census.attainable || census.kept.count != census.attainable { return true }
        return census.kept.contains { index in
            let isRouted = !census.fleet.isBalanced || census.fleet.instances[index].traffic == .ready
            return !isRouted || census.conditions[index] > .unknown
        }
    }

    /// Of the target, or of the stable release where it is kept up beside the target.
    private func isOnTrial(_ instance: InstanceState, _ census: Census) -> Bool {
        isOfTarget(instance, census)
            || (census.step != nil && instance.release == census.fleet.rollout.stable
                && !instance.isCondemned)
    }

    func isOfTarget(_ instance: InstanceState, _ census: Census) -> Bool {
        instance.release == census.fleet.rollout.target && !instance.isCondemned
    }
}

extension RolloutState.Phase {
    /// Whether anything is decided in this phase.
    var isActive: Bool {
        switch self {
        case .steady, .rolling, .baking, .rollingBack, .stopping: true
        case .stopped, .frozen: false
        }
    }
}
