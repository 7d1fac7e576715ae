import Foundation
import KilnRollout
import Testing

@Suite struct `A person` {
    private let now = Sample.now

    private func rollout(_ phase: RolloutState.Phase = .rolling, stable: Int? = 1) -> RolloutState {
        RolloutState(
            target: ReleaseKey(2),
            stable: stable.map(ReleaseKey.init),
            phase: phase,
            progress: ProgressMark(placed: 1, at: .zero),
            failures: [InstanceFailure(slot: 0, at: .zero, reason: "x")],
            stage: Stage(step: 1, reached: .zero),
            generation: 7
        )
    }

    @Test func `aborts whatever the rollout is doing`() {
        for phase in [RolloutState.Phase.rolling, .baking(since: .zero), .frozen(reason: "x")] {
            var state = rollout(phase)
            state.pause(byPerson: true)
            state.freeze(reason: "incident")
            let answer1 = state.promote(full: true, now: now)
            #expect(answer1 == (phase == .rolling))
            let answer2 = state.abort(reason: "aborted", now: now)
            #expect(answer2)
            #expect(
                state
                    == RolloutState(
                        target: ReleaseKey(1),
                        stable: ReleaseKey(1),
                        phase: .rollingBack(reason: "aborted"),
                        progress: ProgressMark(at: now),
                        generation: 8
                    )
            )
        }
    }

    @Test func `aborts nothing where there is nothing to go back from`() {
        for phase in [
            RolloutState.Phase.steady, .rollingBack(reason: "x"), .stopping(reason: "x"),
            .stopped(reason: "x"),
        ] {
            var state = rollout(phase)
            let answer3 = state.abort(reason: "aborted", now: now)
            #expect(!answer3)
            #expect(state == rollout(phase))
        }
        var steady = rollout(.frozen(reason: "x"), stable: 2)
        let answer4 = steady.abort(reason: "aborted", now: now)
        #expect(!answer4)
    }

    @Test func `leaves a first release as it is, since there is none to go back to`() {
        var state = rollout(stable: nil)
        state.isPaused = true
        let answer5 = state.abort(reason: "aborted", now: now)
        #expect(answer5)
        #expect(state.phase == .frozen(reason: "aborted; there is no stable release to go back to"))
        #expect(!state.isPaused && state.progress == nil)
    }

    @Test func `promotes a step, or all of them`() {
        var state = rollout()
        let answer6 = state.promote(full: false, now: now)
        #expect(answer6)
        #expect(state.stage == Stage(step: 1, reached: .zero, isPromoted: true))
        #expect(state.progress == ProgressMark(at: now))
        let answer7 = state.promote(full: true, now: now)
        #expect(answer7)
        #expect(state.stage?.step == Int.max)
        let answer8 = state.promote(full: false, now: now)
        #expect(!answer8)
        var steady = rollout(.steady)
        let answer9 = steady.promote(full: true, now: now)
        #expect(!answer9)
        #expect(steady == rollout(.steady))
    }

    @Test func `pauses until a person says how it goes on, where it was a person who paused`() {
        var state = rollout()
        state.pause()
        #expect(state.isPaused && !state.isPausedByPerson && state.isHalted)
        state.pause(byPerson: true)
        #expect(state.isPaused && state.isPausedByPerson)
        state.pause()
        #expect(state.isPausedByPerson, "an interruption takes no word back")
        state.resume(now: now)
        #expect(!state.isPaused && !state.isPausedByPerson && !state.isHalted)
        #expect(state.progress == ProgressMark(at: now) && state.failures.map(\.at) == [now])
        var steady = rollout(.steady)
        steady.resume(now: now)
        #expect(steady.progress == nil && steady.phase == .steady)
    }

    @Test func `promotes nothing that has no step to wait at`() {
        for stage in [nil, Stage(step: .max)] {
            var state = rollout()
            state.stage = stage
            let before = state
            let isPromoted = state.promote(full: false, now: now)
            #expect(!isPromoted && state == before)
        }
    }

    @Test func `calls irreversible only what is on trial`() {
        var state = rollout(.steady)
        state.begin(ReleaseKey(3), now: now)
        #expect(!state.isIrreversible)
        state.begin(ReleaseKey(3), now: now, isIrreversible: true)
        #expect(state.isIrreversible)
        state.beginStopping(reason: "destroyed", now: now)
        #expect(
            state
                == RolloutState(
                    stable: ReleaseKey(1),
                    phase: .stopping(reason: "destroyed"),
                    progress: ProgressMark(at: now),
                    generation: 10
                )
        )
    }

    @Test func `freezes a fleet: nothing is decided until it is thawed`() throws {
        var fleet = Sample.fleet(old: [.available, .ended], policy: try RolloutPolicy())
        fleet.rollout.freeze(reason: "incident")
        let planner = RolloutPlanner()
        #expect(planner.plan(fleet, now: now) == [])
        #expect(planner.nextMoment(fleet, now: now) == nil)
        #expect(planner.isSettled(fleet, now: now))
        fleet.rollout.thaw(now: now)
        #expect(fleet.rollout.freeze == nil && fleet.rollout.progress == ProgressMark(at: now))
        #expect(planner.plan(fleet, now: now) != [])
    }

    @Test
    func `is remembered: what is written down of a rollout is read back, and what an earlier program wrote`()
        throws
    {
        var state = rollout(.baking(since: now))
        state.freeze(reason: "incident")
        state.pause()
        state.stage?.filled = .zero
        state.stage?.hold = "too few"
        state.stage?.setbacks = 2
        state.failures = [InstanceFailure(slot: 1, release: ReleaseKey(1), at: now, reason: "x")]
        let written = try JSONEncoder().encode(state)
        #expect(try JSONDecoder().decode(RolloutState.self, from: written) == state)
        let earlier = #"{"target":2,"phase":{"steady":{}},"isPaused":false,"failures":[]}"#
        let read = try JSONDecoder().decode(
            RolloutState.self,
            from: Data(earlier.replacing("2", with: #"{"number":2}"#).utf8)
        )
        #expect(read == RolloutState(target: ReleaseKey(2)))
    }

    @Test func `begins each rollout in a generation of its own, with its first step before it`() {
        var state = rollout(.steady)
        state.begin(ReleaseKey(3), now: now)
        #expect(state.generation == 8 && state.stage == Stage() && state.failures.isEmpty)
        state.begin(ReleaseKey(1), now: now)
        #expect(state.generation == 9 && state.stage == nil && state.phase == .steady)
    }

    @Test func `goes back to a release that was stable before without its steps`() {
        var state = rollout(.steady)
        state.begin(ReleaseKey(3), isProven: true, now: now)
        #expect(state.phase == .rolling && state.stage == Stage(step: .max))
        #expect(state.promote(full: true, now: now) == false)
        state.begin(ReleaseKey(1), isProven: true, now: now)
        #expect(state.phase == .steady && state.stage == nil)
    }

    @Test func `counts no time in which nothing could be seen`() {
        func second(_ count: Int) -> Instant { Instant.zero.advanced(by: .seconds(count)) }
        var state = rollout()
        state.progress?.at = second(10)
        state.stage = Stage(step: 1, filled: second(20))
        state.discount(from: second(30), to: second(100))
        #expect(state.progress?.at == second(80))
        #expect(state.stage?.filled == second(90))
        // Of a gap only what lies behind the moment.
        state.discount(from: second(50), to: second(110))
        #expect(state.progress?.at == second(110))
        #expect(state.stage?.filled == second(110))
        // The wait of a step that was reached is no deadline.
        state.stage = Stage(step: 1, filled: second(20), reached: second(30))
        state.discount(from: second(40), to: second(120))
        #expect(state.stage == Stage(step: 1, filled: second(20), reached: second(30)))
        state.progress = nil
        state.discount(from: second(40), to: second(130))
        #expect(state.progress == nil)
    }

    @Test func `comes back to a step whose wait begins anew`() {
        var state = rollout()
        state.stage?.filled = .zero
        state.resume(now: now)
        #expect(state.stage == Stage(step: 1))
    }
}
