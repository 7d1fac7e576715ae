/// What came of a load.
struct Tally {
    var latencies: [Kind: Latencies] = [:]
    /// By kind and reason.
    var failures: [String: Int] = [:]
    /// GETs whose kept connection was closed before a byte of the answer came, sent once more as RFC 9110 (9.2.2) allows.
    var retried = 0
    /// Ids of posts that got their answer, and of those that did not.
    var acknowledged: Set<String> = []
    var unanswered: Set<String> = []
    /// Seconds.
    var duration = 0.0

    /// What is sent; named as the table names it.
    enum Kind: String, CaseIterable {
        case short = "GET"
        case post = "POST"
        case slow = "long GET"
        case upload = "upload"
        case talk = "websocket"
    }

    var answered: Int { latencies.values.reduce(0) { $0 + $1.count } }
    var failed: Int { failures.values.reduce(0, +) }

    mutating func answered(_ kind: Kind, after seconds: Double) {
        latencies[kind, default: Latencies()].add(seconds: seconds)
    }

    mutating func failed(_ kind: Kind, _ reason: String) {
        failures["\(kind.rawValue): \(reason)", default: 0] += 1
    }

    /// Both together.
    func merging(_ other: Tally) -> Tally {
        var both = self
        for (kind, latencies) in other.latencies { both.latencies[kind, default: Latencies()].add(latencies) }
        both.failures.merge(other.failures, uniquingKeysWith: +)
        both.retried += other.retried
        both.acknowledged.formUnion(other.acknowledged)
        both.unanswered.formUnion(other.unanswered)
        both.duration += other.duration
        return both
    }

    /// Of the short requests, in milliseconds.
    func milliseconds(_ part: Double) -> Double {
        (latencies[.short]?.quantile(part) ?? 0) * 1000
    }
}
