import KilnDefinition
package import KilnFleet

/// What a worker counted of each instance, at all its ports that speak HTTP (HAProxy management guide, "show stat"). Pure.
package enum BalancerCounts {
    /// What the instance answered, by the class of its status.
    private static let answers = ["hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other"]
    /// No connection, no whole answer, sent to another instead.
    private static let unanswered = ["econ", "eresp", "wredis"]

    package static func read(_ stat: String) -> [InstanceID: RequestCounts] {
        var counts: [InstanceID: RequestCounts] = [:]
        for (id, cell) in StatTable.servers(stat) where cell("mode") != Listener.Mode.tcp.rawValue {
            func sum(_ columns: [String]) -> Int {
                columns.reduce(0) { $0 + count(cell($1)) }
            }
            let lost = sum(unanswered)
            let own = RequestCounts(
                requests: sum(answers) + lost,
                errors: count(cell("hrsp_5xx")) + lost,
                // The mean of the newest 512 answers.
                latency: .milliseconds(count(cell("rtime")))
            )
            let instance = InstanceID(id.instance)
            counts[instance] = counts[instance].map { $0.with(own) } ?? own
        }
        return counts
    }

    /// The number of the process that answers; nil when it does not say.
    package static func process(_ info: String) -> Int32? {
        info.split(separator: "\n").first { $0.hasPrefix("Pid: ") }.flatMap { Int32($0.dropFirst(5)) }
    }

    private static func count(_ text: String) -> Int { min(max(0, Int(text) ?? 0), 1 << 48) }
}

extension RequestCounts {
    /// Another port's on top; the mean time is that of both, each by its requests.
    fileprivate func with(_ other: RequestCounts) -> RequestCounts {
        let total = requests + other.requests
        let share = total > 0 ? Double(other.requests) / Double(total) : 0
        return RequestCounts(
            requests: total,
            errors: errors + other.errors,
            latency: latency * (1 - share) + other.latency * share
        )
    }
}
