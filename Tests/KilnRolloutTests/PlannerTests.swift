import KilnRollout
import Testing

@Suite struct `The planner` {
    private let planner = RolloutPlanner()

    private func plan(_ fleet: FleetState, at seconds: Int = 0) -> [Action] {
        planner.plan(fleet, now: Sample.now.advanced(by: .seconds(seconds)))
    }

    private func policy(surge: Int = 1, unavailable: Int = 0) throws -> RolloutPolicy {
        try RolloutPolicy(surge: .count(surge), unavailable: .count(unavailable))
    }

    @Test(arguments: [
        // surge, unavailable, old, new, made, stopped
        (1, 0, "aaa", "", [0], []),
        (2, 0, "aaa", "", [0, 1], []),
        (1, 1, "aaa", "", [], [2]),
        (0, 1, "aaa", "", [], [2]),
        (1, 0, "aaa", "s", [], []),
        (1, 0, "aaa", "w", [], []),
        (1, 0, "aaa", "a", [], [0]),
        (1, 0, "aax", "a", [], []),
        (1, 0, "aax", "aa", [], [1]),
        (1, 0, "aaf", "", [0], []),
        (1, 0, "aaf", "a", [], [2]),
        (1, 1, "aaf", "", [], [2]),
        (0, 1, "fff", "", [], [0]),
        (2, 0, "aaa", "af", [], [0]),
        (1, 0, "uuu", "a", [], []),
        (1, 0, "uaa", "a", [], []),
        (0, 2, "uaa", "", [], [2]),
        (2, 0, "aaa", "f", [], []),
        (0, 1, "oss", "", [], [1]),
        (1, 0, "ooo", "", [0], []),
        (1, 0, "ooo", "a", [], [0]),
        (2, 0, "aaa", "oa", [], [10, 1]),
        (3, 0, "", "", [0, 1, 2], []),
        (1, 0, "", "aaa", [], []),
    ])
    func `keeps to its budget`(
        surge: Int,
        unavailable: Int,
        old: String,
        new: String,
        made: [Int],
        stopped: [Int]
    ) throws {
        let fleet = Sample.fleet(
            old: old.map(look),
            new: new.map(look),
            policy: try policy(surge: surge, unavailable: unavailable)
        )
        let actions = plan(fleet)
        let slots = actions.compactMap { if case .create(let slot, _) = $0 { slot } else { nil } }
        let keys = actions.compactMap { if case .change(.stop(let key)) = $0 { key.number } else { nil } }
        #expect(slots == made)
        #expect(keys == stopped)
    }

    private func look(_ letter: Character) -> Sample.Look {
        switch letter {
        case "a": .available
        case "w": .settling
        case "s": .starting
        case "f": .failing
        case "u": .unknown
        case "o": .unseen
        case "e": .ended
        default: .stopping
        }
    }

    @Test func `gives traffic to what is healthy and takes it from what is not`() throws {
        var fleet = Sample.fleet(
            old: [.available, .available, .available],
            new: [.starting],
            policy: try policy()
        )
        #expect(plan(fleet) == [])
        fleet.instances[3].health = .passing(since: Sample.now)
        #expect(plan(fleet) == [.route(InstanceKey(10))])
        fleet.instances[3].isBusy = true
        #expect(plan(fleet) == [])
        fleet.instances[0].health = .failing(since: Sample.now, reason: "no")
        #expect(plan(fleet) == [.drain(InstanceKey(0))])
    }

    @Test func `drains, waits, detaches and only then destroys`() throws {
        var fleet = Sample.fleet(wanted: 1, old: [.stopping], new: [.available], policy: try policy())
        let key = InstanceKey(0)
        #expect(plan(fleet) == [.drain(key)])
        fleet.instances[0].traffic = .draining(sessions: 2, since: Sample.now)
        #expect(plan(fleet) == [])
        #expect(plan(fleet, at: 29) == [])
        #expect(planner.nextMoment(fleet, now: Sample.now) == Sample.now.advanced(by: .seconds(30)))
        #expect(plan(fleet, at: 30) == [.detach(key)])
        fleet.instances[0].traffic = .draining(sessions: 0, since: Sample.now)
        #expect(plan(fleet) == [.detach(key)])
        fleet.instances[0].traffic = .none
        #expect(plan(fleet) == [.destroy(key)])
    }

    @Test func `on the way back removes what fails at once and what serves only for a replacement`() throws {
        var fleet = Sample.fleet(
            old: [.available, .failing],
            new: [.available],
            phase: .rollingBack(reason: "bad"),
            policy: try policy()
        )
        fleet.rollout.stable = ReleaseKey(2)
        fleet.quarantined = [ReleaseKey(1)]
        #expect(plan(fleet) == [.create(slot: 1, release: ReleaseKey(2))])
        fleet.instances.append(Sample.instance(11, 2, slot: 1, .available))
        #expect(plan(fleet) == [.change(.stop(InstanceKey(1)))])
    }

    @Test func `does nothing while paused, frozen or stopped`() throws {
        for phase in [RolloutState.Phase.rolling, .frozen(reason: "x"), .stopped(reason: "x")] {
            var fleet = Sample.fleet(
                old: [.available, .failing, .ended],
                new: [.starting],
                phase: phase,
                policy: try policy()
            )
            fleet.instances[1].traffic = .ready
            fleet.rollout.isPaused = phase == .rolling
            #expect(plan(fleet) == [])
            #expect(planner.nextMoment(fleet, now: Sample.now) == nil)
        }
    }

    @Test func `replaces drifted instances one after the other, each after its replacement came`() throws {
        var fleet = Sample.fleet(
            new: [.available, .available, .available],
            phase: .steady,
            policy: try policy(surge: 1, unavailable: 1)
        )
        fleet.rollout.stable = ReleaseKey(2)
        for index in fleet.instances.indices { fleet.instances[index].isCondemned = true }
        #expect(plan(fleet) == [.create(slot: 0, release: ReleaseKey(2))])
        fleet.instances.append(Sample.instance(20, 2, slot: 0, .available))
        #expect(plan(fleet) == [.change(.stop(InstanceKey(10)))])
    }

    @Test func `waits for no replacement of what drifted beyond the fleet's size`() throws {
        var fleet = Sample.fleet(
            wanted: 2,
            new: [.available, .available, .available],
            phase: .steady,
            policy: try policy(surge: 2)
        )
        fleet.rollout.stable = ReleaseKey(2)
        fleet.instances[2].isCondemned = true
        #expect(plan(fleet) == [.change(.stop(InstanceKey(12)))])
    }

    @Test func `replaces nothing where the budget of a slot that keeps failing is used up`() throws {
        var fleet = Sample.fleet(new: [.available, .available], phase: .steady, policy: try policy())
        fleet.rollout.stable = ReleaseKey(2)
        let failure = InstanceFailure(slot: 2, at: Sample.now, reason: "x")
        fleet.rollout.failures = [failure, failure]
        #expect(plan(fleet) == [.create(slot: 2, release: ReleaseKey(2))])
        fleet.rollout.failures = Array(repeating: failure, count: 4)
        #expect(plan(fleet, at: 19) == [])
        #expect(plan(fleet, at: 20) == [.create(slot: 2, release: ReleaseKey(2))])
    }

    /// Its end says whether its place can be filled: how long it passed or had requests, in seconds, and what is remembered
    /// after it of a place that had failed twice before.
    @Test(arguments: [
        (passing: 10, served: nil, left: 0), (passing: 9, served: nil, left: 3),
        (passing: nil, served: 10, left: 0),
        (passing: nil, served: 9, left: 3), (passing: nil, served: nil, left: 3),
    ])
    func `fills the place of what had served for long enough at once`(
        passing: Int64?,
        served: Int64?,
        left: Int
    ) throws {
        func before(_ seconds: Int64?) -> Instant? { seconds.map { Sample.now.advanced(by: .seconds(-$0)) } }
        var fleet = Sample.fleet(
            new: [.available, .available, .ended],
            phase: .steady,
            policy: try policy()
        )
        fleet.rollout.stable = ReleaseKey(2)
        fleet.rollout.failures = Array(
            repeating: InstanceFailure(slot: 2, at: Sample.now, reason: "x"),
            count: 2
        )
        if let since = before(passing) { fleet.instances[2].health = .passing(since: since) }
        fleet.instances[2].servedFrom = before(served)
        for case .change(let change) in plan(fleet) { fleet.apply(change, now: Sample.now) }
        #expect(fleet.rollout.failures.count == left)
        #expect(plan(fleet).contains(.create(slot: 2, release: ReleaseKey(2))) == (left == 0))
    }

    @Test func `counts what ends on trial however long it served`() throws {
        var fleet = Sample.fleet(new: [.ended], policy: try policy())
        fleet.instances[0].health = .passing(since: Sample.now.advanced(by: .seconds(-100)))
        for case .change(let change) in plan(fleet) { fleet.apply(change, now: Sample.now) }
        #expect(fleet.rollout.failures.count == 1)
    }

    @Test func `repairs a fleet whose stable release is broken, also where there is room for no more`() throws
    {
        var fleet = Sample.fleet(old: [.failing, .failing, .failing], policy: try policy())
        for index in fleet.instances.indices { fleet.instances[index].traffic = .none }
        #expect(plan(fleet) == [.create(slot: 0, release: ReleaseKey(2))])
        fleet.refusal = Refusal(until: Sample.now.advanced(by: .seconds(1)), reason: "no memory")
        #expect(plan(fleet) == [.change(.stop(InstanceKey(0)))])
        fleet.instances[0].isStopping = true
        #expect(plan(fleet) == [.destroy(InstanceKey(0))])
        fleet.instances.removeFirst()
        #expect(plan(fleet, at: 1).contains(.create(slot: 0, release: ReleaseKey(2))))
    }

    @Test func `holds an exclusive volume once`() throws {
        let policy = try RolloutPolicy(isExclusive: true)
        var fleet = Sample.fleet(wanted: 1, old: [.available], policy: policy)
        #expect(plan(fleet) == [.change(.stop(InstanceKey(0)))])
        fleet.instances[0].isStopping = true
        #expect(plan(fleet) == [.drain(InstanceKey(0))])
        fleet.instances = []
        #expect(plan(fleet) == [.create(slot: 0, release: ReleaseKey(2))])
    }

    @Test func `keeps the better of two in one slot`() throws {
        var fleet = Sample.fleet(
            new: [.starting, .available, .available],
            phase: .steady,
            policy: try policy()
        )
        fleet.instances.append(Sample.instance(20, 2, slot: 0, .available))
        #expect(plan(fleet) == [.change(.stop(InstanceKey(10)))])
    }

    @Test func `takes only what was never reached before for progress`() throws {
        var fleet = Sample.fleet(
            old: [.available, .available],
            new: [.starting, .starting],
            policy: try policy()
        )
        fleet.rollout.progress = ProgressMark(placed: 1, available: 1, left: 2, at: .zero)
        let mark = ProgressMark(placed: 2, available: 1, left: 2, at: Sample.now)
        #expect(plan(fleet) == [.change(.noteProgress(mark))])
        fleet.instances[3].process = .planned
        fleet.instances[3].isBusy = true
        #expect(!plan(fleet).contains { if case .change(.noteProgress) = $0 { true } else { false } })
        fleet.rollout.progress = mark
        fleet.instances[2] = Sample.instance(10, 2, slot: 0, .available)
        #expect(!plan(fleet).contains { if case .change(.noteProgress) = $0 { true } else { false } })
    }

    @Test func `keeps of each kind of progress the best`() throws {
        var fleet = Sample.fleet(
            old: [.available, .available],
            new: [.available, .available],
            policy: try policy()
        )
        func noted(_ best: ProgressMark) -> ProgressMark? {
            fleet.rollout.progress = best
            guard case .change(.noteProgress(let mark)) = plan(fleet).first else { return nil }
            return mark
        }
        let now = Sample.now
        #expect(noted(ProgressMark(placed: 2, available: 2, left: 2, at: .zero)) == nil)
        #expect(
            noted(ProgressMark(placed: 1, available: 3, left: 1, at: .zero))
                == ProgressMark(placed: 2, available: 3, left: 1, at: now)
        )
        #expect(
            noted(ProgressMark(placed: 3, available: 1, left: 1, at: .zero))
                == ProgressMark(placed: 3, available: 2, left: 1, at: now)
        )
        #expect(
            noted(ProgressMark(placed: 3, available: 3, left: 3, at: .zero))
                == ProgressMark(placed: 3, available: 3, left: 2, at: now)
        )
        // A platform that made instances again before the mark was set is no news.
        fleet.relented = now
        #expect(noted(ProgressMark(placed: 2, available: 2, left: 2, at: now)) == nil)
        fleet.relented = now.advanced(by: .nanoseconds(1))
        #expect(noted(ProgressMark(placed: 2, available: 2, left: 2, at: now)) != nil)
    }

    @Test func `takes each old instance that is gone for progress`() throws {
        var fleet = Sample.fleet(
            old: [.stopping],
            new: [.available, .available, .available],
            policy: try policy()
        )
        let best = ProgressMark(placed: 3, available: 3, left: 2, at: .zero)
        fleet.rollout.progress = best
        let mark = ProgressMark(placed: 3, available: 3, left: 1, at: Sample.now)
        #expect(plan(fleet) == [.change(.noteProgress(mark))])
        fleet.rollout.progress = mark
        #expect(!plan(fleet).contains { if case .change(.noteProgress) = $0 { true } else { false } })
        // What is kept warm does not have to go.
        fleet.rollout.progress = best
        fleet.instances[0] = Sample.instance(0, 1, .available)
        fleet.instances[0].traffic = .none
        fleet.instances[0].asideIn = fleet.rollout.generation
        let last = ProgressMark(placed: 3, available: 3, left: 0, at: Sample.now)
        #expect(plan(fleet) == [.change(.noteProgress(last))])
    }

    @Test func `starts the bake time and the deadlines anew for a driver that comes back`() {
        var rollout = RolloutState(
            target: ReleaseKey(2),
            phase: .baking(since: .zero),
            isPaused: true,
            progress: ProgressMark(placed: 3, available: 3, left: 0, at: .zero)
        )
        rollout.resume(now: Sample.now)
        #expect(rollout.phase == .baking(since: Sample.now))
        #expect(rollout.progress == ProgressMark(at: Sample.now))
        #expect(!rollout.isPaused)
    }

    @Test func `settles a fleet that is as it shall be, and no other`() throws {
        var fleet = Sample.fleet(
            new: [.available, .available, .available],
            phase: .steady,
            policy: try policy()
        )
        fleet.rollout.progress = nil
        #expect(planner.isSettled(fleet, now: Sample.now))
        #expect(plan(fleet) == [])
        fleet.rollout.isPaused = true
        #expect(!planner.isSettled(fleet, now: Sample.now))
        fleet.rollout.isPaused = false
        // Whose health nobody knows yet is no reason to do anything; who is not well, or serves nobody, is.
        fleet.instances[0] = Sample.instance(10, 2, slot: 0, .unknown)
        #expect(planner.isSettled(fleet, now: Sample.now) && plan(fleet) == [])
        fleet.instances[0] = Sample.instance(10, 2, slot: 0, .failing)
        #expect(!planner.isSettled(fleet, now: Sample.now))
        fleet.instances[0] = Sample.instance(10, 2, slot: 0, .available)
        fleet.instances[0].traffic = .none
        #expect(!planner.isSettled(fleet, now: Sample.now))
        #expect(plan(fleet) == [.change(.startClock)])
    }

    @Test func `settles no fleet that has too many, too few, or another release's`() throws {
        func isSettled(
            _ looks: [Sample.Look],
            wanted: Int = 2,
            _ change: (inout FleetState) -> Void = { _ in }
        )
            throws -> Bool
        {
            var fleet = Sample.fleet(wanted: wanted, new: looks, phase: .steady, policy: try policy())
            fleet.rollout.progress = nil
            change(&fleet)
            return planner.isSettled(fleet, now: Sample.now)
        }
        #expect(try isSettled([.available, .available]))
        #expect(try !isSettled([.available, .available, .available]))
        #expect(try !isSettled([.available]))
        #expect(try !isSettled([.available, .stopping]))
        #expect(
            try !isSettled([.available]) { $0.instances.append(Sample.instance(5, 1, slot: 1, .available)) }
        )
        #expect(try !isSettled([.available, .available]) { $0.instances[0].isCondemned = true })
        #expect(try !isSettled([.available, .available]) { $0.rollout.progress = ProgressMark(at: .zero) })
        #expect(try !isSettled([.available]) { $0.rollout.target = nil })
        // Workers have no requests.
        let withoutRequests: (inout FleetState) -> Void = { $0.instances[0].traffic = .none }
        #expect(try !isSettled([.available, .available], withoutRequests))
        #expect(
            try isSettled([.available, .available]) {
                withoutRequests(&$0)
                $0.isBalanced = false
            }
        )
        // A release that is on trial in a fleet of none waits until there are some.
        #expect(try isSettled([], wanted: 0) { $0.rollout.phase = .rolling })
        #expect(try !isSettled([], wanted: 1) { $0.rollout.phase = .rolling })
        #expect(try !isSettled([.stopping], wanted: 0) { $0.rollout.phase = .rolling })
        #expect(
            try !isSettled([], wanted: 0) {
                $0.rollout.phase = .rolling
                $0.rollout.progress = ProgressMark(at: .zero)
            }
        )
    }

    @Test(arguments: [
        RolloutState.Phase.baking(since: Sample.now), .rollingBack(reason: "x"), .stopping(reason: "x"),
    ])
    func `settles no fleet that is on its way, whatever it looks like`(phase: RolloutState.Phase) throws {
        var fleet = Sample.fleet(
            new: [.available, .available, .available],
            phase: phase,
            policy: try policy()
        )
        fleet.rollout.progress = nil
        #expect(!planner.isSettled(fleet, now: Sample.now))
    }

    @Test func `has nothing to do in a fleet of no release and no instances`() throws {
        var fleet = Sample.fleet(phase: .steady, policy: try policy())
        fleet.rollout.target = nil
        fleet.rollout.progress = nil
        #expect(plan(fleet) == [])
        #expect(planner.isSettled(fleet, now: Sample.now))
    }

    @Test func `stops everything in a fleet of none, also what nobody knows yet`() throws {
        let fleet = Sample.fleet(wanted: 0, old: [.available, .unknown], policy: try policy())
        #expect(plan(fleet) == [.change(.stop(InstanceKey(0))), .change(.stop(InstanceKey(1)))])
    }

    @Test(arguments: [RolloutState.Phase.rolling, .baking(since: Sample.now)])
    func `keeps nothing warm in a fleet of none, and comes to rest`(phase: RolloutState.Phase) throws {
        let warm = try RolloutPolicy(surge: .count(1), keepWarm: .count(1))
        var fleet = Sample.fleet(wanted: 0, old: [.available], phase: phase, policy: warm)
        fleet.instances[0].traffic = .none
        fleet.instances[0].asideIn = fleet.rollout.generation
        for progress in [nil, fleet.rollout.progress] {
            fleet.rollout.progress = progress
            #expect(plan(fleet) == [.change(progress == nil ? .startClock : .stop(InstanceKey(0)))])
        }
        fleet.instances = []
        #expect(plan(fleet) == [.change(.finish(.untried(ReleaseKey(2))))])
        fleet.rollout.progress = nil
        #expect(plan(fleet) == [])
    }
}
