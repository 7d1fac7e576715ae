/// Durations as people write them: a whole number and a unit, such as `500ms`, `10s`, `5m`, `1h`.
package enum DurationText {
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("h", 3_600_000), ("m", 60000), ("s", 1000), ("ms", 1),
    ]
    /// Longer than anything an instance or a rollout waits for.
    private static let limit: Int64 = 30 * 24 * 3_600_000

    static let pattern = "^(0|[1-9][0-9]{0,9})(ms|s|m|h)$"

    package static func parse(_ text: String) throws(ValueError) -> Duration {
        let digits = text.prefix { ("0"..."9").contains($0) }
        let unit = text.dropFirst(digits.count)
        guard !digits.isEmpty, digits.count <= 10, digits == "0" || digits.first != "0",
            let count = Int64(digits),
            let scale = units.first(where: { $0.name == unit })?.milliseconds
        else {
            throw ValueError(
                "bad-duration",
                "\"\(text)\" is no duration",
                hint: hint(digits: digits, unit: unit)
            )
        }
        guard count <= limit / scale else {
            throw ValueError(
                "bad-duration",
                "\"\(text)\" is longer than 30 days",
                hint: "the longest is 720h"
            )
        }
        return .milliseconds(count * scale)
    }

    /// The shortest way to write it.
    package static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        let unit =
            milliseconds == 0 ? units[2] : units.first { milliseconds % $0.milliseconds == 0 } ?? units[3]
        return "\(milliseconds / unit.milliseconds)\(unit.name)"
    }

    private static func hint(digits: Substring, unit: Substring) -> String {
        guard !digits.isEmpty, digits.count <= 10, digits == "0" || digits.first != "0" else {
            return "a whole number and a unit: 500ms, 10s, 5m or 1h"
        }
        switch unit.drop(while: { $0 == " " }).lowercased() {
        case "": return "add the unit: \(digits)s, \(digits)ms, \(digits)m or \(digits)h"
        case "sec", "secs", "second", "seconds", "s": return "write \(digits)s"
        case "min", "mins", "minute", "minutes", "m": return "write \(digits)m"
        case "hour", "hours", "hr", "hrs", "h": return "write \(digits)h"
        case "msec", "millis", "milliseconds", "ms": return "write \(digits)ms"
        case "d", "day", "days":
            guard let days = Int(digits), days <= 30 else { return "the longest is 720h" }
            return "write \(days * 24)h"
        default: return "a whole number and a unit: 500ms, 10s, 5m or 1h"
        }
    }
}
