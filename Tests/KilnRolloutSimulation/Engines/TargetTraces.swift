/// Many traces of fleets whose steps an engine decides.
package enum TargetTraces {
    package struct Tally: Sendable {
        package var outcomes: [String: Int] = [:]
        package var calls: [String: Int] = [:]
        package var crashes = 0
        /// The first trace that broke a promise, made as small as it still breaks one.
        package var failure: String?
    }

    package static func run(_ seeds: Range<Int>) -> Tally {
        var tally = Tally()
        for seed in seeds {
            let scenario = TargetScenario(seed: UInt64(seed))
            if let what = run(scenario, &tally) {
                tally.failure = shrink(scenario, what)
                break
            }
        }
        return tally
    }

    private static func run(_ scenario: TargetScenario, _ tally: inout Tally) -> String? {
        do {
            let world = try TargetWorld(scenario)
            try world.run()
            for outcome in world.outcomes {
                tally.outcomes["\(outcome)".prefix { $0.isLetter }.description, default: 0] += 1
            }
            tally.calls.merge(world.calls, uniquingKeysWith: +)
            tally.crashes += world.crashCount
            return nil
        } catch let error as TargetWorld.Broken {
            return error.what
        } catch {
            return "\(error)"
        }
    }

    private static func shrink(_ scenario: TargetScenario, _ what: String) -> String {
        var (best, reason) = (scenario, what)
        var improved = true
        while improved {
            improved = false
            for candidate in simpler(best) {
                var tally = Tally()
                guard let again = run(candidate, &tally) else { continue }
                (best, reason, improved) = (candidate, again, true)
                break
            }
        }
        return "\(reason)\n\(best)"
    }

    private static func simpler(_ scenario: TargetScenario) -> [TargetScenario] {
        var candidates: [TargetScenario] = []
        func add(_ edit: (inout TargetScenario) -> Void) {
            var copy = scenario
            edit(&copy)
            candidates.append(copy)
        }
        for index in scenario.faults.indices { add { $0.faults.remove(at: index) } }
        for index in scenario.crashes.indices { add { $0.crashes.remove(at: index) } }
        if scenario.lossPercent > 0 { add { $0.lossPercent = 0 } }
        if scenario.staleness > 0 { add { $0.staleness = 0 } }
        if scenario.wanted > 1 { add { $0.wanted -= 1 } }
        if scenario.surge > 1 { add { $0.surge -= 1 } }
        return candidates
    }
}
