import KilnDefinition
import KilnFleet
import KilnRollout
import Testing

@Suite struct `Health verdicts` {
    private static let health = HealthDefinition(probe: .tcp(port: 1), healthy: 2, unhealthy: 3)

    /// `+` passes, `-` fails, one a second from 0 on.
    @Test(arguments: [
        ("+", "unknown"), ("++", "passing since 0"), ("--", "unknown"), ("---", "failing since 0"),
        ("-++", "passing since 1"), ("++--", "passing since 0"), ("++--+", "passing since 0"),
        ("++---", "failing since 2"), ("++---+", "failing since 2"), ("++---++", "passing since 5"),
        ("+-+-+-", "unknown"),
    ])
    func `need so many equal answers in a row, and count from the first of them`(
        answers: String,
        expected: String
    ) {
        var tracker = HealthTracker(Self.health)
        for (second, answer) in answers.enumerated() {
            tracker.record(
                answer == "+" ? .passed : .failed(reason: "no"),
                at: Instant(nanoseconds: Int64(second) * 1_000_000_000)
            )
        }
        let verdict =
            switch tracker.verdict {
            case .unknown: "unknown"
            case .passing(let since): "passing since \(since.nanoseconds / 1_000_000_000)"
            case .failing(let since, _): "failing since \(since.nanoseconds / 1_000_000_000)"
            }
        #expect(verdict == expected)
    }

    @Test func `without a health check are given by one answer`() {
        var tracker = HealthTracker(nil)
        tracker.record(.passed, at: .zero)
        #expect(tracker.verdict == .passing(since: .zero))
    }
}
