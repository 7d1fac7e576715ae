import KilnRollout
import Testing

@Suite struct `What is written down` {
    private func fleet() throws -> FleetState {
        var fleet = Sample.fleet(
            new: [.available, .available, .available],
            policy: try RolloutPolicy(surge: .count(1))
        )
        fleet.rollout.failures = [InstanceFailure(slot: 1, at: Sample.now, reason: "exited")]
        fleet.rollout.stage = Stage(step: 2, filled: Sample.now, reached: Sample.now)
        return fleet
    }

    private let later = Sample.now.advanced(by: .seconds(7))

    @Test(arguments: [
        Outcome.stable(ReleaseKey(2)), .rolledBack(to: ReleaseKey(1), reason: "worse"),
    ])
    func `of a rollout that came to its end is nothing left of its way`(outcome: Outcome) throws {
        var fleet = try fleet()
        fleet.apply(.finish(outcome), now: later)
        #expect(fleet.rollout.phase == .steady)
        #expect(fleet.rollout.failures == [])
        #expect(fleet.rollout.stage == nil && fleet.rollout.progress == nil)
    }

    @Test(arguments: [
        (Outcome.stopped(reason: "why"), RolloutState.Phase.stopped(reason: "why")),
        (.frozen(reason: "why"), .frozen(reason: "why")),
        (.degraded(reason: "why"), .rolling),
        (.untried(ReleaseKey(2)), .rolling),
    ])
    func `of one that did not is what failed and where it stood`(
        outcome: Outcome,
        phase: RolloutState.Phase
    ) throws {
        var fleet = try fleet()
        let before = fleet.rollout
        fleet.apply(.finish(outcome), now: later)
        #expect(fleet.rollout.phase == phase)
        #expect(fleet.rollout.failures == before.failures && fleet.rollout.stage == before.stage)
        #expect(fleet.rollout.progress == nil)
    }

    @Test func `where the bake begins are no failures and all steps done`() throws {
        var fleet = try fleet()
        fleet.apply(.startBake, now: later)
        #expect(fleet.rollout.phase == .baking(since: later))
        #expect(fleet.rollout.failures == [] && fleet.rollout.stage == Stage(step: .max))
        #expect(fleet.rollout.progress?.at == later && fleet.rollout.progress?.placed == 99)
    }

    @Test func `where a trial ends is a new clock and nothing else of it`() throws {
        var fleet = try fleet()
        fleet.apply(.endTrial, now: later)
        #expect(fleet.rollout.phase == .steady)
        #expect(fleet.rollout.failures == [] && fleet.rollout.stage == nil)
        #expect(fleet.rollout.progress == ProgressMark(at: later))
    }

    @Test func `at a step is when it was filled, reached, lost and left`() throws {
        var fleet = try fleet()
        fleet.rollout.stage = Stage(step: 1)
        fleet.apply(.fillStep, now: Sample.now)
        #expect(fleet.rollout.stage == Stage(step: 1, filled: Sample.now))
        fleet.apply(.reachStep, now: later)
        #expect(fleet.rollout.stage == Stage(step: 1, filled: Sample.now, reached: later))
        fleet.apply(.hold(reason: "look"), now: later)
        #expect(fleet.rollout.stage?.hold == "look")
        fleet.rollout.stage?.hold = nil
        fleet.apply(.loseStep(isSetback: false), now: later)
        #expect(fleet.rollout.stage == Stage(step: 1))
        #expect(fleet.rollout.progress == ProgressMark(at: later))
        fleet.rollout.progress = nil
        fleet.apply(.fillStep, now: later)
        fleet.apply(.reachStep, now: later)
        fleet.apply(.loseStep(isSetback: true), now: later)
        #expect(fleet.rollout.stage == Stage(step: 1, setbacks: 1))
        #expect(fleet.rollout.progress == ProgressMark(at: later))
        fleet.rollout.progress = nil
        fleet.apply(.nextStep, now: later)
        #expect(fleet.rollout.stage == Stage(step: 2))
        #expect(fleet.rollout.progress == ProgressMark(at: later))
        fleet.apply(.startClock, now: Sample.now)
        #expect(fleet.rollout.progress == ProgressMark(at: Sample.now))
    }

    @Test func `of failures are the last 64, of the slot and the release that they were`() throws {
        var fleet = try fleet()
        fleet.instances.append(Sample.instance(5, 1, slot: 2, .ended))
        for count in 1...70 {
            fleet.instances[0].failureNoted = false
            fleet.apply(.noteFailure(InstanceKey(10), reason: "\(count)"), now: later)
            #expect(fleet.instances[0].failureNoted)
        }
        #expect(fleet.rollout.failures.count == 64)
        #expect(fleet.rollout.failures.map(\.reason) == (7...70).map { "\($0)" })
        fleet.apply(.noteFailure(InstanceKey(5), reason: "x"), now: later)
        #expect(
            fleet.rollout.failures.last
                == InstanceFailure(slot: 2, release: ReleaseKey(1), at: later, reason: "x")
        )
        let before = fleet
        fleet.apply(.noteFailure(InstanceKey(77), reason: "nobody's"), now: later)
        #expect(fleet == before)
    }

    @Test func `of a place that is free again is when, where only one can hold its volume`() throws {
        for (isExclusive, isTaken) in [(true, true), (true, false), (false, true)] {
            var fleet = try fleet()
            fleet.policy = try RolloutPolicy(
                surge: .count(isExclusive ? 0 : 1),
                unavailable: .count(1),
                isExclusive: isExclusive
            )
            if isTaken { fleet.instances[1].custody = Custody(until: Sample.now) }
            fleet.apply(.stop(InstanceKey(11)), now: later)
            #expect(fleet.instances[1].isStopping)
            #expect(!fleet.instances[0].isStopping && !fleet.instances[2].isStopping)
            let isFreed = isExclusive && isTaken
            #expect(fleet.rollout.progress?.at == (isFreed ? later : Sample.now))
        }
    }
}
