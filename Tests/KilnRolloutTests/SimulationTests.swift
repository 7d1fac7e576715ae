import Foundation
import KilnRollout
import KilnRolloutSimulation
import Testing

@Suite struct `Rollouts under faults` {
    /// Fewer where the planner is broken on purpose, again and again: see scripts/mutate-planner.
    private static let traces =
        ProcessInfo.processInfo.environment["KILN_ROLLOUT_TRACES"].flatMap(Int.init) ?? 10_000

    @Test func `ten thousand seeded traces keep every promise after every event`() async throws {
        let tally = await Traces.run(0..<Self.traces, lanes: 4)
        if let failure = tally.failure {
            Issue.record("\(Traces.shrink(failure))\nfirst seen with \(failure.scenario)")
            return
        }
        // What the traces never came to, they do not prove.
        guard Self.traces >= 10_000 else { return }
        for outcome in ["stable", "rolled back", "stopped", "frozen", "degraded", "untried"] {
            #expect(tally.outcomes[outcome, default: 0] >= 20, "\(outcome): \(tally.outcomes)")
        }
        let decisions = [
            "setAside", "reachStep", "loseStep", "nextStep", "hold", "endTrial", "debug", "take",
        ]
        for decision in decisions {
            #expect(tally.decisions[decision, default: 0] >= 100, "\(decision): \(tally.decisions)")
        }
        #expect(tally.crashes >= 1000)
    }

    @Test func `the same seed gives the same trace`() throws {
        let worlds = try (0..<2).map { _ in try World(Scenario(seed: 4711)) }
        for world in worlds { try? world.run() }
        #expect(worlds[0].events == worlds[1].events)
        #expect(worlds[0].rollout == worlds[1].rollout)
    }
}
