package import KilnRollout

/// What a balancer's process counted of one instance since it began.
package struct RequestCounts: Sendable, Hashable {
    package var requests: Int
    /// Answered with 500 or above, or not at all.
    package var errors: Int
    /// The mean time to an answer, of the newest requests.
    package var latency: Duration

    package init(requests: Int, errors: Int, latency: Duration) {
        self.requests = requests
        self.errors = errors
        self.latency = latency
    }
}

/// What all processes of a fleet's balancer counted, at one moment.
///
/// Each counts for itself and from zero: a reload begins a new one, while the old one finishes what it has and goes.
package struct TrafficCounters: Sendable, Hashable {
    /// By the process that counted.
    package var counts: [Int32: [InstanceID: RequestCounts]]

    package init(_ counts: [Int32: [InstanceID: RequestCounts]] = [:]) {
        self.counts = counts
    }

    /// What came since an earlier moment. What a process counted between that and its end is lost with it.
    package func since(_ earlier: TrafficCounters) -> [InstanceID: TrafficSample] {
        var samples: [InstanceID: TrafficSample] = [:]
        for (process, instances) in counts {
            for (id, now) in instances {
                let before = earlier.counts[process]?[id]
                samples[id] = (samples[id] ?? .none) + Self.difference(now, before)
            }
        }
        return samples
    }

    /// The same with what was known earlier of a process or instance that did not tell this time: what it tells next is not all new.
    package func carrying(_ earlier: TrafficCounters) -> TrafficCounters {
        TrafficCounters(
            earlier.counts.merging(counts) { before, now in before.merging(now) { $1 } }
        )
    }

    /// A count that went back began anew.
    private static func difference(_ now: RequestCounts, _ before: RequestCounts?) -> TrafficSample {
        guard let before, before.requests <= now.requests, before.errors <= now.errors else {
            return TrafficSample(requests: now.requests, errors: now.errors, latency: now.latency)
        }
        return TrafficSample(
            requests: now.requests - before.requests,
            errors: min(now.errors - before.errors, now.requests - before.requests),
            latency: now.latency
        )
    }
}
