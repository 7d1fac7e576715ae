// Where new instances go.
extension RolloutPlanner {
    /// New instances of the target, as many as the budget holds. None while one of the target is unwell on trial:
    /// what is being found out about the first need not be found out about the rest.
    func placements(_ census: Census) -> [Action] {
        guard let target = census.fleet.rollout.target, census.fleet.rollout.phase.isActive,
            !census.fleet.quarantined.contains(target),
            (census.fleet.refusal?.until ?? .zero) <= census.now,
            !(census.isTrial && hasUnwell(of: target, census))
        else { return [] }
        let room = min(
            census.wanted + census.budget.surge - census.total,
            census.wanted - census.kept.count
        )
        guard room > 0 else { return [] }
        return freeSlots(census).prefix(room).map { .create(slot: $0, release: target) }
    }

    private func hasUnwell(of target: ReleaseKey, _ census: Census) -> Bool {
        census.fleet.instances.indices.contains { index in
            let instance = census.fleet.instances[index]
            guard instance.release == target, !instance.isCondemned else { return false }
            return instance.isStopping ? instance.failureNoted : census.conditions[index] > .unknown
        }
    }

    private func freeSlots(_ census: Census) -> [Int] {
        let instances = census.fleet.instances
        let held =
            census.fleet.policy.isExclusive
            ? Set(instances.map(\.slot))
            : Set(census.kept.map { instances[$0].slot })
        return (0..<census.wanted).filter { slot in
            !held.contains(slot)
                && backoffEnd(of: slot, census.fleet.rollout.failures, now: census.now) == nil
        }
    }

    /// When a slot whose instances keep failing is filled again; nil: at once.
    func backoffEnd(of slot: Int, _ failures: [InstanceFailure], now: Instant) -> Instant? {
        let recent = failures.filter { $0.slot == slot && $0.at.advanced(by: .seconds(600)) > now }
        guard recent.count >= Self.failureLimit, let last = recent.last else { return nil }
        let doublings = min(recent.count - Self.failureLimit, 5)
        let end = last.at.advanced(by: .seconds(10 << doublings))
        return end > now ? end : nil
    }
}
