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
    /// Where the target is on the way to taking over; nil once it does, and when it is not on trial.
    let step: RolloutStep?
    /// The target gets no traffic yet, since others have it.
    let isStaged: Bool
    private(set) var conditions: [Condition] = []
    /// Of the target and to stay, one per slot.
    private(set) var kept: [Int] = []
    /// Of the stable release and to stay while the target takes its steps, one per slot.
    private(set) var held: [Int] = []
    /// Of the stable release and kept for a way back, without traffic.
    private(set) var aside: [Int] = []
    /// To be replaced or removed.
    private(set) var surplus: [Int] = []
    private(set) var lost: [Int] = []
    private(set) var keptAvailable = 0
    private(set) var heldAvailable = 0

    /// The target's failures end the rollout, where in a healing fleet they are replaced.
    var isTrial: Bool { fleet.rollout.phase.isTrial }

    /// Everything that exists, with what is ending: it still holds memory, ports and volumes. What a person looks at is nobody's.
    var total: Int { fleet.instances.count { !$0.isTaken } }
    /// Places whose volume is held by an instance that a person looks at: nothing can be made there meanwhile.
    var blocked: Int {
        guard fleet.policy.isExclusive else { return 0 }
        return Set(fleet.instances.filter { $0.isTaken && $0.slot < wanted }.map(\.slot)).count
    }
    /// How many there can be. A release is not stable with fewer than are wanted.
    var attainable: Int { isTrial ? wanted : wanted - blocked }
    var keptUnavailable: Int { kept.count - keptAvailable }
    var isComplete: Bool {
        step == nil && kept.count == attainable && keptAvailable == attainable
            && total - aside.count == attainable
    }
    /// How many of the target there shall be for now.
    var targetWanted: Int { step?.instances ?? attainable }
    var hasStepInstances: Bool { kept.count == targetWanted && keptAvailable == targetWanted }
    /// Whether the stable release is there as the step says, and nothing is left that goes.
    var isRestWhole: Bool {
        heldAvailable >= step?.others ?? 0 && total == kept.count + held.count + aside.count
    }
    /// Most instances that there may be, with what is ending.
    var limit: Int {
        // The whole new set of a blue-green rollout stands where the old one will be kept.
        wanted + budget.surge + (step?.share == 0 ? fleet.policy.warm(for: wanted) : aside.count)
    }
    /// How many more may be kept warm. While a whole new set comes up it has their room.
    var warmRoom: Int { step?.share == 0 ? 0 : fleet.policy.warm(for: wanted) - aside.count }
    /// How many of the stable release start with the target, to be compared with it.
    var baselineWanted: Int {
        guard let step, steps.contains(where: \.analyzes) else { return 0 }
        return min(steps.first?.instances ?? 0, step.others)
    }
    private let steps: [RolloutStep]

    init(_ fleet: FleetState, now: Instant) {
        self.fleet = fleet
        self.now = now
        if case .stopping = fleet.rollout.phase { wanted = 0 } else { wanted = max(0, fleet.wanted) }
        budget = fleet.policy.budget(for: wanted)
        steps = Self.steps(fleet, wanted)
        step = fleet.rollout.stage.flatMap { [steps] in $0.step < steps.count ? steps[$0.step] : nil }
        isStaged =
            step?.share == 0 && fleet.isBalanced
            && fleet.instances.contains {
                $0.release != fleet.rollout.target && $0.traffic == .ready && !$0.isStopping && !$0.isTaken
            }
        conditions.reserveCapacity(fleet.instances.count)
        for index in fleet.instances.indices { sort(index) }
        keepOnePerSlot()
        holdOthers()
        keptAvailable = kept.count { conditions[$0] == .available }
        heldAvailable = held.count { conditions[$0] == .available }
    }

    /// Without a stable release there is nothing to compare with, or to go back to.
    private static func steps(_ fleet: FleetState, _ wanted: Int) -> [RolloutStep] {
        guard fleet.rollout.phase == .rolling, let stable = fleet.rollout.stable,
            stable != fleet.rollout.target
        else { return [] }
        return fleet.policy.steps(for: wanted, isBalanced: fleet.isBalanced)
    }

    private mutating func sort(_ index: Int) {
        let instance = fleet.instances[index]
        let condition = condition(of: instance)
        conditions.append(condition)
        if instance.isStopping || instance.isTaken { return }
        if condition == .lost {
            lost.append(index)
        } else if isToStay(instance, condition) {
            kept.append(index)
        } else if isAside(instance), condition < .faltering {
            aside.append(index)
        } else if mayHold(instance, condition) {
            held.append(index)
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

    /// Whether it has requests, or had, that are the old set's again: it came up before that one did, as after a reboot.
    func isWithdrawn(_ instance: InstanceState) -> Bool {
        isStaged && instance.release == fleet.rollout.target && instance.traffic != .none
            && heldAvailable >= max(1, wanted - budget.unavailable)
    }

    /// Whether it is of the set that gets its traffic all at once, later.
    func isWaiting(_ instance: InstanceState) -> Bool {
        isStaged && instance.release == fleet.rollout.target && instance.traffic == .none
    }

    /// Whether it is kept warm by this rollout, and not by an earlier one.
    func isAside(_ instance: InstanceState) -> Bool {
        isTrial && instance.asideIn == fleet.rollout.generation && instance.release == fleet.rollout.stable
            && instance.release != fleet.rollout.target && !instance.isCondemned
    }

    private func mayHold(_ instance: InstanceState, _ condition: Condition) -> Bool {
        guard let step, step.others > 0, instance.release == fleet.rollout.stable, !instance.isCondemned
        else { return false }
        return instance.slot < wanted && condition != .unseen && condition < .unhealthy
    }

    /// Whether it came with the target, to be compared with it.
    func isBaseline(_ instance: InstanceState) -> Bool {
        instance.madeIn == fleet.rollout.generation && instance.release == fleet.rollout.stable
    }

    /// Those that came with the target first, whatever their condition: they are to be compared with it.
    private mutating func holdOthers() {
        let covered = Set(kept.map { fleet.instances[$0].slot })
        func rank(_ index: Int) -> (Int, Int, Int, Int) {
            let instance = fleet.instances[index]
            return (
                isBaseline(instance) ? 0 : 1, conditions[index].rawValue,
                covered.contains(instance.slot) ? 1 : 0, instance.slot
            )
        }
        var slots: Set<Int> = []
        let candidates = held.sorted { rank($0) < rank($1) }
        held = []
        for index in candidates {
            if held.count < step?.others ?? 0, slots.insert(fleet.instances[index].slot).inserted {
                held.append(index)
            } else {
                surplus.append(index)
            }
        }
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
        // A step may want fewer than there are.
        let best = chosen.compactMap { $0 }.sorted { conditions[$0] < conditions[$1] }
        kept = best.prefix(targetWanted).sorted { fleet.instances[$0].slot < fleet.instances[$1].slot }
        surplus += best.dropFirst(targetWanted)
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
            // What was set aside and is wanted again may be losing its traffic at this moment.
            if instance.asideIn != nil, instance.isBusy, !isAside(instance) { return .unknown }
            let hasTraffic = !fleet.isBalanced || instance.traffic == .ready || isWaiting(instance)
            let isProven = fleet.availableFrom(instance, passingSince: since) <= now
            return hasTraffic && isProven ? .available : .settling
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
