package import KilnDefinition

/// Carries out the steps of a plan, a bounded number at a time, each after those that it waits for.
package struct ApplySchedule: Sendable {
    package enum Result: Sendable, Hashable {
        case succeeded
        case failed
        /// Not begun, since this fleet's step did not succeed.
        case skipped(because: FleetName)
        /// Not begun, since a stop was requested.
        case stopped
    }

    private let limit: Int

    package init(limit: Int) {
        self.limit = max(1, limit)
    }

    /// `perform` tells whether the step succeeded. What is to be kept is not performed.
    package func run(
        _ plan: ApplyPlan,
        isStopped: @escaping @Sendable () -> Bool = { false },
        perform: @escaping @Sendable (ApplyPlan.Step) async -> Bool
    ) async -> [FleetName: Result] {
        await withTaskGroup(of: (FleetName, Bool).self) { group in
            var results: [FleetName: Result] = [:]
            for step in plan.steps where !step.isChange { results[step.fleet] = .succeeded }
            var left = plan.steps.filter(\.isChange)
            var running = 0
            while true {
                settle(&left, &results, isStopped: isStopped())
                while running < limit, let index = left.firstIndex(where: { isReady($0, results) }) {
                    let step = left.remove(at: index)
                    running += 1
                    group.addTask { (step.fleet, await perform(step)) }
                }
                guard let (name, succeeded) = await group.next() else { return results }
                running -= 1
                results[name] = succeeded ? .succeeded : .failed
            }
        }
    }

    private func isReady(_ step: ApplyPlan.Step, _ results: [FleetName: Result]) -> Bool {
        step.after.allSatisfy { results[$0] != nil }
    }

    /// What cannot begin any more has its result.
    private func settle(
        _ left: inout [ApplyPlan.Step],
        _ results: inout [FleetName: Result],
        isStopped: Bool
    ) {
        for step in left {
            if isStopped {
                results[step.fleet] = .stopped
            } else if let failed = step.needed.first(where: { results[$0]?.isFailure == true }) {
                results[step.fleet] = .skipped(because: failed)
            }
        }
        left.removeAll { results[$0.fleet] != nil }
    }
}

extension ApplySchedule.Result {
    fileprivate var isFailure: Bool { self != .succeeded }
}

extension ApplyPlan.Step {
    /// Fleets whose success it waits for: what makes a new release, or takes away what others may still need. Bringing back
    /// what is missing, and a policy, do good in any case.
    fileprivate var needed: [FleetName] {
        switch action {
        case .create, .replace, .destroy: after
        case .restore, .keep: takesFrom
        }
    }
}
