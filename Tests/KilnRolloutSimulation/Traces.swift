import KilnRollout

/// Many traces, what they came to, and the smallest one that breaks a promise.
package enum Traces {
    package struct Failure: Sendable, CustomStringConvertible {
        package let scenario: Scenario
        package let what: String

        package var description: String { "\(what)\n\(scenario)" }
    }

    package struct Tally: Sendable {
        package var outcomes: [String: Int] = [:]
        package var decisions: [String: Int] = [:]
        package var crashes = 0
        package var events = 0
        package var failure: Failure?

        mutating func add(_ other: Tally) {
            outcomes.merge(other.outcomes, uniquingKeysWith: +)
            decisions.merge(other.decisions, uniquingKeysWith: +)
            crashes += other.crashes
            events += other.events
            failure = failure ?? other.failure
        }

        mutating func count(_ world: World) {
            crashes += world.incarnation - 1
            events += world.events
            decisions.merge(world.decisions, uniquingKeysWith: +)
            for outcome in world.outcomes {
                let name =
                    switch outcome {
                    case .stable: "stable"
                    case .rolledBack: "rolled back"
                    case .stopped: "stopped"
                    case .frozen: "frozen"
                    case .degraded: "degraded"
                    case .untried: "untried"
                    }
                outcomes[name, default: 0] += 1
            }
        }
    }

    /// Stops at the first failure of each lane.
    package static func run(_ seeds: Range<Int>, lanes: Int) async -> Tally {
        await withTaskGroup(of: Tally.self) { group in
            for lane in 0..<lanes {
                group.addTask {
                    var tally = Tally()
                    for seed in stride(from: seeds.lowerBound + lane, to: seeds.upperBound, by: lanes) {
                        tally.failure = run(Scenario(seed: UInt64(seed)), &tally)
                        if tally.failure != nil { break }
                    }
                    return tally
                }
            }
            return await group.reduce(into: Tally()) { $0.add($1) }
        }
    }

    private static func run(_ scenario: Scenario, _ tally: inout Tally) -> Failure? {
        do {
            let world = try World(scenario)
            try world.run()
            tally.count(world)
            return nil
        } catch let error as World.Broken {
            return Failure(scenario: scenario, what: error.what)
        } catch {
            return Failure(scenario: scenario, what: "\(error)")
        }
    }

    /// Takes away what is not needed to fail: faults one by one, losses, crashes, instances.
    package static func shrink(_ failure: Failure) -> Failure {
        var best = failure
        var improved = true
        while improved {
            improved = false
            for candidate in simpler(best.scenario) {
                var tally = Tally()
                guard let again = run(candidate, &tally) else { continue }
                best = again
                improved = true
                break
            }
        }
        return best
    }

    private static func simpler(_ scenario: Scenario) -> [Scenario] {
        var candidates: [Scenario] = []
        func add(_ edit: (inout Scenario) -> Void) {
            var copy = scenario
            edit(&copy)
            candidates.append(copy)
        }
        for index in scenario.faults.indices { add { $0.faults.remove(at: index) } }
        for index in scenario.crashWrites.indices { add { $0.crashWrites.remove(at: index) } }
        if scenario.strategy != .rolling { add { $0.strategy = .rolling } }
        if case .canary(let steps) = scenario.strategy, steps.count > 1 {
            for index in steps.indices {
                var fewer = steps
                fewer.remove(at: index)
                add { $0.strategy = .canary(fewer) }
            }
        }
        if !scenario.irreversible.isEmpty { add { $0.irreversible = [] } }
        if scenario.measuring != .exact { add { $0.measuring = .exact } }
        if scenario.keepWarm > 0 { add { $0.keepWarm = 0 } }
        if scenario.lossPercent > 0 { add { $0.lossPercent = 0 } }
        if scenario.wanted > 1 { add { $0.wanted -= 1 } }
        if scenario.surge > 1 { add { $0.surge -= 1 } }
        return candidates
    }
}
