extension StandardFunctions {
    static let dates: [String: HCLFunction] = [
        "formatdate": HCLFunction([.string, .string]) { values throws(ConversionError) in
            .string(try DateFormat.text(Array(values.text(0).utf8), try Timestamp(values.text(1))))
        }.giving(.string),
        "timeadd": HCLFunction([.string, .string]) { values throws(ConversionError) in
            let start = try Timestamp(values.text(0))
            return .string(start.adding(nanoseconds: try nanoseconds(values.text(1))).description)
        }.giving(.string),
        "timecmp": HCLFunction([.string, .string]) { values throws(ConversionError) in
            let (left, right) = (try Timestamp(values.text(0)), try Timestamp(values.text(1)))
            let (a, b) = ((left.seconds, left.nanoseconds), (right.seconds, right.nanoseconds))
            return .number(a < b ? -1 : (a == b ? 0 : 1))
        }.giving(.number),
    ]

    /// Numbers with units in a row, such as `1h30m` or `-1.5s`.
    private static func nanoseconds(_ text: String) throws(ConversionError) -> Int {
        let refused = ConversionError(message: "\"\(text.prefix(40))\" is no duration such as 1h30m")
        let units: [(String, Double)] = [
            ("ns", 1), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10),
            ("h", 3.6e12),
        ]
        let isNegative = text.hasPrefix("-")
        var rest = isNegative || text.hasPrefix("+") ? text.dropFirst() : text[...]
        guard !rest.isEmpty, text.utf8.count < 200 else { throw refused }
        if rest == "0" { return 0 }
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { !($0.isASCII && $0.isNumber) && $0 != "." }
            guard let unit = units.first(where: { $0.0 == name }), let value = Double(digits) else {
                throw refused
            }
            total += value * unit.1
            rest = rest.dropFirst(name.count)
        }
        guard total < 9.2e18 else { throw refused }
        return Int(isNegative ? -total : total)
    }
}

/// `formatdate`'s letters: repeated ones say how much is shown, quotes hold what is shown as it stands.
private enum DateFormat {
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
        "November", "December",
    ]
    private static let weekdays = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]

    static func text(_ format: [UInt8], _ time: Timestamp) throws(ConversionError) -> String {
        var (result, at): ([UInt8], Int) = ([], 0)
        while at < format.count {
            let byte = format[at]
            if byte == 39 {
                result += try literal(format, &at)
            } else if (65...90).contains(byte) || (97...122).contains(byte) {
                let start = at
                while at < format.count, format[at] == byte { at += 1 }
                result += try verb(byte, at - start, time).utf8
            } else {
                result.append(byte)
                at += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// A quote twice is a quote, within quotes too.
    private static func literal(_ format: [UInt8], _ at: inout Int) throws(ConversionError) -> [UInt8] {
        at += 1
        if at < format.count, format[at] == 39 {
            at += 1
            return [39]
        }
        var result: [UInt8] = []
        while at < format.count {
            if format[at] == 39 {
                at += 1
                guard at < format.count, format[at] == 39 else { return result }
            }
            result.append(format[at])
            at += 1
        }
        throw ConversionError(message: "a quote is not closed")
    }

    private static func verb(
        _ letter: UInt8,
        _ count: Int,
        _ time: Timestamp
    ) throws(ConversionError) -> String {
        let parts = time.local
        let hour = parts.hour % 12 == 0 ? 12 : parts.hour % 12
        switch (Character(Unicode.Scalar(letter)), count) {
        case ("Y", 2): return time.padded(parts.year % 100, 2)
        case ("Y", 4): return time.padded(parts.year, 4)
        case ("M", 1), ("M", 2): return time.padded(parts.month, count)
        case ("M", 3): return String(months[parts.month - 1].prefix(3))
        case ("M", 4): return months[parts.month - 1]
        case ("D", 1), ("D", 2): return time.padded(parts.day, count)
        case ("E", 3): return String(weekdays[parts.weekday].prefix(3))
        case ("E", 4): return weekdays[parts.weekday]
        case ("h", 1), ("h", 2): return time.padded(parts.hour, count)
        case ("H", 1), ("H", 2): return time.padded(hour, count)
        case ("A", 2): return parts.hour < 12 ? "AM" : "PM"
        case ("a", 2): return parts.hour < 12 ? "am" : "pm"
        case ("m", 1), ("m", 2): return time.padded(parts.minute, count)
        case ("s", 1), ("s", 2): return time.padded(parts.second, count)
        case ("Z", 1): return time.zone(colon: true, utc: "Z")
        case ("Z", 3): return time.zone(colon: false, utc: "UTC")
        case ("Z", 4): return time.zone(colon: false, utc: nil)
        case ("Z", 5): return time.zone(colon: true, utc: nil)
        default:
            let shown = String(repeating: Character(Unicode.Scalar(letter)), count: min(count, 20))
            throw ConversionError(message: "\"\(shown)\" is no part of a date")
        }
    }
}
