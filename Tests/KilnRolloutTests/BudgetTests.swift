import KilnRollout
import Testing

@Suite struct `A rollout's budget` {
    typealias Share = RolloutPolicy.Share

    @Test(arguments: [
        (Share.percent(25), Share.count(0), 1, Budget(surge: 1, unavailable: 0)),
        (.percent(25), .count(0), 4, Budget(surge: 1, unavailable: 0)),
        (.percent(25), .count(0), 5, Budget(surge: 2, unavailable: 0)),
        (.percent(100), .percent(100), 3, Budget(surge: 3, unavailable: 3)),
        (.percent(0), .percent(25), 8, Budget(surge: 0, unavailable: 2)),
        (.percent(0), .percent(25), 3, Budget(surge: 1, unavailable: 0)),
        (.count(0), .count(5), 3, Budget(surge: 0, unavailable: 3)),
        (.count(2), .count(1), 0, Budget(surge: 2, unavailable: 0)),
    ])
    func `rounds surge up and what may be missing down, and never leaves neither`(
        surge: Share,
        unavailable: Share,
        wanted: Int,
        budget: Budget
    ) throws {
        #expect(try RolloutPolicy(surge: surge, unavailable: unavailable).budget(for: wanted) == budget)
    }

    @Test func `of an exclusive volume has no room for one more`() throws {
        let policy = try RolloutPolicy(surge: .count(2), isExclusive: true)
        #expect(policy.budget(for: 1) == Budget(surge: 0, unavailable: 1))
    }

    @Test func `of nothing at all is refused`() {
        #expect(throws: PolicyError.noBudget) {
            try RolloutPolicy(surge: .count(0), unavailable: .percent(0))
        }
    }

    @Test func `is refused when its deadlines contradict one another`() {
        #expect(throws: PolicyError.minHealthyPastHealthyDeadline) {
            try RolloutPolicy(minHealthy: .seconds(300), healthyDeadline: .seconds(300))
        }
        #expect(throws: PolicyError.healthyDeadlinePastProgressDeadline) {
            try RolloutPolicy(healthyDeadline: .seconds(600), progressDeadline: .seconds(600))
        }
        #expect(throws: PolicyError.leavingPastProgressDeadline) {
            try RolloutPolicy(progressDeadline: .seconds(600), drain: .seconds(900))
        }
        #expect(throws: PolicyError.leavingPastProgressDeadline) {
            try RolloutPolicy(progressDeadline: .seconds(600), drain: .seconds(590), grace: .seconds(10))
        }
        #expect(throws: Never.self) {
            try RolloutPolicy(progressDeadline: .seconds(600), drain: .seconds(590), grace: .seconds(9))
        }
    }
}
