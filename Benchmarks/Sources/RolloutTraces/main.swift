import Glibc
import KilnRolloutSimulation

/// `RolloutTraces [COUNT [FIRST]]`: drives so many seeded traces of the rollout planner under faults, and prints what they
/// came to, or the smallest trace that breaks a promise.
let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
let count = numbers.first ?? 1_000_000
let first = numbers.dropFirst().first ?? 0
let clock = ContinuousClock()
let start = clock.now
let tally = await Traces.run(first..<first + count, lanes: 2)
if let failure = tally.failure {
    print("\(Traces.shrink(failure))\nfirst seen with \(failure.scenario)")
    exit(1)
} else {
    let seconds = start.duration(to: clock.now).components.seconds
    print(
        "\(count) traces, \(tally.events) events, \(tally.crashes) crashes of the driver in \(seconds) s: no promise broken"
    )
    for (name, count) in tally.outcomes.sorted(by: { $0.key < $1.key }) { print("  ended \(name): \(count)") }
    for (name, count) in tally.decisions.sorted(by: { $0.key < $1.key }) { print("  \(name): \(count)") }
}
