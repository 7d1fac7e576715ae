/// Days of the calendar, and numbers of days.
enum DayText {
    static let pattern = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
    static let countPattern = "^[1-9][0-9]{0,3}d$"

    static func parse(_ text: String) throws(ValueError) -> String {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2], let year = number(parts[0]), let month = number(parts[1]),
            let day = number(parts[2]), (1...12).contains(month), day >= 1, day <= length(of: month, year)
        else { throw ValueError("bad-day", "\"\(text)\" is no day", hint: "year, month and day: 2026-12-31") }
        return text
    }

    static func count(_ text: String) throws(ValueError) -> Int {
        guard text.last == "d", let days = number(text.dropLast()), (1...9999).contains(days) else {
            throw ValueError("bad-days", "\"\(text)\" is no number of days", hint: "such as 90d")
        }
        return days
    }

    private static func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (48...57).contains($0) } ? Int(text) : nil
    }

    private static func length(of month: Int, _ year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }
}

extension Syntax where Value == String {
    static var day: Syntax {
        .scalar(
            "day",
            expected: "a day such as 2026-12-31",
            schema: pattern(DayText.pattern),
            shown: { .string($0) },
            parse: { text throws(ValueError) in try DayText.parse(text) }
        )
    }
}

extension Syntax where Value == Int {
    static var days: Syntax {
        .scalar(
            "number of days",
            expected: "a number of days such as 90d",
            schema: ["type": "string", "pattern": .string(DayText.countPattern)],
            shown: { .string("\($0)d") },
            parse: { text throws(ValueError) in try DayText.count(text) }
        )
    }
}
