/// A moment as RFC 3339 writes it, with the offset it was written in.
struct Timestamp {
    /// Since 1970, in UTC.
    var seconds: Int
    var nanoseconds: Int
    /// East of UTC, in minutes.
    let offset: Int
    let isUTC: Bool

    init(_ text: String) throws(ConversionError) {
        var reader = TimestampReader(text)
        let (year, month) = (try reader.number(4, then: "-"), try reader.number(2, then: "-"))
        let (day, hour) = (try reader.number(2, then: "T"), try reader.number(2, then: ":"))
        let (minute, second) = (try reader.number(2, then: ":"), try reader.number(2, then: nil))
        guard (1...12).contains(month), day >= 1, day <= Calendar.days(year, month), hour < 24, minute < 60,
            second < 60
        else { throw reader.refused }
        nanoseconds = try reader.fraction()
        (offset, isUTC) = try reader.zone()
        seconds = Calendar.day(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset * 60
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

/// Reads an RFC 3339 timestamp part by part.
private struct TimestampReader {
    private let text: String
    private let bytes: [UInt8]
    private var at = 0

    init(_ text: String) {
        self.text = text
        bytes = Array(text.utf8)
    }

    var refused: ConversionError {
        ConversionError(
            message: "\"\(text.prefix(40))\" is no RFC 3339 timestamp such as 2006-01-02T15:04:05Z"
        )
    }

    /// So many digits, and the mark behind them.
    mutating func number(_ count: Int, then mark: Character?) throws(ConversionError) -> Int {
        guard at + count <= bytes.count, bytes[at..<at + count].allSatisfy(Self.isDigit) else {
            throw refused
        }
        let value = bytes[at..<at + count].reduce(0) { $0 * 10 + Int($1) - 48 }
        at += count
        if let mark {
            guard at < bytes.count, bytes[at] == mark.asciiValue else { throw refused }
            at += 1
        }
        return value
    }

    /// Nanoseconds; 0 where no point follows.
    mutating func fraction() throws(ConversionError) -> Int {
        guard at < bytes.count, bytes[at] == 46 else { return 0 }
        let digits = bytes[(at + 1)...].prefix(while: Self.isDigit)
        guard !digits.isEmpty, digits.count <= 9 else { throw refused }
        at += digits.count + 1
        return (0..<9).reduce(0) {
            $0 * 10 + ($1 < digits.count ? Int(digits[digits.startIndex + $1]) - 48 : 0)
        }
    }

    /// `Z`, or minutes east of UTC; nothing follows it.
    mutating func zone() throws(ConversionError) -> (offset: Int, isUTC: Bool) {
        guard at < bytes.count else { throw refused }
        let sign = bytes[at]
        at += 1
        var east = 0
        if sign != 90 {
            guard sign == 43 || sign == 45 else { throw refused }
            let (hours, minutes) = (try number(2, then: ":"), try number(2, then: nil))
            guard hours < 24, minutes < 60 else { throw refused }
            east = (sign == 45 ? -1 : 1) * (hours * 60 + minutes)
        }
        guard at == bytes.count else { throw refused }
        return (east, sign == 90)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}
