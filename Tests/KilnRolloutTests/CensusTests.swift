import KilnRollout
import Testing

/// What the planner takes an instance for shows in what it decides about it.
@Suite struct `What an instance counts for` {
    private let planner = RolloutPlanner()

    private func plan(_ fleet: FleetState, at seconds: Int = 0) -> [Action] {
        planner.plan(fleet, now: Sample.now.advanced(by: .seconds(seconds)))
    }

    private func stopped(_ fleet: FleetState, at seconds: Int = 0) -> [Int] {
        plan(fleet, at: seconds).compactMap {
            if case .change(.stop(let key)) = $0 { key.number } else { nil }
        }
    }

    private func steady(
        _ looks: [Sample.Look],
        wanted: Int? = nil,
        surge: Int = 1,
        isExclusive: Bool = false
    ) throws -> FleetState {
        var fleet = Sample.fleet(
            wanted: wanted ?? looks.count,
            new: looks,
            phase: .steady,
            policy: try RolloutPolicy(surge: .count(surge), isExclusive: isExclusive)
        )
        fleet.rollout.stable = ReleaseKey(2)
        return fleet
    }

    @Test(arguments: [(0, false), (1, false), (2, true), (5, true)])
    func `is a place less where somebody looks at it, if it is one of the fleet's`(
        slot: Int,
        isSettled: Bool
    ) throws {
        var fleet = try steady([.available, .available], isExclusive: true)
        var taken = Sample.instance(20, 2, slot: slot, .available)
        taken.traffic = .none
        taken.custody = Custody(until: Sample.now.advanced(by: .seconds(60)))
        fleet.instances.append(taken)
        fleet.rollout.progress = nil
        // Where its place is blocked, two are one more than there can be.
        #expect(planner.isSettled(fleet, now: Sample.now) == isSettled)
        fleet.instances.removeAll { $0.slot == slot && !$0.isTaken }
        #expect(planner.isSettled(fleet, now: Sample.now))
    }

    @Test func `of two that do as well in one place is the first`() throws {
        var fleet = try steady([.available, .available])
        fleet.instances.append(Sample.instance(20, 2, slot: 1, .available))
        #expect(stopped(fleet) == [20])
        fleet.instances.swapAt(1, 2)
        #expect(stopped(fleet) == [11])
    }

    @Test func `kept warm is nothing once it fails, also if it never was well`() throws {
        let policy = try RolloutPolicy(surge: .count(1), keepWarm: .count(1))
        var fleet = Sample.fleet(wanted: 1, old: [.available], new: [.available], policy: policy)
        fleet.instances[0].traffic = .none
        fleet.instances[0].asideIn = 0
        #expect(stopped(fleet) == [])
        for wasHealthy in [true, false] {
            fleet.instances[0].wasHealthy = wasHealthy
            fleet.instances[0].health = .failing(since: Sample.now, reason: "500")
            #expect(stopped(fleet) == [0], "\(wasHealthy)")
        }
    }

    @Test func `kept warm by an earlier rollout, condemned, or of another release is an old one`() throws {
        let policy = try RolloutPolicy(surge: .count(1), keepWarm: .count(1))
        func isKept(_ change: (inout FleetState) -> Void) -> Bool {
            var fleet = Sample.fleet(wanted: 1, old: [.available], new: [.available], policy: policy)
            fleet.instances[0].traffic = .none
            fleet.instances[0].asideIn = 0
            change(&fleet)
            return !plan(fleet).contains(.change(.stop(InstanceKey(0))))
                && !plan(fleet).contains(.change(.setAside(InstanceKey(0))))
        }
        #expect(isKept { _ in })
        #expect(!isKept { $0.instances[0].isCondemned = true })
        #expect(!isKept { $0.instances[0].asideIn = 1 })
        #expect(!isKept { $0.rollout.stable = ReleaseKey(9) })
        #expect(!isKept { $0.rollout.phase = .steady })
    }

    @Test func `is unwell, and gone, from the moment on at which its time is over`() throws {
        // The deadline is 300 s; it failed since 5 s before, is watched since 60 s before.
        var fleet = try steady([.available, .available, .failing])
        fleet.rollout.progress = nil
        #expect(!planner.isSettled(fleet, now: Sample.now))
        func quarantines(
            _ look: Sample.Look,
            _ health: InstanceState.Health? = nil,
            at seconds: Int
        ) throws
            -> Bool
        {
            var fleet = Sample.fleet(
                old: [.available, .available, .available],
                new: [look],
                policy: try RolloutPolicy(surge: .count(1))
            )
            if let health { fleet.instances[3].health = health }
            return plan(fleet, at: seconds).contains {
                if case .change(.quarantine) = $0 { true } else { false }
            }
        }
        let failing = InstanceState.Health.failing(since: Sample.now, reason: "500")
        for (look, health, moment) in [
            (Sample.Look.failing, nil, 295), (.starting, failing, 240), (.starting, nil, 240),
            (.unknown, nil, 240),
        ] {
            #expect(try !quarantines(look, health, at: moment - 1), "\(look)")
            #expect(try quarantines(look, health, at: moment), "\(look)")
        }
    }

    @Test func `is available from the moment on at which it was well for long enough, if it has requests`()
        throws
    {
        var fleet = Sample.fleet(
            wanted: 1,
            old: [.available],
            new: [.available],
            policy: try RolloutPolicy(surge: .count(1), minHealthy: .seconds(10))
        )
        fleet.instances[1].health = .passing(since: Sample.now)
        #expect(stopped(fleet, at: 9) == [])
        #expect(stopped(fleet, at: 10) == [0])
        fleet.instances[1].traffic = .none
        #expect(stopped(fleet, at: 10) == [])
        // A worker has none.
        fleet.isBalanced = false
        #expect(stopped(fleet, at: 10) == [0])
        #expect(stopped(fleet, at: 9) == [])
    }

    @Test func `that nobody can tell well or unwell stays until somebody can`() throws {
        var fleet = Sample.fleet(
            wanted: 1,
            old: [.unknown],
            new: [.available],
            policy: try RolloutPolicy(surge: .count(1))
        )
        #expect(stopped(fleet) == [])
        fleet.instances[0].wasHealthy = false
        #expect(stopped(fleet) == [0], "it never served")
        fleet.isBalanced = false
        #expect(stopped(fleet) == [], "nothing tells of a worker")
    }

    @Test(arguments: [(1, 0, 1, true), (2, 1, 1, true), (2, 0, 1, false), (2, 0, 2, true), (3, 1, 1, false)])
    func `of a new set that got requests gives them back when enough of the old one serve`(
        wanted: Int,
        unavailable: Int,
        serving: Int,
        isWithdrawn: Bool
    ) throws {
        let policy = try RolloutPolicy(
            strategy: .blueGreen(isManual: true),
            surge: .count(1),
            unavailable: .count(unavailable)
        )
        var fleet = Sample.fleet(
            wanted: wanted,
            old: (0..<wanted).map { $0 < serving ? .available : .settling },
            new: Array(repeating: .available, count: wanted),
            policy: policy
        )
        fleet.rollout.stage = Stage(filled: Sample.now, reached: Sample.now)
        #expect(plan(fleet).contains(.drain(InstanceKey(10))) == isWithdrawn)
    }
}
