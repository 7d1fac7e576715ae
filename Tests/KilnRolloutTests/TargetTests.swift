import Foundation
import KilnRollout
import KilnRolloutSimulation
import Testing

@Suite struct `A fleet whose steps an engine decides` {
    private static let traces =
        ProcessInfo.processInfo.environment["KILN_TARGET_TRACES"].flatMap(Int.init) ?? 600

    @Test func `keeps its promises in seeded traces under faults, with engines of two kinds`() {
        let tally = TargetTraces.run(0..<Self.traces)
        #expect(tally.failure == nil)
        // What the traces never came to, they do not prove.
        guard Self.traces >= 600 else { return }
        for outcome in ["stable", "rolledBack", "frozen", "stopped"] {
            #expect(tally.outcomes[outcome, default: 0] >= 10, "\(outcome): \(tally.outcomes)")
        }
        for call in ["submit", "revert", "pause", "resume", "cancel", "scale", "retire", "remove"] {
            #expect(tally.calls[call, default: 0] >= 5, "\(call): \(tally.calls)")
        }
        #expect(tally.crashes >= 100)
    }

    private let now = Sample.now
    private let told = Submission(release: ReleaseKey(2), generation: 7)

    private func instance(
        _ name: String,
        _ release: Int = 2,
        _ health: EngineState.Instance.Health = .available
    ) -> EngineState.Instance {
        EngineState.Instance(id: EngineInstanceID(name), release: ReleaseKey(release), health: health)
    }

    /// Of three instances, on the way from release 1 to release 2 for ten seconds.
    private func state(
        _ activity: EngineState.Activity = .moving,
        _ instances: [EngineState.Instance] = [],
        phase: RolloutState.Phase = .rolling,
        rollsOver: Bool = true
    ) throws -> TargetState {
        TargetState(
            fleet: FleetState(
                wanted: 3,
                policy: try RolloutPolicy(),
                rollout: RolloutState(
                    target: ReleaseKey(2),
                    stable: ReleaseKey(1),
                    phase: phase,
                    progress: ProgressMark(
                        placed: 3,
                        available: 3,
                        left: 0,
                        at: now.advanced(by: .seconds(-10))
                    ),
                    generation: 7
                )
            ),
            engine: EngineState(submission: told, activity: activity, wanted: 3, instances: instances),
            abilities: EngineAbilities(rollsOver: rollsOver, pauses: rollsOver)
        )
    }

    private func judged(_ state: TargetState) -> [TargetAction] { TargetJudge().judge(state, now: now) }

    private var all: [EngineState.Instance] { ["a", "b", "c"].map { instance($0) } }

    @Test func `is told its release once`() throws {
        var state = try state()
        #expect(judged(state).isEmpty)
        state.engine?.submission = Submission(release: ReleaseKey(1), generation: 6)
        #expect(judged(state) == [.submit(told)])
        state.engine = nil
        #expect(judged(state) == [.submit(told)])
    }

    @Test func `ends a rollout before another one where the engine cannot turn on the way`() throws {
        var state = try state(rollsOver: false)
        state.engine?.submission = Submission(release: ReleaseKey(3), generation: 6)
        for (activity, expected) in [
            (EngineState.Activity.moving, [TargetAction.cancel]), (.canceling, []),
            (.reverting(reason: "x"), [.cancel]),
            (.canceled, [.submit(told)]), (.done, [.submit(told)]), (.restoring, [.submit(told)]),
        ] {
            state.engine?.activity = activity
            #expect(judged(state) == expected, "\(activity)")
        }
    }

    @Test func `is watched for the bake time once the engine says that it is done, and it shows`() throws {
        #expect(try judged(state(.done, all)) == [.change(.startBake)])
        #expect(try judged(state(.moving, all)).isEmpty)
        #expect(try judged(state(.done, Array(all.dropLast()))).isEmpty)
        #expect(try judged(state(.done, all + [instance("d", 1, .leaving)])).isEmpty)
        var scaled = try state(.done, all)
        scaled.engine?.wanted = 4
        #expect(judged(scaled) == [.scale(3)])
    }

    @Test func `is stable after its bake time, and watched anew when it was incomplete in between`() throws {
        let since = now.advanced(by: .seconds(-60))
        var state = try state(.done, all, phase: .baking(since: since))
        state.fleet.rollout.progress?.at = since
        #expect(
            judged(state) == [.change(.markStable(ReleaseKey(2))), .change(.finish(.stable(ReleaseKey(2))))]
        )
        state.engine?.instances.removeLast()
        #expect(judged(state) == [.change(.startClock)])
        state.fleet.rollout.progress?.at = now
        state.engine?.instances = all
        #expect(judged(state) == [.change(.startBake)])
    }

    @Test(arguments: [
        EngineState.Activity.failed(reason: "no"), .reverting(reason: "no"), .reverted(reason: "no"),
    ])
    func `that the engine gives up is quarantined and gone back from`(activity: EngineState.Activity) throws {
        var state = try state(activity, all)
        let back = [
            TargetAction.change(.quarantine(ReleaseKey(2), reason: "no")),
            .change(.beginRollback(to: ReleaseKey(1), reason: "no")),
        ]
        #expect(judged(state) == back)
        // It says so of an earlier submission: of this one it says nothing yet.
        state.engine?.submission = Submission(release: ReleaseKey(2), generation: 6)
        #expect(judged(state) == [.submit(told)])
    }

    @Test func `fails by an instance that ends again and again, or while it is watched`() throws {
        var state = try state(.moving, all)
        state.engine?.instances[1].ends = 3
        #expect(judged(state).isEmpty)
        state.engine?.instances[1].health = .unhealthy(reason: "it ended")
        #expect(judged(state).contains(.change(.quarantine(ReleaseKey(2), reason: "b ended 3 times"))))
        var watched = try self.state(.done, all, phase: .baking(since: now.advanced(by: .seconds(-5))))
        watched.engine?.instances[0].lastEnd = now.advanced(by: .seconds(-6))
        #expect(judged(watched).isEmpty || judged(watched) == [.change(.startBake)])
        watched.engine?.instances[0].lastEnd = now.advanced(by: .seconds(-4))
        #expect(
            judged(watched).first
                == .change(.quarantine(ReleaseKey(2), reason: "a ended while the release was watched"))
        )
    }

    @Test func `fails by Kiln's own clock, without blame for what it was not told or had no room for`() throws
    {
        var state = try state(.moving, Array(all.dropLast()))
        state.fleet.rollout.progress?.at = now.advanced(by: .seconds(-600))
        let reason = "no progress for 10m: 1 of 3 instances are missing"
        #expect(
            judged(state) == [
                .change(.quarantine(ReleaseKey(2), reason: reason)),
                .change(.beginRollback(to: ReleaseKey(1), reason: reason)),
            ]
        )
        state.shortage = "quota"
        #expect(
            judged(state) == [
                .change(.beginRollback(to: ReleaseKey(1), reason: "\(reason); none can be made: quota"))
            ]
        )
        state.shortage = nil
        state.engine?.submission = nil
        #expect(judged(state) == [.change(.beginRollback(to: ReleaseKey(1), reason: reason))])
        state = try self.state(.moving, all + [instance("d", 1)])
        state.fleet.rollout.progress?.at = now.advanced(by: .seconds(-600))
        #expect(
            judged(state) == [
                .change(.finish(.degraded(reason: "no progress for 10m: old instances remain")))
            ]
        )
    }

    @Test func `removes what is there of a stopped one`() throws {
        var state = try state(.done, all, phase: .stopped(reason: "x"))
        #expect(judged(state) == [.remove])
        #expect(!TargetJudge().isSettled(state, now: now))
        state.engine = nil
        #expect(judged(state).isEmpty && TargetJudge().isSettled(state, now: now))
    }

    @Test func `holds the engine while people are at work`() throws {
        for isFrozen in [false, true] {
            var state = try state()
            if isFrozen { state.fleet.rollout.freeze(reason: "x") } else { state.fleet.rollout.pause() }
            #expect(judged(state) == [.pause])
            state.abilities = EngineAbilities(rollsOver: false, pauses: false)
            #expect(judged(state) == [.cancel])
            state.engine?.activity = .canceled
            #expect(judged(state).isEmpty)
        }
    }

    @Test func `replaces what is condemned one at a time, while all else is well`() throws {
        var state = try state(.done, all, phase: .steady)
        state.condemned = [EngineInstanceID("c"), EngineInstanceID("b")]
        #expect(judged(state) == [.retire(EngineInstanceID("b"))])
        state.engine?.instances[0].health = .starting
        #expect(judged(state).isEmpty)
        state.engine?.instances[2].health = .unhealthy(reason: "x")
        #expect(judged(state) == [.retire(EngineInstanceID("c"))])
    }

    @Test(arguments: [
        (1, 1, 0, 100, 200), (3, 1, 0, 100, 134), (3, 0, 1, 66, 100), (4, 1, 1, 75, 125), (7, 2, 3, 57, 129),
        (150, 0, 1, 99, 100), (333, 0, 2, 100, 100),
    ])
    func `gives a refresh percentages that round to its budget`(
        wanted: Int,
        surge: Int,
        unavailable: Int,
        least: Int,
        most: Int
    ) throws {
        let policy = try RolloutPolicy(surge: .count(surge), unavailable: .count(unavailable))
        let engine = EnginePolicy(policy, wanted: wanted)
        #expect(engine.minHealthyPercent == least)
        #expect(engine.maxHealthyPercent == most)
        #expect((wanted * least + 99) / 100 >= wanted - unavailable)
    }
}
