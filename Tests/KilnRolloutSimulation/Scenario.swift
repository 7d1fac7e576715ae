import KilnRollout

/// One trace, as data: what the fleet is, and what happens to it. Built from a seed, or cut down by hand.
package struct Scenario: Sendable, CustomStringConvertible {
    /// How the instances of a release behave.
    package enum Behaviour: Sendable, CaseIterable {
        case good
        case slow
        case neverHealthy
        case exitsAtStart
        /// Well at first, then failing, always before a bake time is over.
        case failsLater
        /// Healthy, and worse than the stable release to those who compare.
        case worse
        /// Healthy, and nobody can say how it compares.
        case unclear

        var isGood: Bool { self == .good || self == .slow }

        var isHealthy: Bool {
            switch self {
            case .good, .slow, .worse, .unclear: true
            case .neverHealthy, .exitsAtStart, .failsLater: false
            }
        }
    }

    /// How far those who compare releases can be trusted.
    package enum Measuring: Sendable, CaseIterable {
        case exact
        /// Right, and later.
        case late
        /// Nothing is known for a while, then that nothing can be.
        case missing
        /// Anything may be said, of any release, and something else a little later.
        case erratic
    }

    package enum Event: Sendable {
        /// Kills the instance with this number among those that run.
        case kill(Int)
        /// Its health check fails for so many seconds.
        case flap(Int, Int)
        case condemn(Int)
        /// A person looks at it for so many seconds: at once, or when others serve in its place.
        case debug(Int, Int, awaits: Bool)
        /// All that run, at one moment.
        case condemnAll
        case scale(Int)
        /// The index of a behaviour in `releases`.
        case deploy(Int)
        /// The same, whether it is quarantined or not.
        case force(Int)
        /// The driver dies; another comes after so many seconds.
        case crash(Int)
        case pause(Int)
        /// The same, with no healing either, in whatever phase the fleet is.
        case freeze(Int)
        case promote
        case promoteFully
        case abort
        /// Back to the release with this index, if it was stable before.
        case rollback(Int)
        /// Everything ends; a driver comes after so many seconds.
        case reboot(Int)
        /// The platform makes nothing for so many seconds.
        case refuse(Int)
        /// The platform cannot be looked at for so many seconds.
        case blind(Int)
        /// The process of a serving instance is not to be seen for so many seconds.
        case obscure(Int, Int)
        /// The driver dies, and what was written down of instances is lost; another comes after so many seconds.
        case forget(Int)
    }

    package struct Fault: Sendable {
        /// Milliseconds.
        let at: Int
        let event: Event
    }

    package let seed: UInt64
    var wanted: Int
    var surge: Int
    var unavailable: Int
    var keepWarm = 0
    var strategy = Strategy.rolling
    var isExclusive = false
    var isBalanced = true
    var bake = 10
    var freezes = false
    var measuring = Measuring.exact
    /// Releases that something is done for which the stable one may not bear, by index.
    var irreversible: Set<Int> = []
    /// Of a hundred calls of the platform so many fail, with or without having had their effect.
    var lossPercent = 0
    var releases: [Behaviour] = [.good]
    var faults: [Fault] = []
    /// The driver dies at its nth write: before it for an odd number, after it for an even one.
    var crashWrites: [Int] = []

    /// Nothing dies, flaps or is lost, and nobody changes what is wanted: true availability can be held to account.
    var isCalm: Bool {
        measuring != .erratic && lossPercent == 0 && crashWrites.isEmpty && releases.allSatisfy(\.isHealthy)
            && faults.allSatisfy { if case .deploy = $0.event { true } else { false } }
    }

    /// The driver dies, the platform refuses, people change their minds: no instance is ever unwell by itself.
    var hurtsNothing: Bool {
        lossPercent == 0 && measuring != .erratic
            && faults.allSatisfy {
                switch $0.event {
                case .kill, .flap: false
                default: true
                }
            }
    }

    static let faultSeconds = 120

    package init(seed: UInt64) {
        var dice = Dice(seed)
        self.seed = seed
        wanted = 1 + dice.below(4)
        surge = dice.below(3)
        unavailable = dice.below(3)
        if surge == 0, unavailable == 0 { surge = 1 }
        isExclusive = dice.chance(8)
        isBalanced = !dice.chance(12)
        bake = dice.chance(25) ? 0 : 10
        freezes = dice.chance(10)
        if dice.chance(25) { keepWarm = 1 + dice.below(3) }
        strategy = Self.strategy(&dice)
        // Dice of their own: what else a seed gives stays as it was.
        var others = Dice(seed, 3000, 0)
        for index in 1...3 where others.chance(10) { irreversible.insert(index) }
        if others.chance(50) { measuring = Measuring.allCases[others.below(Measuring.allCases.count)] }
        if dice.chance(15) {
            releases = [.good, .slow, .good]
            faults = [Self.deploy(1, &dice), Self.deploy(2, &dice)]
            return
        }
        if dice.chance(5) {
            // An instance dies while nothing can be made, for longer than anybody waits.
            faults = [
                Fault(at: 60_000, event: .refuse(50 + dice.below(50))), Fault(at: 61_000, event: .kill(0)),
            ]
            return
        }
        lossPercent = dice.chance(50) ? dice.below(20) : 0
        for _ in 0..<(1 + dice.below(3)) { releases.append(Self.behaviour(&dice, bakes: bake > 0)) }
        for index in releases.indices.dropFirst() { faults.append(Self.deploy(index, &dice)) }
        for _ in 0..<dice.below(5) { faults.append(Self.fault(&dice)) }
        if dice.chance(40) { crashWrites = (0..<(1 + dice.below(3))).map { _ in 1 + dice.below(40) } }
        if dice.chance(10) { releases[0] = Self.behaviour(&dice, bakes: bake > 0) }
        // Dice of their own leave what the other throws make of a seed as it is.
        var late = Dice(seed, 3000, 1)
        if late.chance(8) { faults.append(Self.late(.reboot(1 + late.below(20)), &late)) }
        if late.chance(12) { faults.append(Self.late(.rollback(late.below(releases.count)), &late)) }
    }

    private static func late(_ event: Event, _ dice: inout Dice) -> Fault {
        Fault(at: 1000 * (20 + dice.below(faultSeconds - 20)) + dice.below(1000), event: event)
    }

    private static func deploy(_ index: Int, _ dice: inout Dice) -> Fault {
        Fault(at: 1000 * (5 + dice.below(faultSeconds - 5)) + dice.below(1000), event: .deploy(index))
    }

    private static func behaviour(_ dice: inout Dice, bakes: Bool) -> Behaviour {
        let all = Behaviour.allCases.filter { bakes || $0 != .failsLater }
        return dice.chance(40) ? .good : all[dice.below(all.count)]
    }

    private static func fault(_ dice: inout Dice) -> Fault {
        let event: Event =
            switch dice.below(24) {
            case 0, 1, 2: .kill(dice.below(8))
            case 3: .flap(dice.below(8), 2 + dice.below(40))
            case 4: .condemn(dice.below(8))
            case 5: .scale(dice.below(6))
            case 6, 7: .crash(1 + dice.below(40))
            case 8: .pause(1 + dice.below(40))
            case 9: .refuse(1 + dice.below(100))
            case 10: .condemnAll
            case 11: .force(dice.below(4))
            case 12: .blind(1 + dice.below(90))
            case 15: .freeze(1 + dice.below(30))
            case 16, 17: .promote
            case 18: .promoteFully
            case 19: .abort
            case 20, 21, 22: .debug(dice.below(8), 1 + dice.below(60), awaits: dice.chance(40))
            case 13, 14: .obscure(dice.below(8), 1 + dice.below(40))
            default: .forget(1 + dice.below(20))
            }
        return Fault(at: 1000 * dice.below(faultSeconds) + dice.below(1000), event: event)
    }

    private static func strategy(_ dice: inout Dice) -> Strategy {
        switch dice.below(5) {
        case 0, 1: return .rolling
        case 2: return .blueGreen(isManual: dice.chance(30))
        default:
            var weight = 0
            let steps = (0..<(1 + dice.below(3))).map { _ in
                weight += 1 + dice.below(34)
                return CanaryStep(
                    weight: min(weight, 100),
                    pause: dice.chance(20) ? .manual : .time(.seconds(dice.below(20))),
                    analysis: dice.chance(50) ? Analysis() : nil
                )
            }
            return .canary(steps)
        }
    }

    /// Whether every release must be compared with the stable one before it takes over.
    var alwaysCompares: Bool {
        guard case .canary(let steps) = strategy, isBalanced, !isExclusive else { return false }
        return steps.contains { $0.analysis != nil }
    }

    func policy() throws -> RolloutPolicy {
        try RolloutPolicy(
            strategy: strategy,
            surge: .count(surge),
            unavailable: .count(unavailable),
            keepWarm: .count(keepWarm),
            isExclusive: isExclusive,
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
        seed \(seed): \(wanted) wanted, surge \(surge), unavailable \(unavailable), warm \(keepWarm), \(strategy)\(isExclusive ? ", exclusive" : "")\
        \(isBalanced ? "" : ", unbalanced"), \(measuring) measuring, bake \(bake) s, \(lossPercent) % lost, releases \(releases), irreversible \(irreversible.sorted()), \
        crashes at writes \(crashWrites)
        \(faults.map { "  at \($0.at) ms: \($0.event)" }.joined(separator: "\n"))
        """
    }
}
