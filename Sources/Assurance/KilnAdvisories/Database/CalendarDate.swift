/// A day of the Gregorian calendar, without a time zone.
package struct CalendarDate: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let year: Int
    package let month: Int
    package let day: Int

    /// nil when there is no such day.
    package init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1,
            day <= Self.length(of: month, year)
        else {
            return nil
        }
        self.year = year
        self.month = month
        self.day = day
    }

    /// Reads `2026-11-25`.
    package init?(parsing text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.count == 10, parts.count == 3, parts.map(\.utf8.count) == [4, 2, 2],
            text.utf8.allSatisfy({ $0.isDigit || $0 == UInt8(ascii: "-") }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    package var description: String {
        func padded(_ value: Int, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }

    package static func < (left: CalendarDate, right: CalendarDate) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }

    private static func length(of month: Int, _ year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Days since 1970-01-01.
    package var dayNumber: Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The day with this number since 1970-01-01; nil outside of the years 1 to 9999.
    package init?(dayNumber: Int) {
        guard Self.dayNumbers.contains(dayNumber) else { return nil }
        self.init(clamping: dayNumber)
    }

    /// The same with days outside moved to its ends.
    fileprivate init(clamping dayNumber: Int) {
        let shifted = min(max(dayNumber, Self.dayNumbers.lowerBound), Self.dayNumbers.upperBound) + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    }

    private static let dayNumbers = -719_162...2_932_896
}

/// A moment to the second, UTC, as advisories give it.
package struct Moment: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Since 1970-01-01T00:00:00Z.
    package let seconds: Int64

    /// Moments far outside of the calendar are moved to its ends.
    package init(seconds: Int64) {
        self.seconds = min(max(seconds, -62_135_596_800), 253_402_300_799)
    }

    /// Reads RFC 3339 and what advisories make of it: `2023-07-25 16:31:58.3+00:00`, a day alone. Fractions are dropped, and the year 1, which Go writes for "unknown", is none.
    package init?(parsing text: String) {
        guard let date = CalendarDate(parsing: String(text.prefix(10))), date.year > 1 else { return nil }
        var cursor = ByteCursor(Array(text.utf8.dropFirst(10))[...])
        var seconds = Int64(date.dayNumber) * 86_400
        if cursor.take("T") || cursor.take("t") || cursor.take(" ") {
            let parts = (0..<3).map { place -> Int64? in
                if place > 0, !cursor.take(":") { return nil }
                let digits = cursor.digits()
                return digits.count == 2 ? Int64(String(decoding: digits, as: UTF8.self)) : nil
            }
            guard let hour = parts[0], let minute = parts[1], let second = parts[2], hour < 24, minute < 60,
                second <= 60
            else { return nil }
            seconds += hour * 3600 + minute * 60 + second
            if cursor.take(".") { _ = cursor.digits() }
            guard let offset = Self.offset(&cursor) else { return nil }
            seconds -= offset
        }
        guard cursor.isAtEnd else { return nil }
        self.seconds = seconds
    }

    private static func offset(_ cursor: inout ByteCursor) -> Int64? {
        if cursor.isAtEnd || cursor.take("Z") || cursor.take("z") { return 0 }
        let isNegative = cursor.take("-")
        guard isNegative || cursor.take("+") else { return nil }
        let hours = Int64(String(decoding: cursor.digits(), as: UTF8.self))
        guard cursor.take(":"), let hours, hours < 24,
            let minutes = Int64(String(decoding: cursor.digits(), as: UTF8.self)), minutes < 60
        else { return nil }
        return (isNegative ? -1 : 1) * (hours * 3600 + minutes * 60)
    }

    private var dayNumber: Int { Int(seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400) }

    /// The day that it is in.
    package var day: CalendarDate { CalendarDate(clamping: dayNumber) }

    /// `2026-11-25T00:00:00Z`.
    package var description: String {
        let rest = Int(seconds) - dayNumber * 86_400
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(day)T\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
    }

    package static func < (left: Moment, right: Moment) -> Bool { left.seconds < right.seconds }
}
