package import KilnDefinition
package import KilnRollout

/// Turns single answers into a verdict: so many passes in a row are healthy, so many failures unhealthy. Pure.
package struct HealthTracker: Sendable {
    private let needed: (passes: Int, failures: Int)
    private var streak = 0
    private var streakStart = Instant.zero
    private var lastPassed = false
    package private(set) var verdict = InstanceState.Health.unknown
    /// Whether it was ever found healthy.
    package private(set) var wasHealthy = false

    /// Without a health definition, being alive is what is asked, and one answer is enough.
    package init(_ health: HealthDefinition?) {
        needed = (max(1, health?.healthy ?? 1), max(1, health?.unhealthy ?? 1))
    }

    package mutating func record(_ result: ProbeResult, at now: Instant) {
        let passed = result == .passed
        if streak == 0 || passed != lastPassed {
            streak = 0
            streakStart = now
            lastPassed = passed
        }
        streak += 1
        switch result {
        case .passed:
            if case .passing = verdict { return }
            guard streak >= needed.passes else { return }
            verdict = .passing(since: streakStart)
            wasHealthy = true
        case .failed(let reason):
            if case .failing(let since, _) = verdict {
                verdict = .failing(since: since, reason: reason)
            } else if streak >= needed.failures {
                verdict = .failing(since: streakStart, reason: reason)
            }
        }
    }
}
