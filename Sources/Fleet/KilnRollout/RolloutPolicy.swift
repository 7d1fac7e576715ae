/// How a fleet may be rolled: how far above and below its wanted size, and how long things may take.
package struct RolloutPolicy: Sendable, Hashable {
    package enum Share: Sendable, Hashable {
        case count(Int)
        case percent(Int)

        fileprivate var isZero: Bool {
            switch self {
            case .count(let count): count <= 0
            case .percent(let percent): percent <= 0
            }
        }

        fileprivate func of(_ wanted: Int, roundingUp: Bool) -> Int {
            switch self {
            case .count(let count): max(0, count)
            case .percent(let percent): max(0, (wanted * percent + (roundingUp ? 99 : 0)) / 100)
            }
        }
    }

    package enum OnFailure: Sendable, Hashable {
        case rollback
        case freeze
    }

    package let strategy: Strategy
    package let surge: Share
    package let unavailable: Share
    /// Instances of the stable release that stay, without traffic, until the new one is stable too: room of its own, beside
    /// the surge.
    package let keepWarm: Share
    /// A volume that one instance at a time may hold: the old one is gone before the new one is made.
    package let isExclusive: Bool
    package let minHealthy: Duration
    package let healthyDeadline: Duration
    package let progressDeadline: Duration
    package let drain: Duration
    package let bake: Duration
    package let onFailure: OnFailure

    /// `grace` is how long an instance may take to end once it is told to.
    package init(
        strategy: Strategy = .rolling,
        surge: Share = .percent(25),
        unavailable: Share = .count(0),
        keepWarm: Share = .count(0),
        isExclusive: Bool = false,
        minHealthy: Duration = .seconds(10),
        healthyDeadline: Duration = .seconds(300),
        progressDeadline: Duration = .seconds(600),
        drain: Duration = .seconds(30),
        grace: Duration = .zero,
        bake: Duration = .seconds(60),
        onFailure: OnFailure = .rollback
    ) throws(PolicyError) {
        guard isExclusive || !surge.isZero || !unavailable.isZero else { throw .noBudget }
        guard minHealthy < healthyDeadline else { throw .minHealthyPastHealthyDeadline }
        guard healthyDeadline < progressDeadline else { throw .healthyDeadlinePastProgressDeadline }
        guard drain + grace < progressDeadline else { throw .leavingPastProgressDeadline }
        if case .canary(let steps) = strategy {
            let weights = steps.map(\.weight)
            guard zip(weights, weights.dropFirst()).allSatisfy({ $0 < $1 }),
                weights.allSatisfy({ (1...100).contains($0) })
            else { throw .stepsNotAscending }
        }
        self.strategy = strategy
        self.surge = surge
        self.unavailable = unavailable
        self.keepWarm = keepWarm
        self.isExclusive = isExclusive
        self.minHealthy = minHealthy
        self.healthyDeadline = healthyDeadline
        self.progressDeadline = progressDeadline
        self.drain = drain
        self.bake = bake
        self.onFailure = onFailure
    }

    /// The shares in instances. A surge rounds up, what may be missing rounds down; when rounding leaves neither, one
    /// may be surged, because an outage is worse than a little more room for a while.
    package func budget(for wanted: Int) -> Budget {
        let missing = min(wanted, unavailable.of(wanted, roundingUp: false))
        if isExclusive { return Budget(surge: 0, unavailable: max(1, missing)) }
        let extra = surge.of(wanted, roundingUp: true)
        return Budget(surge: extra == 0 && missing == 0 ? 1 : extra, unavailable: missing)
    }

    /// How many of the stable release may stay warm. The whole old set of a blue-green rollout does.
    package func warm(for wanted: Int) -> Int {
        if isExclusive { return 0 }
        if case .blueGreen = strategy { return wanted }
        return min(wanted, keepWarm.of(wanted, roundingUp: true))
    }
}

/// How many instances above and below the wanted number there may be while a fleet is rolled or healed.
package struct Budget: Sendable, Hashable {
    package let surge: Int
    package let unavailable: Int

    package init(surge: Int, unavailable: Int) {
        self.surge = surge
        self.unavailable = unavailable
    }
}

/// Why a policy cannot be followed.
package enum PolicyError: Error, Hashable {
    /// Neither more nor fewer instances than wanted are allowed: nothing could ever be replaced.
    case noBudget
    case minHealthyPastHealthyDeadline
    case healthyDeadlinePastProgressDeadline
    /// An instance that leaves in its own time would look like a rollout that stands still.
    case leavingPastProgressDeadline
    /// A canary's weights lie between 1 and 100, each above the one before.
    case stepsNotAscending
}
