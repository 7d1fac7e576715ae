import KilnRollout
import Testing

@Suite struct `The planner's choice` {
    private let planner = RolloutPlanner()

    private func plan(_ fleet: FleetState, at seconds: Int = 0) -> [Action] {
        planner.plan(fleet, now: Sample.now.advanced(by: .seconds(seconds)))
    }

    private func stopped(_ fleet: FleetState) -> [Int] {
        plan(fleet).compactMap { if case .change(.stop(let key)) = $0 { key.number } else { nil } }
    }

    private func policy(surge: Int = 1, unavailable: Int = 0) throws -> RolloutPolicy {
        try RolloutPolicy(surge: .count(surge), unavailable: .count(unavailable))
    }

    @Test func `of what goes first is the worst of the unwell`() throws {
        let looks: [Sample.Look] = [.settling, .starting, .unseen, .failing]
        var fleet = Sample.fleet(wanted: 4, policy: try policy(surge: 0, unavailable: 1))
        for shift in looks.indices {
            let order = looks.indices.map { looks[($0 + shift) % looks.count] }
            fleet.instances = order.enumerated().map { Sample.instance($0, 1, $1) }
            #expect(stopped(fleet) == [order.firstIndex(of: .failing)])
        }
    }

    @Test func `of what goes first is what will never serve`() throws {
        var fleet = Sample.fleet(
            old: [.settling, .settling, .settling],
            policy: try policy()
        )
        fleet.instances[2].traffic = .none
        #expect(stopped(fleet) == [])
        fleet.instances.append(Sample.instance(10, 2, slot: 0, .available))
        #expect(stopped(fleet) == [2])
        fleet.instances[2].traffic = .ready
        fleet.instances[1].traffic = .none
        fleet.instances[1].isCondemned = true
        fleet.instances[0].health = .failing(since: Sample.now, reason: "500")
        #expect(stopped(fleet) == [1])
    }

    @Test func `of what drifted waits for no replacement where there is no room for one`() throws {
        var fleet = Sample.fleet(
            new: [.available, .available, .available],
            phase: .steady,
            policy: try policy(surge: 0, unavailable: 2)
        )
        for index in fleet.instances.indices { fleet.instances[index].isCondemned = true }
        fleet.instances[2].isStopping = true
        #expect(stopped(fleet) == [11])
    }

    @Test func `of what goes first is the unwell before the well`() throws {
        let fleet = Sample.fleet(
            old: [.available, .available, .settling],
            policy: try policy(surge: 0, unavailable: 1)
        )
        #expect(stopped(fleet) == [2])
    }

    @Test func `among the well goes the oldest release first, but a quarantined one before it`() throws {
        var fleet = Sample.fleet(policy: try policy(surge: 0, unavailable: 1))
        fleet.rollout.target = ReleaseKey(9)
        fleet.instances = [
            Sample.instance(0, 5, .available), Sample.instance(1, 3, .available),
            Sample.instance(2, 7, .available),
        ]
        #expect(stopped(fleet) == [1])
        fleet.quarantined = [ReleaseKey(7)]
        #expect(stopped(fleet) == [2])
    }

    @Test func `among equals is the one whose replacement is there`() throws {
        for slot in 0..<3 {
            var fleet = Sample.fleet(old: [.available, .available, .available], policy: try policy())
            fleet.instances.append(Sample.instance(10, 2, slot: slot, .available))
            #expect(stopped(fleet) == [slot])
        }
    }

    @Test func `takes no worker away before its health is known`() throws {
        var fleet = Sample.fleet(
            old: [.starting, .starting, .available],
            policy: try policy(surge: 0, unavailable: 2)
        )
        fleet.isBalanced = false
        #expect(stopped(fleet) == [])
        fleet.instances[0].health = .failing(since: Sample.now, reason: "500")
        #expect(stopped(fleet) == [0])
    }

    @Test func `makes room where there is none for the replacement of any that drifted`() throws {
        var fleet = Sample.fleet(phase: .steady, policy: try policy())
        fleet.instances = [0, 1, 2, 0].enumerated()
            .map { key, slot in Sample.instance(key, 2, slot: slot, .available) }
        for index in fleet.instances.indices { fleet.instances[index].isCondemned = true }
        #expect(stopped(fleet) == [2])
        fleet.instances[2].isStopping = true
        #expect(stopped(fleet) == [])
        fleet.instances.remove(at: 2)
        #expect(plan(fleet) == [.create(slot: 0, release: ReleaseKey(2))])
    }

    @Test func `makes no room where nothing is missing`() throws {
        var fleet = Sample.fleet(
            old: [.failing],
            new: [.starting, .starting, .starting],
            policy: try policy()
        )
        fleet.refusal = Refusal(until: Sample.now, reason: "full")
        #expect(plan(fleet) == [])
        fleet.instances.removeLast()
        #expect(stopped(fleet) == [0])
    }

    @Test func `routes no condemned instance again, and none of a quarantined release`() throws {
        var fleet = Sample.fleet(new: [.available, .available, .available], policy: try policy())
        fleet.rollout.phase = .steady
        fleet.instances[0].traffic = .none
        #expect(plan(fleet).contains(.route(InstanceKey(10))))
        fleet.instances[0].isCondemned = true
        #expect(plan(fleet) == [.create(slot: 0, release: ReleaseKey(2))])
        fleet.instances[0].isCondemned = false
        fleet.quarantined = [ReleaseKey(2)]
        #expect(!plan(fleet).contains(.route(InstanceKey(10))))
    }

    @Test func `lets nothing more in of a release that was given up`() throws {
        var fleet = Sample.fleet(old: [.available, .available], new: [.available], policy: try policy())
        fleet.rollout.target = ReleaseKey(3)
        for index in fleet.instances.indices { fleet.instances[index].traffic = .none }
        // What was stable may serve until its replacement does; what was on its way in never.
        #expect(plan(fleet).contains(.route(InstanceKey(0))))
        #expect(!plan(fleet).contains(.route(InstanceKey(10))))
        // What served already goes in its turn.
        fleet.instances[2].traffic = .draining(sessions: 0, since: Sample.now)
        #expect(plan(fleet).contains(.route(InstanceKey(10))))
    }

    @Test func `freezes a way back, and an end, that stands still`() throws {
        for phase in [RolloutState.Phase.rollingBack(reason: "bad"), .stopping(reason: "bad")] {
            var fleet = Sample.fleet(old: [.stopping], new: [.starting], phase: phase, policy: try policy())
            for index in fleet.instances.indices {
                fleet.instances[index].isStopping = true
                fleet.instances[index].isBusy = true
            }
            let outcomes = plan(fleet, at: 600)
                .compactMap { action -> String? in
                    guard case .change(.finish(.frozen(let reason))) = action else { return nil }
                    return reason
                }
            #expect(outcomes.count == 1)
            #expect(outcomes.first?.hasPrefix("bad; ") == true)
            #expect(!plan(fleet, at: 599).contains { if case .change(.finish) = $0 { true } else { false } })
        }
    }

    @Test func `gives up on an instance that never answers, and on one that stays unwell`() throws {
        // Both are watched since 60 s before; one of them fails since 5 s before.
        for (look, moment) in [(Sample.Look.unknown, 240), (.failing, 295)] {
            var fleet = Sample.fleet(new: [.available, .available, look], policy: try policy())
            fleet.rollout.progress?.at = Sample.now.advanced(by: .seconds(moment))
            let quarantines = { (seconds: Int) in
                plan(fleet, at: seconds).contains {
                    if case .change(.quarantine) = $0 { true } else { false }
                }
            }
            #expect(!quarantines(moment - 1), "\(look)")
            #expect(quarantines(moment), "\(look)")
        }
    }

    @Test func `forgets failures when the bake begins, so that they do not fail it`() throws {
        var fleet = Sample.fleet(new: [.available, .available, .available], policy: try policy())
        fleet.rollout.failures = [InstanceFailure(slot: 0, at: Sample.now, reason: "once")]
        #expect(plan(fleet) == [.change(.startBake)])
        fleet.apply(.startBake, now: Sample.now)
        #expect(fleet.rollout.failures.isEmpty)
        #expect(plan(fleet) == [])
    }

    @Test func `notes the failure of an unwell instance that it stops`() throws {
        var fleet = Sample.fleet(
            new: [.available, .available, .failing],
            phase: .steady,
            policy: try policy(surge: 1, unavailable: 1)
        )
        let failing = InstanceKey(12)
        #expect(
            plan(fleet) == [.change(.noteFailure(failing, reason: "500")), .change(.stop(failing))]
        )
        fleet.instances[2].failureNoted = true
        #expect(plan(fleet) == [.change(.stop(failing))])
    }

    @Test func `makes nothing in a frozen or stopped fleet, and ends what was to go`() throws {
        for phase in [RolloutState.Phase.frozen(reason: "x"), .stopped(reason: "x")] {
            var fleet = Sample.fleet(new: [.available], phase: phase, policy: try policy())
            #expect(plan(fleet) == [])
            fleet.instances[0].isStopping = true
            #expect(plan(fleet) == [.drain(InstanceKey(10))])
        }
    }

    @Test func `gives a changed fleet the whole progress deadline`() throws {
        var rollout = RolloutState(progress: ProgressMark(placed: 3, available: 2, left: 1, at: .zero))
        rollout.allowTime(now: Sample.now)
        #expect(rollout.progress == ProgressMark(at: Sample.now))
        rollout.progress = nil
        rollout.allowTime(now: Sample.now)
        #expect(rollout.progress == nil)
    }

    @Test func `takes failures of an earlier run for recent ones, whatever clock they were noted by`() {
        let failure = InstanceFailure(slot: 0, at: Sample.now.advanced(by: .seconds(90_000)), reason: "x")
        var rollout = RolloutState(target: ReleaseKey(2), phase: .rolling, failures: [failure])
        rollout.resume(now: Sample.now)
        #expect(rollout.failures == [InstanceFailure(slot: 0, at: Sample.now, reason: "x")])
    }
}

@Suite struct `The planner's next moment` {
    private let planner = RolloutPlanner()

    private func next(_ fleet: FleetState, after seconds: Int = 0) -> Duration? {
        planner.nextMoment(fleet, now: Sample.now.advanced(by: .seconds(seconds)))
            .map { Sample.now.duration(to: $0) }
    }

    private func quiet(_ new: [Sample.Look]) throws -> FleetState {
        var fleet = Sample.fleet(new: new, phase: .steady, policy: try RolloutPolicy())
        fleet.rollout.progress = nil
        for index in fleet.instances.indices {
            fleet.instances[index].watchedSince = Sample.now.advanced(by: .seconds(-1000))
        }
        return fleet
    }

    @Test func `is none for a fleet at rest`() throws {
        #expect(next(try quiet([.available, .available, .available])) == nil)
    }

    @Test func `is when an instance is healthy for long enough`() throws {
        #expect(next(try quiet([.available, .available, .settling])) == .seconds(9))
    }

    @Test func `is when an instance was unwell or silent for too long`() throws {
        #expect(next(try quiet([.available, .available, .failing])) == .seconds(295))
        var silent = try quiet([.available, .available, .starting])
        silent.instances[2].watchedSince = Sample.now.advanced(by: .seconds(-60))
        #expect(next(silent) == .seconds(240))
    }

    @Test func `is never now, and of several the first`() throws {
        var fleet = try quiet([.available, .available])
        fleet.refusal = Refusal(until: Sample.now, reason: "full")
        fleet.rollout.progress = ProgressMark(at: Sample.now)
        #expect(next(fleet) == .seconds(600))
        fleet.refusal = Refusal(until: Sample.now.advanced(by: .seconds(7)), reason: "full")
        #expect(next(fleet) == .seconds(7))
        // Also where only what a person looks at is left.
        fleet.rollout.freeze(reason: "incident")
        fleet.instances[0].custody = Custody(until: Sample.now.advanced(by: .seconds(9)))
        fleet.instances[1].custody = Custody(until: Sample.now.advanced(by: .seconds(8)))
        #expect(next(fleet) == .seconds(8))
        fleet.instances[1].custody = Custody(until: Sample.now)
        #expect(next(fleet) == .seconds(9))
    }

    @Test func `is when a drain is over`() throws {
        var fleet = try quiet([.available, .available, .stopping])
        fleet.instances[2].traffic = .draining(sessions: 1, since: Sample.now)
        #expect(next(fleet) == .seconds(30))
    }

    @Test func `is when the bake time is over`() throws {
        var fleet = try quiet([.available, .available, .available])
        fleet.rollout.phase = .baking(since: Sample.now)
        #expect(next(fleet) == .seconds(60))
    }

    @Test func `is when patience with a standstill ends`() throws {
        var fleet = try quiet([.available, .available])
        fleet.rollout.progress = ProgressMark(at: Sample.now)
        #expect(next(fleet) == .seconds(600))
    }

    @Test func `is when the platform or a slot is tried again`() throws {
        var fleet = try quiet([.available, .available])
        let failure = InstanceFailure(slot: 2, at: Sample.now, reason: "x")
        fleet.rollout.failures = Array(repeating: failure, count: 3)
        #expect(next(fleet) == .seconds(10))
        fleet.refusal = Refusal(until: Sample.now.advanced(by: .seconds(4)), reason: "x")
        #expect(next(fleet) == .seconds(4))
    }
}
