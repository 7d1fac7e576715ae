import KilnRollout

/// One trace of a fleet whose steps an engine decides, as data.
package struct TargetScenario: Sendable, CustomStringConvertible {
    package enum Engine: Sendable, CaseIterable {
        case deployment
        case refresh
        case refreshWithAlarm
    }

    package enum Event: Sendable {
        case kill(Int)
        case scale(Int)
        case deploy(Int)
        /// The same, whether it is quarantined or not.
        case force(Int)
        case condemn(Int)
        /// The driver dies; another comes after so many seconds.
        case crash(Int)
        case pause(Int)
        case freeze(Int)
        case abort
        /// The engine can make no instances for so many seconds.
        case noRoom(Int)
        /// The engine cannot be looked at for so many seconds.
        case blind(Int)
        /// The engine refuses every call for so many seconds.
        case throttle(Int)
    }

    package struct Fault: Sendable {
        let second: Int
        let event: Event
    }

    package let seed: UInt64
    package var engine: Engine
    var wanted: Int
    var surge: Int
    var unavailable: Int
    var bake: Int
    var freezes: Bool
    /// Of a hundred calls so many are reported as failed, with, without, or with a late effect.
    var lossPercent = 0
    /// A look shows the engine as it was so many seconds ago.
    var staleness = 0
    var releases: [EngineBehaviour] = [.good]
    var faults: [Fault] = []
    /// The driver dies at its nth write or call: before it for an odd number, after it for an even one.
    var crashes: [Int] = []

    static let faultSeconds = 150

    package init(seed: UInt64) {
        var dice = Dice(seed, 5000, 0)
        self.seed = seed
        engine = Engine.allCases[dice.below(Engine.allCases.count)]
        wanted = 1 + dice.below(5)
        surge = dice.below(3)
        unavailable = dice.below(2)
        if surge == 0, unavailable == 0 { surge = 1 }
        bake = dice.chance(25) ? 0 : 10
        freezes = dice.chance(10)
        staleness = dice.below(3)
        if dice.chance(40) { lossPercent = dice.below(25) }
        let behaviours = EngineBehaviour.allCases.filter { bake > 0 || $0 != .failsLater }
        for index in 1...(1 + dice.below(3)) {
            releases.append(dice.chance(40) ? .good : behaviours[dice.below(behaviours.count)])
            faults.append(Fault(second: 10 + dice.below(Self.faultSeconds - 10), event: .deploy(index)))
        }
        for _ in 0..<dice.below(5) { faults.append(Self.fault(&dice)) }
        if dice.chance(40) { crashes = (0..<(1 + dice.below(3))).map { _ in 1 + dice.below(30) } }
        if dice.chance(10) { releases[0] = behaviours[dice.below(behaviours.count)] }
    }

    private static func fault(_ dice: inout Dice) -> Fault {
        let event: Event =
            switch dice.below(14) {
            case 0, 1: .kill(dice.below(8))
            case 2: .scale(dice.below(7))
            case 3: .force(1 + dice.below(3))
            case 4: .condemn(dice.below(8))
            case 5, 6: .crash(1 + dice.below(40))
            case 7: .pause(1 + dice.below(40))
            case 8: .freeze(1 + dice.below(40))
            case 9, 10: .abort
            case 11: .noRoom(1 + dice.below(100))
            case 12: .blind(1 + dice.below(90))
            default: .throttle(1 + dice.below(90))
            }
        return Fault(second: dice.below(faultSeconds), event: event)
    }

    /// No instance is ever unwell by itself.
    var hurtsNothing: Bool {
        faults.allSatisfy { if case .kill = $0.event { false } else { true } }
    }

    func policy() throws -> RolloutPolicy {
        try RolloutPolicy(
            surge: .count(surge),
            unavailable: .count(unavailable),
            minHealthy: .seconds(2),
            healthyDeadline: .seconds(20),
            progressDeadline: .seconds(60),
            drain: .seconds(5),
            bake: .seconds(bake),
            onFailure: freezes ? .freeze : .rollback
        )
    }

    package var description: String {
        """
        seed \(seed): \(engine), \(wanted) wanted, surge \(surge), unavailable \(unavailable), bake \(bake) s\
        \(freezes ? ", freezes" : ""), \(lossPercent) % lost, looks \(staleness) s old, releases \(releases), \
        crashes at \(crashes)
        \(faults.sorted { $0.second < $1.second }.map { "  at \($0.second) s: \($0.event)" }.joined(separator: "\n"))
        """
    }
}
