import Glibc

/// The date at the end of a changelog entry (deb-changelog(5)): ` -- Name <mail>  Tue, 05 Sep 2023 18:21:02 +0000`.
enum TrailerDate {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Seconds since 1970; nil for what is no such line.
    static func time(in line: Substring) -> Int64? {
        guard let end = line.lastIndex(of: ">") else { return nil }
        let words = line[line.index(after: end)...].split(separator: " ")
        // The day of the week may be missing in old entries.
        guard let first = words.first else { return nil }
        let date = first.hasSuffix(",") ? Array(words.dropFirst()) : words
        guard date.count >= 5, let day = Int32(date[0]), (1...31).contains(day),
            let month = months.firstIndex(of: String(date[1])), let year = Int32(date[2]),
            (1970...9999).contains(year), let zone = offset(date[4])
        else { return nil }
        let clock = date[3].split(separator: ":").map { Int32($0) }
        guard clock.count == 3, let hour = clock[0], let minute = clock[1], let second = clock[2],
            (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        var parts = tm()
        parts.tm_year = year - 1900
        parts.tm_mon = Int32(month)
        parts.tm_mday = day
        parts.tm_hour = hour
        parts.tm_min = minute
        parts.tm_sec = second
        return Int64(timegm(&parts)) - zone
    }

    /// `+0200` in seconds.
    private static func offset(_ text: Substring) -> Int64? {
        guard text.count == 5, let sign = text.first, "+-".contains(sign),
            let number = Int64(text.dropFirst())
        else { return nil }
        let seconds = (number / 100) * 3600 + (number % 100) * 60
        return sign == "-" ? -seconds : seconds
    }
}
