/// How much worse than the stable release a canary may do, by what the balancer counts of both.
package struct AnalysisDefinition: Sendable, Hashable, Codable {
    /// In points of a hundred requests above the stable release's.
    package var errorRate: Double
    /// How many times the stable release's mean time to an answer.
    package var latency: Double
    /// That each side must have had before it is compared.
    package var minRequests: Int
    /// How many measurements may find it worse.
    package var failures: Int
    /// How far measurements lie apart.
    package var interval: Duration

    package init(
        errorRate: Double = 1,
        latency: Double = 1.5,
        minRequests: Int = 100,
        failures: Int = 1,
        interval: Duration = .seconds(10)
    ) {
        self.errorRate = errorRate
        self.latency = latency
        self.minRequests = minRequests
        self.failures = failures
        self.interval = interval
    }

    /// The least time in which it can find a release worse.
    package var leastTime: Duration { interval * (failures + 1) }
}
