package import KilnFleet

/// What a worker counted of each server (HAProxy management guide, "show stat"). Pure.
package enum BalancerCounts {
    /// What the instance answered, by the class of its status.
    private static let answers = ["hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other"]
    /// No connection, no whole answer, sent to another instead.
    private static let unanswered = ["econ", "eresp", "wredis"]

    package static func read(_ stat: String) -> [InstanceID: RequestCounts] {
        var counts: [InstanceID: RequestCounts] = [:]
        for (name, cell) in StatTable.servers(stat) {
            func sum(_ columns: [String]) -> Int {
                columns.reduce(0) { $0 + count(cell($1)) }
            }
            let lost = sum(unanswered)
            counts[InstanceID(name)] = RequestCounts(
                requests: sum(answers) + lost,
                errors: count(cell("hrsp_5xx")) + lost,
                // The mean of the newest 512 answers.
                latency: .milliseconds(count(cell("rtime")))
            )
        }
        return counts
    }

    /// The number of the process that answers; nil when it does not say.
    package static func process(_ info: String) -> Int32? {
        info.split(separator: "\n").first { $0.hasPrefix("Pid: ") }.flatMap { Int32($0.dropFirst(5)) }
    }

    private static func count(_ text: String) -> Int { min(max(0, Int(text) ?? 0), 1 << 48) }
}
