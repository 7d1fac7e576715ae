// Which instances go, and how each leaves.
extension RolloutPlanner {
    /// Instances whose removal may begin now: the unwell first, then what is available as far as enough others are.
    ///
    /// Stopping what is unwell never lowers what is available, so a fleet that is below its minimum when a rollout
    /// begins can be repaired by it; they are bound by the budget all the same, because they may recover. Nothing with
    /// traffic is chosen before its health is known.
    func removals(_ census: Census) -> [Change] {
        let excess = census.aside.dropFirst(census.fleet.policy.warm(for: census.wanted))
        if !excess.isEmpty { return excess.flatMap { stop($0, census) } }
        guard census.wanted > 0 else { return census.surplus.flatMap { stop($0, census) } }
        // What waits for the switch serves nobody.
        let waiting = census.surplus.filter { census.isWaiting(census.fleet.instances[$0]) }
        if !waiting.isEmpty { return waiting.flatMap { stop($0, census) } }
        let undetermined = census.surplus.count { census.conditions[$0] == .unknown }
        let least = census.wanted - census.budget.unavailable
        let staying = (census.isStaged ? 0 : census.keptAvailable) + census.heldAvailable
        let room = staying + census.surplus.count - undetermined - least
        let unwell = census.surplus
            .filter { census.conditions[$0] != .available && census.conditions[$0] != .unknown }
            .sorted { isWorse($0, than: $1, census) }
        let leaving = unwell.prefix(max(room, makesRoom(unwell.first, census) ? 1 : 0, 0))
        let well = replaceable(census).prefix(max(0, room - unwell.count))
        return leave(Array(leaving) + well, census)
    }

    /// Of what is well, as many as are kept warm go only out of traffic.
    private func leave(_ indices: [Int], _ census: Census) -> [Change] {
        var room = census.warmRoom
        return indices.flatMap { index -> [Change] in
            let instance = census.fleet.instances[index]
            guard room > 0, census.conditions[index] <= .settling, mayStayWarm(instance, census) else {
                return stop(index, census)
            }
            room -= 1
            return [.setAside(instance.key)]
        }
    }

    private func mayStayWarm(_ instance: InstanceState, _ census: Census) -> Bool {
        census.isTrial && census.fleet.isBalanced && !instance.isCondemned
            && instance.release == census.fleet.rollout.stable && !isOfTarget(instance, census)
    }

    /// What never serves before what may, then what surely doesn't before what perhaps does, then the worse before the
    /// better.
    private func isWorse(_ left: Int, than right: Int, _ census: Census) -> Bool {
        func rank(_ index: Int) -> (Int, Int, Int) {
            let condition = census.conditions[index]
            let hasTraffic = !census.fleet.isBalanced || census.fleet.instances[index].traffic == .ready
            return (
                mayEverServe(index, census) ? 1 : 0, hasTraffic && condition < .faltering ? 1 : 0,
                -condition.rawValue
            )
        }
        return rank(left) < rank(right)
    }

    /// Whether it has traffic or may get it: what is condemned or quarantined without any does not recover.
    private func mayEverServe(_ index: Int, _ census: Census) -> Bool {
        let instance = census.fleet.instances[index]
        return !census.fleet.isBalanced || instance.traffic == .ready || mayServe(instance, census)
    }

    /// Whether the worst of the unwell gives its place to an instance that the platform had no room for.
    private func makesRoom(_ worst: Int?, _ census: Census) -> Bool {
        guard let worst, census.fleet.refusal != nil, census.kept.count < census.targetWanted,
            census.total >= census.wanted
        else {
            return false
        }
        let isLost = census.conditions[worst] >= .unhealthy || !mayEverServe(worst, census)
        return isLost && !census.fleet.instances.contains(where: \.isStopping)
    }

    /// Available instances that may go: those of a failed release first, then the oldest release, and among equals
    /// those whose replacement is there.
    private func replaceable(_ census: Census) -> [Int] {
        let instances = census.fleet.instances
        let covered = Set(
            census.kept.filter { census.conditions[$0] == .available }.map { instances[$0].slot }
        )
        func rank(_ index: Int) -> (Int, Int, Int, Int) {
            let instance = instances[index]
            return (
                census.fleet.quarantined.contains(instance.release) ? 0 : 1, instance.release.number,
                covered.contains(instance.slot) ? 0 : 1, -instance.slot
            )
        }
        let available = census.surplus.filter { census.conditions[$0] == .available }
        // What only drifted still serves: its replacement comes first wherever there is room for both.
        let free = available.filter { index in
            let instance = instances[index]
            return !instance.isCondemned || instance.slot >= census.wanted || covered.contains(instance.slot)
        }
        return (free.isEmpty && !canWait(census) ? available : free).sorted { rank($0) < rank($1) }
    }

    /// Whether a replacement may come, or is coming, before what it replaces goes.
    private func canWait(_ census: Census) -> Bool {
        guard census.budget.surge > 0, census.fleet.refusal == nil else { return false }
        return census.total < census.limit || census.keptUnavailable > 0
            || census.fleet.instances.contains(where: \.isStopping)
    }

    private func stop(_ index: Int, _ census: Census) -> [Change] {
        let instance = census.fleet.instances[index]
        if isToBeTaken(instance, now: census.now), census.fleet.rollout.target != nil {
            return [.take(instance.key)]
        }
        guard case .failing(_, let reason) = instance.health, isOfTarget(instance, census),
            !instance.failureNoted, census.conditions[index] >= .unhealthy
        else { return [.stop(instance.key)] }
        return [.noteFailure(instance.key, reason: reason), .stop(instance.key)]
    }

    /// The next step of each instance that is free: towards traffic when it is well, out of it when it is not, and
    /// for one that goes: drained, acknowledged, detached, destroyed. A frozen fleet is left as it is.
    func traffic(_ census: Census) -> [Action] {
        let weights = Weights(census)
        return census.fleet.instances.indices.compactMap { index in
            let instance = census.fleet.instances[index]
            if instance.isBusy { return nil }
            if instance.isTaken { return leave(taken: instance, census.fleet, now: census.now) }
            if instance.isStopping { return leave(instance, census) }
            guard census.fleet.rollout.phase.isActive, census.fleet.isBalanced, instance.process == .running
            else { return nil }
            if census.isAside(instance) { return instance.traffic == .none ? nil : leave(instance, census) }
            if census.isWithdrawn(instance) { return leave(instance, census) }
            if census.isWaiting(instance) { return nil }
            let weight = weights.of(instance, census)
            switch (instance.health, instance.traffic) {
            case (.passing, .none), (.passing, .draining):
                return mayServe(instance, census) ? .route(instance.key, weight: weight) : nil
            case (.passing, .ready) where weight != instance.weight:
                return mayServe(instance, census) ? .route(instance.key, weight: weight) : nil
            case (.failing, .ready): return .drain(instance.key)
            default: return nil
            }
        }
    }

    /// A release that is neither wanted nor was stable was given up: what serves of it goes in its turn, and nothing more
    /// of it is let in.
    private func mayServe(_ instance: InstanceState, _ census: Census) -> Bool {
        let isGivenUp =
            !isOfTarget(instance, census) && instance.release != census.fleet.rollout.stable
            && instance.traffic == .none
        return census.wanted > 0 && !instance.isCondemned && !isGivenUp
            && !census.fleet.quarantined.contains(instance.release)
    }

    private func leave(_ instance: InstanceState, _ census: Census) -> Action? {
        leave(instance, drain: census.fleet.policy.drain, now: census.now)
    }

    /// Drained, acknowledged, detached, destroyed.
    func leave(_ instance: InstanceState, drain: Duration, now: Instant) -> Action? {
        switch instance.traffic {
        case .none: return .destroy(instance.key)
        case .ready where !instance.process.hasEnded: return .drain(instance.key)
        case .draining(let sessions, let since)
        where sessions > 0 && !instance.process.hasEnded
            && since.advanced(by: drain) > now:
            return nil
        default: return .detach(instance.key)
        }
    }
}
