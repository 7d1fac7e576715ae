import KilnRollout
import Testing

@Suite struct `An instance's part in the requests` {
    private func weights(_ fleet: FleetState) -> [Int: Int] {
        RolloutPlanner().plan(fleet, now: Sample.now)
            .reduce(into: [:]) { if case .route(let key, let weight) = $1 { $0[key.number] = weight } }
    }

    @Test func `is a full one again when it was drained and is well, whatever the balancer shows of it`()
        throws
    {
        var fleet = Sample.fleet(
            old: [.available, .available],
            new: [.starting],
            policy: try RolloutPolicy()
        )
        fleet.instances[0].traffic = .draining(sessions: 0, since: Sample.now)
        fleet.instances[0].weight = 0
        #expect(weights(fleet) == [0: 100])
        // The same on a canary's way, as one of those beside it.
        fleet.policy = try RolloutPolicy(strategy: .canary([CanaryStep(weight: 10, pause: .manual)]))
        fleet.rollout.stage = Stage()
        #expect(weights(fleet) == [0: 100])
    }

    @Test func `is a full one although an earlier program gave it less`() throws {
        var fleet = Sample.fleet(
            old: [.available, .available],
            new: [.available],
            policy: try RolloutPolicy()
        )
        for index in [0, 1] { fleet.instances[index].weight = 1 }
        #expect(weights(fleet) == [0: 100, 1: 100])
        fleet.rollout.stable = nil
        #expect(weights(fleet) == [0: 100, 1: 100], "there were no steps without a stable release")
    }

    /// Release 3 takes over from 1, and an instance of 2 is left of what it supersedes.
    private func superseding(_ weight: Int, share: Int, old: [Sample.Look]) throws -> FleetState {
        var fleet = Sample.fleet(
            old: old,
            new: [.available],
            policy: try RolloutPolicy(strategy: .canary([CanaryStep(weight: share, pause: .manual)]))
        )
        fleet.rollout.target = ReleaseKey(3)
        fleet.rollout.stage = Stage()
        fleet.instances[old.count].weight = weight
        return fleet
    }

    @Test func `does not grow when its release is given up for another`() throws {
        var fleet = try superseding(11, share: 10, old: [.available, .available])
        #expect(weights(fleet) == [:], "release 3 has no instance yet: nobody's part moves")
        fleet.instances.append(Sample.instance(20, 3, slot: 1, .settling))
        // 23 : 200 + 11 is just below 10 : 90.
        #expect(weights(fleet) == [20: 23])
        fleet.policy = try RolloutPolicy()
        #expect(weights(fleet) == [:], "nor without steps")
        fleet.instances[2].traffic = .draining(sessions: 0, since: Sample.now)
        fleet.instances[2].weight = 0
        #expect(weights(fleet) == [10: 100])
        // Not drained, but down by the balancer's own check.
        fleet.instances[2].weight = 11
        #expect(weights(fleet) == [10: 11])
    }

    @Test(arguments: [(30, [0: 45]), (50, [0: 38, 10: 38])])
    func `shrinks with the others' where a step says so, also of a release that was given up`(
        weight: Int,
        expected: [Int: Int]
    ) throws {
        var fleet = try superseding(weight, share: 80, old: [.available])
        fleet.instances.append(Sample.instance(20, 3, slot: 1, .settling))
        // Three will bear 80 of 100: 3 * 100 : 75 = 80 : 20.
        #expect(weights(fleet) == expected)
    }
}
