/// The fleet's instances, sorted by what they mean to the rollout. Lists hold indices into `fleet.instances`.
struct Census {
    /// How an instance does that runs or is about to, worst last.
    enum Condition: Int, Comparable {
        case available
        /// Passes its health check, but not for long enough, or gets no traffic yet.
        case settling
        case starting
        /// Has traffic or answered before, and is not seen to run: perhaps it does, so it goes only when others serve in its
        /// place.
        case unseen
        /// Was well before this driver came, or may have been, and has not answered it yet.
        case unknown
        /// Never passed, and fails: it may still be coming up.
        case faltering
        /// Passed once, and fails now.
        case unhealthy
        /// Not well for longer than the healthy deadline.
        case overdue
        /// Ended, or was never wholly made.
        case lost

        static func < (left: Condition, right: Condition) -> Bool { left.rawValue < right.rawValue }
    }

    let fleet: FleetState
    let now: Instant
    let wanted: Int
    let budget: Budget
    private(set) var conditions: [Condition] = []
    /// Of the target and to stay, one per slot.
    private(set) var kept: [Int] = []
    /// To be replaced or removed.
    private(set) var surplus: [Int] = []
    private(set) var lost: [Int] = []
    private(set) var available = 0
    private(set) var keptAvailable = 0

    /// The target's failures end the rollout, where in a healing fleet they are replaced.
    var isTrial: Bool {
        switch fleet.rollout.phase {
        case .rolling, .baking: true
        default: false
        }
    }

    /// Everything that exists, with what is ending: it still holds memory, ports and volumes.
    var total: Int { fleet.instances.count }
    var keptUnavailable: Int { kept.count - keptAvailable }
    var isComplete: Bool { kept.count == wanted && keptAvailable == wanted && total == wanted }

    init(_ fleet: FleetState, now: Instant) {
        self.fleet = fleet
        self.now = now
        if case .stopping = fleet.rollout.phase { wanted = 0 } else { wanted = max(0, fleet.wanted) }
        budget = fleet.policy.budget(for: wanted)
        conditions.reserveCapacity(fleet.instances.count)
        for index in fleet.instances.indices { sort(index) }
        keepOnePerSlot()
        for index in kept where conditions[index] == .available { keptAvailable += 1 }
        for index in surplus where conditions[index] == .available { available += 1 }
        available += keptAvailable
    }

    private mutating func sort(_ index: Int) {
        let instance = fleet.instances[index]
        let condition = condition(of: instance)
        conditions.append(condition)
        if instance.isStopping { return }
        if condition == .lost {
            lost.append(index)
        } else if isToStay(instance, condition) {
            kept.append(index)
        } else {
            surplus.append(index)
        }
    }

    private func isToStay(_ instance: InstanceState, _ condition: Condition) -> Bool {
        guard instance.release == fleet.rollout.target, !instance.isCondemned, instance.slot < wanted else {
            return false
        }
        return condition != .unseen && (isTrial || condition < .unhealthy)
    }

    private mutating func keepOnePerSlot() {
        var chosen: [Int?] = Array(repeating: nil, count: wanted)
        for index in kept {
            let slot = fleet.instances[index].slot
            guard let other = chosen[slot] else {
                chosen[slot] = index
                continue
            }
            let better = conditions[index] < conditions[other]
            chosen[slot] = better ? index : other
            surplus.append(better ? other : index)
        }
        kept = chosen.compactMap { $0 }
    }

    private func condition(of instance: InstanceState) -> Condition {
        switch instance.process {
        case .ended, .refused: return .lost
        case .planned where instance.isBusy: return .starting
        case .planned: return instance.traffic == .none && instance.health == .unknown ? .lost : .unseen
        case .running: break
        }
        let deadline = fleet.policy.healthyDeadline
        switch instance.health {
        case .passing(let since):
            let hasTraffic = !fleet.isBalanced || instance.traffic == .ready
            return hasTraffic && since.advanced(by: fleet.policy.minHealthy) <= now ? .available : .settling
        case .failing(let since, _) where instance.wasHealthy:
            return since.advanced(by: deadline) <= now ? .overdue : .unhealthy
        case .failing:
            return instance.watchedSince.advanced(by: deadline) <= now ? .overdue : .faltering
        case .unknown:
            if instance.watchedSince.advanced(by: deadline) <= now { return .overdue }
            // Nothing tells of a worker whether it was well.
            return instance.wasHealthy || !fleet.isBalanced ? .unknown : .starting
        }
    }
}
