import KilnRollout
import Testing

@Suite struct `A rollout that waits for a person` {
    private let planner = RolloutPlanner()

    /// A whole new set beside the old one.
    private func blueGreen(
        old: [Sample.Look] = [.available, .available],
        new: [Sample.Look] = [.available, .available]
    ) throws -> FleetState {
        var fleet = Sample.fleet(
            wanted: 2,
            old: old,
            new: new,
            policy: try RolloutPolicy(strategy: .blueGreen(isManual: true), surge: .count(1))
        )
        fleet.rollout.stage = Stage(filled: Sample.now, reached: Sample.now)
        return fleet
    }

    private func canary(old: [Sample.Look]) throws -> FleetState {
        var fleet = Sample.fleet(
            wanted: 3,
            old: old,
            new: [.available],
            policy: try RolloutPolicy(
                strategy: .canary([CanaryStep(weight: 30, pause: .manual)]),
                surge: .count(1)
            )
        )
        fleet.rollout.stage = Stage(filled: Sample.now, reached: Sample.now)
        return fleet
    }

    /// What is decided and done, progress that is noted apart.
    private func plan(_ fleet: FleetState, at seconds: Int = 0) -> [Action] {
        var fleet = fleet
        fleet.rollout.progress = ProgressMark(placed: 99, available: 99, left: 0, at: Sample.now)
        return planner.plan(fleet, now: Sample.now.advanced(by: .seconds(seconds)))
    }

    private func reason(_ fleet: FleetState, at seconds: Int = 0) -> String? {
        planner.waitsForPerson(fleet, now: Sample.now.advanced(by: .seconds(seconds)))
    }

    @Test func `takes requests back from a set that nobody switched to, once the old one serves again`()
        throws
    {
        // After a reboot the new set was there first, and got the requests.
        var fleet = try blueGreen(old: [.available, .settling])
        #expect(plan(fleet) == [], "not before the old one bears them")
        #expect(reason(fleet) == nil)
        fleet.instances[1] = Sample.instance(1, 1, .available)
        let drained = [10, 11].map { Action.drain(InstanceKey($0)) }
        #expect(plan(fleet) == drained)
        for index in [2, 3] {
            fleet.instances[index].traffic = .draining(sessions: 1, since: Sample.now)
            fleet.instances[index].weight = 0
        }
        #expect(plan(fleet).contains(.change(.loseStep(isSetback: false))), "it waits anew")
        fleet.apply(.loseStep(isSetback: false), now: Sample.now)
        #expect(plan(fleet) == [], "requests under way are finished")
        #expect(plan(fleet, at: 30) == [10, 11].map { Action.detach(InstanceKey($0)) })
        for index in [2, 3] { fleet.instances[index].traffic = .none }
        #expect(plan(fleet) == [.change(.fillStep)])
        // What serves instead of an old one that is gone again keeps its requests.
        fleet.instances[0].traffic = .none
        fleet.instances[1].traffic = .none
        fleet.instances[2].traffic = .draining(sessions: 1, since: Sample.now)
        #expect(plan(fleet).contains(.route(InstanceKey(10))))
    }

    @Test func `says of a new set whether it serves`() throws {
        var fleet = try blueGreen(old: [.starting, .starting])
        #expect(reason(fleet) == nil, "the old one is on its way")
        #expect(
            reason(fleet, at: 600)
                == "the new set is ready and gets requests, since the old one does not serve; "
                + "0 of 2 instances of the stable release serve"
        )
        fleet = try blueGreen()
        for index in [2, 3] { fleet.instances[index].traffic = .none }
        #expect(reason(fleet) == "the new set is ready and gets no requests yet")
    }

    @Test(arguments: [[Sample.Look.available, .starting], [.available], [.available, .failing]])
    func `is driven on until the stable release is whole beside it`(old: [Sample.Look]) throws {
        let fleet = try canary(old: old)
        #expect(reason(fleet) == nil)
        #expect(
            reason(fleet, at: 600)
                == "30 % of the requests go to the new release; 1 of 2 instances of the stable release serve",
            "but not for ever"
        )
    }

    @Test func `is driven on where time ends the wait, unless something holds it`() throws {
        var fleet = try canary(old: [.available, .available])
        fleet.policy = try RolloutPolicy(
            strategy: .canary([CanaryStep(weight: 30, pause: .time(.seconds(60)))]),
            surge: .count(1)
        )
        #expect(reason(fleet) == nil)
        fleet.rollout.stage?.hold = "too few requests"
        #expect(reason(fleet) == "too few requests")
        fleet.rollout.stage?.isPromoted = true
        #expect(reason(fleet) == nil)
    }

    @Test func `is driven on where nobody knows since when it waits`() throws {
        var fleet = try canary(old: [.available])
        fleet.rollout.stage = Stage(reached: Sample.now)
        #expect(reason(fleet, at: 600) == nil)
    }

    @Test func `is driven on until what goes is gone`() throws {
        var fleet = try canary(old: [.available, .available])
        #expect(reason(fleet) == "30 % of the requests go to the new release")
        fleet.instances.append(Sample.instance(5, 1, slot: 2, .stopping))
        #expect(reason(fleet) == nil)
        fleet.instances[3] = Sample.instance(5, 1, slot: 2, .available)
        #expect(reason(fleet) == nil, "there is one too many")
    }
}
