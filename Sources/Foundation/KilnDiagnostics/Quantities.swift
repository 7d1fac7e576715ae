/// Numbers as people read them.
package enum Quantities {
    /// `1 file`, `2 files`.
    package static func count(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    /// `950 B`, `1.4 MiB`: three digits at most before the unit.
    package static func bytes(_ count: Int64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var value = Double(count)
        var unit = 0
        while value >= 1000, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return unit == 0 ? "\(count) B" : "\(fixed(value, digits: value < 100 ? 1 : 0)) \(units[unit])"
    }

    /// `0.4 s`, `12.3 s`, `3m05s`, `2h10m`.
    package static func duration(_ duration: Duration) -> String {
        let seconds = inSeconds(duration)
        if seconds < 60 { return "\(fixed(seconds, digits: 1)) s" }
        let whole = Int(seconds)
        if whole < 3600 { return "\(whole / 60)m\(twoDigits(whole % 60))s" }
        if whole < 86400 { return "\(whole / 3600)h\(twoDigits(whole % 3600 / 60))m" }
        return "\(whole / 86400)d\(twoDigits(whole % 86400 / 3600))h"
    }

    /// `0.42 s`: for what mostly takes less than a second.
    package static func milliseconds(_ duration: Duration) -> String {
        guard duration < .seconds(10) else { return self.duration(duration) }
        let hundredths = Int((inSeconds(duration) * 100).rounded())
        return "\(hundredths / 100).\(twoDigits(hundredths % 100)) s"
    }

    /// `a, b, c and 2 more`; `-` for none.
    package static func first(_ count: Int = 3, of names: [String]) -> String {
        guard !names.isEmpty else { return "-" }
        let more = names.count > count ? " and \(names.count - count) more" : ""
        return names.prefix(count).joined(separator: ", ") + more
    }

    /// No longer than this many characters.
    package static func cut(_ text: String, to count: Int) -> String {
        text.count > count ? text.prefix(count - 1) + "…" : text
    }

    private static func inSeconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    private static func fixed(_ value: Double, digits: Int) -> String {
        let scale = digits == 0 ? 1.0 : 10.0
        let rounded = (value * scale).rounded() / scale
        return digits == 0 ? String(Int(rounded)) : String(rounded)
    }

    private static func twoDigits(_ value: Int) -> String {
        value < 10 ? "0\(value)" : String(value)
    }
}
