import KilnRollout
import Testing

@Suite struct `Rollouts under faults` {
    @Test func `ten thousand seeded traces keep every promise after every event`() async throws {
        let tally = await tally(of: 0..<10_000, lanes: 4)
        if let failure = tally.failure {
            let smallest = shrink(failure)
            Issue.record("\(smallest.what)\n\(smallest.scenario)\nfirst seen with \(failure.scenario)")
            return
        }
        // What the traces never came to, they do not prove.
        for outcome in ["stable", "rolled back", "stopped", "frozen", "degraded", "untried"] {
            #expect(tally.outcomes[outcome, default: 0] >= 20, "\(outcome): \(tally.outcomes)")
        }
        #expect(tally.crashes >= 1000)
    }

    private func tally(of seeds: Range<Int>, lanes: Int) async -> Tally {
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

    @Test func `the same seed gives the same trace`() throws {
        let worlds = try (0..<2).map { _ in try World(Scenario(seed: 4711)) }
        for world in worlds { try? world.run() }
        #expect(worlds[0].events == worlds[1].events)
        #expect(worlds[0].rollout == worlds[1].rollout)
    }
}

struct Failure {
    let scenario: Scenario
    let what: String
}

struct Tally {
    var outcomes: [String: Int] = [:]
    var crashes = 0
    var failure: Failure?

    mutating func add(_ other: Tally) {
        outcomes.merge(other.outcomes, uniquingKeysWith: +)
        crashes += other.crashes
        failure = failure ?? other.failure
    }

    mutating func count(_ world: World) {
        crashes += world.incarnation - 1
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

func run(_ scenario: Scenario, _ tally: inout Tally) -> Failure? {
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
func shrink(_ failure: Failure) -> Failure {
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

private func simpler(_ scenario: Scenario) -> [Scenario] {
    var candidates: [Scenario] = []
    func add(_ edit: (inout Scenario) -> Void) {
        var copy = scenario
        edit(&copy)
        candidates.append(copy)
    }
    for index in scenario.faults.indices { add { $0.faults.remove(at: index) } }
    for index in scenario.crashWrites.indices { add { $0.crashWrites.remove(at: index) } }
    if scenario.lossPercent > 0 { add { $0.lossPercent = 0 } }
    if scenario.wanted > 1 { add { $0.wanted -= 1 } }
    if scenario.surge > 1 { add { $0.surge -= 1 } }
    return candidates
}
