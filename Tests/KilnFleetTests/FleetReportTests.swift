import KilnDefinition
import KilnFleet
import KilnRollout
import Testing

@Suite struct `A report` {
    private func rollout(
        _ number: Int,
        _ from: Int?,
        _ to: Int,
        at start: Int64,
        took: Int64? = nil,
        _ outcome: Outcome? = nil,
        isSuperseded: Bool = false
    ) -> RolloutRecord {
        RolloutRecord(
            number: number,
            from: from.map(ReleaseNumber.init(rawValue:)),
            to: ReleaseNumber(rawValue: to),
            started: start,
            finished: took.map { start + $0 },
            outcome: outcome,
            isSuperseded: isSuperseded
        )
    }

    @Test func `counts deploys, ways back and failures, and how long stable ones took`() {
        let rollouts = [
            rollout(1, nil, 1, at: 50, took: 999, .stable(ReleaseKey(1))),
            rollout(2, 1, 2, at: 100, took: 60, .stable(ReleaseKey(2))),
            rollout(3, 2, 3, at: 200, took: 90, .rolledBack(to: ReleaseKey(2), reason: "x")),
            rollout(4, 2, 1, at: 300, took: 10, .stable(ReleaseKey(1))),
            rollout(5, 1, 4, at: 400, took: 30, .stable(ReleaseKey(4))),
            rollout(6, 4, 5, at: 500, isSuperseded: true),
            rollout(7, 5, 6, at: 600, took: 200, .stable(ReleaseKey(6))),
            rollout(8, 6, 7, at: 700),
        ]
        let report = FleetReport("shop", rollouts: rollouts, events: [], since: 100)
        #expect(report.deploys == 6)
        #expect(report.rollbacks == 2)
        #expect(report.failures == 1)
        #expect(report.changeFailureRate == 25)
        #expect(report.medianTimeToStable == 60)
        #expect(report.p95TimeToStable == 200)
        #expect(report.replacements.isEmpty && report.drifted == 0)
    }

    @Test func `tells why instances were replaced, and how many had drifted`() {
        func event(
            _ sequence: Int64,
            _ kind: FleetEvent.Kind,
            at time: Int64 = 100,
            cause: Int64? = nil
        )
            -> FleetEvent
        {
            FleetEvent(sequence: sequence, time: time, fleet: "shop", kind: kind, message: "x", cause: cause)
        }
        let events = [
            event(1, .instanceFailed, at: 10), event(2, .instanceCreated, at: 11, cause: 1),
            event(3, .instanceDrifted), event(4, .instanceCreated, cause: 3), event(5, .instanceDrifted),
            event(6, .instanceCreated, cause: 5), event(7, .instanceCreated, cause: 1),
            event(8, .rolloutStarted), event(9, .instanceCreated, cause: 8), event(10, .instanceCreated),
        ]
        let report = FleetReport("shop", rollouts: [], events: events, since: 100)
        #expect(report.replacements.map(\.cause) == ["drifted", "failed"])
        #expect(report.replacements.map(\.count) == [2, 1])
        #expect(report.drifted == 2)
        #expect(report.changeFailureRate == nil && report.medianTimeToStable == nil)
    }
}
