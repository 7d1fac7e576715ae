/// A moment as RFC 3339 writes it, with the offset it was written in.
struct Timestamp {
    /// Since 1970, in UTC.
    var seconds: Int
    var nanoseconds: Int
    /// East of UTC, in minutes.
    let offset: Int
    let isUTC: Bool

    init(_ text: String) throws(ConversionError) {
        let bytes = Array(text.utf8)
        var at = 0
        func number(_ count: Int, then mark: Character?) throws(ConversionError) -> Int {
            guard at + count <= bytes.count, bytes[at..<at + count].allSatisfy({ (48...57).contains($0) })
            else {
                throw Self.refused(text)
            }
            let value = bytes[at..<at + count].reduce(0) { $0 * 10 + Int($1) - 48 }
            at += count
            if let mark {
                guard at < bytes.count, bytes[at] == mark.asciiValue else { throw Self.refused(text) }
                at += 1
            }
            return value
        }
        let (year, month) = (try number(4, then: "-"), try number(2, then: "-"))
        let (day, hour) = (try number(2, then: "T"), try number(2, then: ":"))
        let (minute, second) = (try number(2, then: ":"), try number(2, then: nil))
        guard (1...12).contains(month), day >= 1, day <= Calendar.days(year, month), hour < 24, minute < 60,
            second < 60
        else { throw Self.refused(text) }
        nanoseconds = 0
        if at < bytes.count, bytes[at] == 46 {
            let digits = bytes[(at + 1)...].prefix { (48...57).contains($0) }
            guard !digits.isEmpty, digits.count <= 9 else { throw Self.refused(text) }
            nanoseconds = (0..<9).reduce(0) {
                $0 * 10 + ($1 < digits.count ? Int(digits[digits.startIndex + $1]) - 48 : 0)
            }
            at += digits.count + 1
        }
        guard at < bytes.count else { throw Self.refused(text) }
        let sign = bytes[at]
        at += 1
        isUTC = sign == 90
        var east = 0
        if !isUTC {
            guard sign == 43 || sign == 45 else { throw Self.refused(text) }
            let (hours, minutes) = (try number(2, then: ":"), try number(2, then: nil))
            guard hours < 24, minutes < 60 else { throw Self.refused(text) }
            east = (sign == 45 ? -1 : 1) * (hours * 60 + minutes)
        }
        offset = east
        guard at == bytes.count else { throw Self.refused(text) }
        seconds = Calendar.day(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset * 60
    }

    private static func refused(_ text: String) -> ConversionError {
        ConversionError(
            message: "\"\(text.prefix(40))\" is no RFC 3339 timestamp such as 2006-01-02T15:04:05Z"
        )
    }

    /// Parts of the date and time at its offset.
    var local: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, weekday: Int) {
        let total = seconds + offset * 60
        let days = Int((Double(total) / 86_400).rounded(.down))
        let rest = total - days * 86_400
        let (year, month, day) = Calendar.date(days)
        // 1970 began on a Thursday.
        return (year, month, day, rest / 3600, rest / 60 % 60, rest % 60, ((days + 4) % 7 + 7) % 7)
    }

    var description: String {
        let parts = local
        let date = padded(parts.year, 4) + "-" + padded(parts.month, 2) + "-" + padded(parts.day, 2)
        let time = padded(parts.hour, 2) + ":" + padded(parts.minute, 2) + ":" + padded(parts.second, 2)
        return date + "T" + time + zone(colon: true, utc: "Z")
    }

    func zone(colon: Bool, utc: String?) -> String {
        if offset == 0, let utc { return utc }
        let size = abs(offset)
        return (offset < 0 ? "-" : "+") + padded(size / 60, 2) + (colon ? ":" : "") + padded(size % 60, 2)
    }

    func padded(_ value: Int, _ width: Int) -> String {
        let text = String(abs(value))
        return (value < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - text.count)) + text
    }

    func adding(nanoseconds added: Int) -> Timestamp {
        var copy = self
        let total = nanoseconds + added % 1_000_000_000
        copy.seconds += added / 1_000_000_000 + (total < 0 ? -1 : total / 1_000_000_000)
        copy.nanoseconds = ((total % 1_000_000_000) + 1_000_000_000) % 1_000_000_000
        return copy
    }
}

/// Days of the proleptic Gregorian calendar, counted from 1970.
private enum Calendar {
    static func days(_ year: Int, _ month: Int) -> Int {
        if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
        return [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Years begin in March here, so that the leap day is the last.
    static func day(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let place = (5 * dayOfYear + 2) / 153
        let month = place < 10 ? place + 3 : place - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * place + 2) / 5 + 1)
    }
}
