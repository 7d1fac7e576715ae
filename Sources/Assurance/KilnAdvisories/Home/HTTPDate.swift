/// Dates of HTTP headers (RFC 9110, section 5.6.7): `Wed, 25 Nov 2026 07:28:00 GMT`.
enum HTTPDate {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Since 1970; nil for what is no date of the preferred form.
    static func seconds(_ text: String) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = Int(words[1]), let year = Int(words[3]),
            let month = months.firstIndex(of: String(words[2])),
            let date = CalendarDate(year: year, month: month + 1, day: day)
        else { return nil }
        let parts = words[4].split(separator: ":").compactMap { Int($0) }
        guard parts.count == 3, parts[0] < 24, parts[1] < 60, parts[2] <= 60, parts.allSatisfy({ $0 >= 0 })
        else {
            return nil
        }
        return Int64(date.dayNumber * 86_400 + parts[0] * 3600 + parts[1] * 60 + parts[2])
    }
}
