import KilnRollout
import Testing

@Suite struct `An instance that a person looks at` {
    private let planner = RolloutPlanner()
    private let soon = Sample.now.advanced(by: .seconds(60))

    private func fleet(
        _ old: [Sample.Look],
        wanted: Int = 3,
        surge: Int = 1,
        unavailable: Int = 0,
        isExclusive: Bool = false,
        awaits: Bool = false
    ) throws -> FleetState {
        let policy = try RolloutPolicy(
            surge: .count(surge),
            unavailable: .count(unavailable),
            isExclusive: isExclusive
        )
        var fleet = Sample.fleet(wanted: wanted, old: old, phase: .steady, policy: policy)
        fleet.rollout.target = ReleaseKey(1)
        fleet.rollout.progress = ProgressMark(placed: 9, available: 9, left: 0, at: Sample.now)
        fleet.instances[0].isCondemned = true
        fleet.instances[0].custody = Custody(until: soon, isAwaited: awaits)
        return fleet
    }

    private func plan(_ fleet: FleetState, at now: Instant = Sample.now) -> [Action] {
        planner.plan(fleet, now: now)
    }

    @Test func `is drained at once, and another one is made beside it`() throws {
        let plan = plan(try fleet([.available, .available, .available]))
        #expect(plan.contains(.drain(InstanceKey(0))))
        #expect(plan.contains(.create(slot: 0, release: ReleaseKey(1))))
    }

    @Test func `takes no place of the surge`() throws {
        var fleet = try fleet([.available, .available, .available])
        fleet.instances[0].traffic = .none
        // One that drifted is replaced beside it.
        fleet.instances[1].isCondemned = true
        let created = plan(fleet).count { if case .create = $0 { true } else { false } }
        #expect(created == 2)
    }

    @Test func `is left alone once it has no requests, until its time is up`() throws {
        var fleet = try fleet([.available, .available, .available, .available])
        fleet.instances[3] = Sample.instance(3, 1, slot: 0, .available)
        fleet.instances[0].traffic = .none
        fleet.rollout.progress = nil
        #expect(plan(fleet) == [])
        #expect(planner.isSettled(fleet, now: Sample.now))
        #expect(planner.nextMoment(fleet, now: Sample.now) == soon)
        #expect(plan(fleet, at: soon) == [.change(.stop(InstanceKey(0)))])
        #expect(!planner.isSettled(fleet, now: soon))
    }

    @Test func `is looked at again when its drain or its time is over, whichever comes first`() throws {
        var fleet = try fleet([.available, .available])
        #expect(planner.custodyMoment(fleet, now: Sample.now) == soon)
        fleet.instances[0].traffic = .draining(sessions: 1, since: Sample.now)
        let drained = Sample.now.advanced(by: fleet.policy.drain)
        #expect(planner.custodyMoment(fleet, now: Sample.now) == drained)
        #expect(planner.custodyMoment(fleet, now: drained) == soon)
        #expect(planner.custodyMoment(fleet, now: soon) == nil)
        fleet.instances[0].custody = nil
        #expect(planner.custodyMoment(fleet, now: Sample.now) == nil)
    }

    @Test(arguments: [true, false])
    func `leaves under a pause and a freeze too, and nothing else does`(isFrozen: Bool) throws {
        var fleet = try fleet([.available, .stopping, .ended])
        if isFrozen {
            fleet.rollout.freeze(reason: "an incident")
        } else {
            fleet.rollout.pause(byPerson: true)
        }
        #expect(plan(fleet) == [.drain(InstanceKey(0))])
        fleet.instances[0].traffic = .none
        #expect(plan(fleet) == [])
        #expect(planner.nextMoment(fleet, now: Sample.now) == soon)
        #expect(plan(fleet, at: soon) == [.change(.stop(InstanceKey(0)))])
        fleet.apply(.stop(InstanceKey(0)), now: soon)
        #expect(plan(fleet, at: soon) == [.destroy(InstanceKey(0))])
    }

    @Test(arguments: [RolloutState.Phase.frozen(reason: "failed"), .stopped(reason: "failed")])
    func `goes at its time whatever the fleet does`(phase: RolloutState.Phase) throws {
        var fleet = try fleet([.available])
        fleet.rollout.phase = phase
        fleet.instances[0].traffic = .none
        #expect(plan(fleet) == [])
        #expect(planner.nextMoment(fleet, now: Sample.now) == soon)
        #expect(plan(fleet, at: soon) == [.change(.stop(InstanceKey(0)))])
    }

    @Test func `goes at once when it ends, and nobody is blamed`() throws {
        let fleet = try fleet([.ended, .available, .available])
        #expect(plan(fleet) == [.change(.stop(InstanceKey(0)))])
    }

    @Test func `that waits for its replacement serves until that does`() throws {
        var fleet = try fleet([.available], wanted: 1, awaits: true)
        #expect(plan(fleet) == [.create(slot: 0, release: ReleaseKey(1))])
        fleet.instances.append(Sample.instance(10, 1, slot: 0, .settling))
        #expect(plan(fleet) == [])
        fleet.instances[1] = Sample.instance(10, 1, slot: 0, .available)
        fleet.rollout.progress = ProgressMark(placed: 9, available: 9, left: 0, at: Sample.now)
        #expect(plan(fleet) == [.change(.take(InstanceKey(0)))])
        fleet.apply(.take(InstanceKey(0)), now: Sample.now)
        #expect(plan(fleet).first == .change(.finish(.stable(ReleaseKey(1)))))
        #expect(planner.custody(fleet, now: Sample.now) == [.drain(InstanceKey(0))])
    }

    @Test func `that waited too long is only condemned`() throws {
        var fleet = try fleet([.available], wanted: 1, awaits: true)
        fleet.instances.append(Sample.instance(10, 1, slot: 0, .available))
        #expect(plan(fleet, at: soon) == [.change(.stop(InstanceKey(0)))])
    }

    @Test func `keeps its exclusive volume, and its empty place is nobody's fault`() throws {
        var fleet = try fleet(
            [.available, .available],
            wanted: 2,
            surge: 0,
            unavailable: 1,
            isExclusive: true
        )
        fleet.instances[0].traffic = .none
        let late = Sample.now.advanced(by: .seconds(100_000))
        fleet.instances[0].custody = Custody(until: late.advanced(by: .seconds(60)))
        #expect(plan(fleet, at: late) == [.change(.finish(.stable(ReleaseKey(1))))])
        // A release on trial waits for the place.
        fleet.rollout.phase = .rolling
        fleet.rollout.stable = ReleaseKey(0)
        #expect(plan(fleet, at: late) == [])
        fleet.apply(.stop(InstanceKey(0)), now: late)
        #expect(fleet.rollout.progress?.at == late)
    }

    @Test func `is gone before a fleet that ends is`() throws {
        var fleet = try fleet([.stopping], wanted: 1)
        fleet.rollout.target = nil
        fleet.rollout.phase = .stopping(reason: "destroyed")
        fleet.instances[0].traffic = .none
        #expect(plan(fleet) == [.destroy(InstanceKey(0))])
        fleet.instances = []
        #expect(plan(fleet) == [.change(.finish(.stopped(reason: "destroyed")))])
    }
}
