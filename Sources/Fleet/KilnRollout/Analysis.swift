/// What the balancer counted of a set of instances in one stretch of time.
package struct TrafficSample: Sendable, Hashable {
    package var requests: Int
    /// Answered with 500 or above, or not at all.
    package var errors: Int
    /// The mean time to an answer.
    package var latency: Duration

    package init(requests: Int, errors: Int, latency: Duration) {
        self.requests = requests
        self.errors = errors
        self.latency = latency
    }

    package static let none = TrafficSample(requests: 0, errors: 0, latency: .zero)

    /// Both together; the mean weighs each by its requests.
    package static func + (left: TrafficSample, right: TrafficSample) -> TrafficSample {
        let requests = left.requests + right.requests
        guard requests > 0 else { return .none }
        return TrafficSample(
            requests: requests,
            errors: left.errors + right.errors,
            latency: (left.latency * left.requests + right.latency * right.requests) / requests
        )
    }
}

/// Whether a release does as well as the stable one.
package enum AnalysisVerdict: Sendable, Hashable {
    case success
    case failed(reason: String)
    /// A person has to decide.
    case inconclusive(reason: String)
}

/// How much worse than the stable release a new one may do. Pure: compares what was counted.
package struct Analysis: Sendable, Hashable {
    /// Requests that each side must have had before anything is said of it.
    package let minRequests: Int
    /// In points of a hundred requests above the baseline's.
    package let maxErrorIncrease: Double
    /// In percent of the baseline's.
    package let maxLatencyIncrease: Double
    /// How far measurements lie apart; one that has too few requests goes on for another.
    package let interval: Duration
    /// So many measurements may be failures; one more ends the release.
    package let failures: Int

    /// Differences below are the machine's, not the release's.
    static let latencyFloor = Duration.milliseconds(5)

    package init(
        minRequests: Int = 100,
        maxErrorIncrease: Double = 1,
        maxLatencyIncrease: Double = 50,
        interval: Duration = .seconds(10),
        failures: Int = 1
    ) {
        self.minRequests = minRequests
        self.maxErrorIncrease = maxErrorIncrease
        self.maxLatencyIncrease = maxLatencyIncrease
        self.interval = interval
        self.failures = failures
    }

    /// Twice as bad as allowed, or bad beyond what chance explains, is failed; between that and allowed nobody can say.
    package func verdict(canary: TrafficSample, baseline: TrafficSample) -> AnalysisVerdict {
        guard canary.requests >= minRequests, baseline.requests >= minRequests else {
            let least = min(canary.requests, baseline.requests)
            return .inconclusive(
                reason: "\(least) requests are too few to compare, \(minRequests) are needed"
            )
        }
        let verdicts = [errors(canary, baseline), latency(canary, baseline)]
        for case .failed(let reason) in verdicts { return .failed(reason: reason) }
        for case .inconclusive(let reason) in verdicts { return .inconclusive(reason: reason) }
        return .success
    }

    private func errors(_ canary: TrafficSample, _ baseline: TrafficSample) -> AnalysisVerdict {
        let (bad, usual) = (Self.errorRate(canary), Self.errorRate(baseline))
        let increase = bad - usual
        guard increase > maxErrorIncrease else { return .success }
        let reason =
            "\(Self.words(bad)) % of its requests fail, \(Self.words(usual)) % of the stable release's"
        return increase * increase > Self.noise(canary, baseline)
            ? .failed(reason: reason) : .inconclusive(reason: reason)
    }

    private func latency(_ canary: TrafficSample, _ baseline: TrafficSample) -> AnalysisVerdict {
        let increase = canary.latency - baseline.latency
        let allowed = max(Self.latencyFloor, baseline.latency * (maxLatencyIncrease / 100))
        guard increase > allowed else { return .success }
        let reason =
            "it answers in \(Self.milliseconds(canary.latency)) ms on average, the stable release in "
            + "\(Self.milliseconds(baseline.latency)) ms"
        return increase > allowed * 2 ? .failed(reason: reason) : .inconclusive(reason: reason)
    }

    /// The square of three standard errors of the difference of two rates, in points of a hundred.
    private static func noise(_ canary: TrafficSample, _ baseline: TrafficSample) -> Double {
        let requests = Double(canary.requests + baseline.requests)
        let rate = Double(canary.errors + baseline.errors) / requests
        let variance =
            rate * (1 - rate) * (1 / Double(canary.requests) + 1 / Double(baseline.requests))
        return 90_000 * variance
    }

    private static func errorRate(_ sample: TrafficSample) -> Double {
        100 * Double(sample.errors) / Double(sample.requests)
    }

    /// Such as `2.1 % errors of 480 requests against 0.2 % of 470, 12 ms against 11 ms`.
    package static func comparison(canary: TrafficSample, baseline: TrafficSample) -> String {
        func rate(_ sample: TrafficSample) -> String {
            sample.requests == 0 ? "none" : "\(words(errorRate(sample))) %"
        }
        return "\(rate(canary)) errors of \(canary.requests) requests against \(rate(baseline)) of "
            + "\(baseline.requests), \(milliseconds(canary.latency)) ms against \(milliseconds(baseline.latency)) ms"
    }

    private static func words(_ percent: Double) -> String {
        let tenths = Int(percent * 10 + 0.5)
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }

    private static func milliseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
    }
}
