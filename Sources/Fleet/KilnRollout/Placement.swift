// Where new instances go.
extension RolloutPlanner {
    /// New instances, as many as the budget holds: of the target first, then of the stable release where that goes on
    /// beside it.
    func placements(_ census: Census) -> [Action] {
        guard let target = census.fleet.rollout.target, census.fleet.rollout.phase.isActive,
            !census.fleet.quarantined.contains(target),
            (census.fleet.refusal?.until ?? .zero) <= census.now
        else { return [] }
        let room = max(0, census.limit - census.total)
        let new = newSlots(of: target, census).prefix(room)
        let others = otherSlots(census).prefix(room - new.count)
        return new.map { .create(slot: $0, release: target) }
            + others.compactMap { slot in
                census.fleet.rollout.stable.map { .create(slot: slot, release: $0) }
            }
    }

    /// None while one of the target is unwell on trial: what is being found out about the first need not be found out
    /// about the rest.
    private func newSlots(of target: ReleaseKey, _ census: Census) -> ArraySlice<Int> {
        if census.isTrial, hasUnwell(of: target, census) { return [] }
        return freeSlots(census).prefix(max(0, census.targetWanted - census.kept.count))
    }

    /// What is missing of the stable release while the target takes its steps, and then, in the places of older ones, what is
    /// to be compared with it.
    private func otherSlots(_ census: Census) -> [Int] {
        guard let step = census.step, let stable = census.fleet.rollout.stable,
            !census.fleet.quarantined.contains(stable)
        else { return [] }
        let instances = census.fleet.instances
        let held = Set(census.held.map { instances[$0].slot })
        let taken = Set(census.kept.map { instances[$0].slot })
        let baseline = Set(
            census.held.filter { census.isBaseline(instances[$0]) }.map { instances[$0].slot }
        )
        let open = (0..<census.wanted).filter {
            backoffEnd(of: $0, stable, census.fleet.rollout.failures, now: census.now) == nil
        }
        let missing = open.filter { !held.contains($0) }
            .sorted { (taken.contains($0) ? 1 : 0, $0) < (taken.contains($1) ? 1 : 0, $1) }
            .prefix(step.others - census.held.count)
        let isWhole = census.held.count == step.others
        let short = census.baselineWanted - baseline.count
        guard isWhole, short > 0 else { return Array(missing) }
        return Array(
            open.filter { !baseline.contains($0) }
                .sorted { (held.contains($0) ? 1 : 0, $0) < (held.contains($1) ? 1 : 0, $1) }
                .prefix(short)
        )
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
                && backoffEnd(of: slot, nil, census.fleet.rollout.failures, now: census.now) == nil
        }
    }

    /// The places that are left empty for now since their instances of the target keep failing, and until when.
    package func backoffs(_ rollout: RolloutState, now: Instant) -> [Int: Instant] {
        Set(rollout.failures.map(\.slot)).reduce(into: [:]) { ends, slot in
            ends[slot] = backoffEnd(of: slot, nil, rollout.failures, now: now)
        }
    }

    /// When a slot whose instances (of the target, or of the stable release beside it) keep failing is filled again; nil: at
    /// once.
    package func backoffEnd(
        of slot: Int,
        _ release: ReleaseKey?,
        _ failures: [InstanceFailure],
        now: Instant
    ) -> Instant? {
        let recent = failures.filter {
            $0.slot == slot && $0.release == release && $0.at.advanced(by: .seconds(600)) > now
        }
        guard recent.count >= Self.failureLimit, let last = recent.last else { return nil }
        let doublings = min(recent.count - Self.failureLimit, 5)
        let end = last.at.advanced(by: .seconds(10 << doublings))
        return end > now ? end : nil
    }
}
