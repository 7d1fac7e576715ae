/// Shows one value as a verb of a format string asks.
struct VerbFormatter {
    let verb: FormatString.Verb

    func text(_ value: HCLValue) throws(ConversionError) -> String {
        guard verb.kind == 118 || !value.isNull else {
            throw ConversionError(message: "null can be shown with %v only")
        }
        switch verb.kind {
        case 118: return padded(try plain(value))
        case 116: return try value.converted(to: .bool).bool == true ? "true" : "false"
        case 115, 113:
            var text = try value.converted(to: .string).string ?? ""
            if let precision = verb.precision, precision > 0 { text = String(text.prefix(precision)) }
            return padded(verb.kind == 115 ? text : JSONText.quoted(text))
        default: return try number(try value.converted(to: .number).number ?? .zero)
        }
    }

    private func plain(_ value: HCLValue) throws(ConversionError) -> String {
        if !verb.has("#") {
            if let string = value.string { return string }
            if let number = value.number { return general(number, precision: nil) }
        }
        return try JSONText.encoded(value)
    }

    /// Widths count what a reader sees.
    private func padded(_ text: String) -> String {
        guard let width = verb.width, text.count < width else { return text }
        let filling = String(repeating: verb.has("0") ? "0" : " ", count: width - text.count)
        return verb.has("-") ? text + filling : filling + text
    }

    private func number(_ number: HCLNumber) throws(ConversionError) -> String {
        let text: String
        switch verb.kind {
        case 98, 100, 111, 120, 88:
            guard number.isInteger else { throw ConversionError(message: "a whole number is needed") }
            text = integer(number)
        case 101, 69: text = scientific(number, places: verb.precision ?? 6)
        case 102: text = fixed(number, places: verb.precision ?? 6)
        default: text = general(number, precision: verb.precision)
        }
        let sign = number.isNegative ? "-" : (verb.has("+") ? "+" : (verb.has(" ") ? " " : ""))
        let digits = text.hasPrefix("-") ? String(text.dropFirst()) : text
        let shown = [69, 71, 88].contains(verb.kind) ? digits.uppercased() : digits
        let missing = (verb.width ?? 0) - sign.count - shown.count
        guard missing > 0 else { return sign + shown }
        if verb.has("-") { return sign + shown + String(repeating: " ", count: missing) }
        return verb.has("0") && !([98, 100, 111, 120, 88].contains(verb.kind) && verb.precision != nil)
            ? sign + String(repeating: "0", count: missing) + shown
            : String(repeating: " ", count: missing) + sign + shown
    }

    private func integer(_ number: HCLNumber) -> String {
        let radix: UInt32 = [98: 2, 100: 10, 111: 8][verb.kind] ?? 16
        var digits = ""
        if radix == 10 {
            digits = String(decoding: number.mantissa.shiftedLeft(number.exponent).digits, as: UTF8.self)
        } else {
            let step = radix == 2 ? 1 : (radix == 8 ? 3 : 4)
            let whole = number.mantissa.shiftedLeft(number.exponent)
            for place in stride(from: 0, to: whole.bitWidth, by: step).reversed() {
                let digit = whole.shiftedRight(place).limbs.first.map { $0 & (radix - 1) } ?? 0
                digits += String(digit, radix: 16)
            }
        }
        if digits.isEmpty { digits = verb.precision == 0 ? "" : "0" }
        if let precision = verb.precision, digits.count < precision {
            digits = String(repeating: "0", count: precision - digits.count) + digits
        }
        guard verb.has("#") else { return digits }
        return ([98: "0b", 111: "0", 120: "0x", 88: "0x"][verb.kind] ?? "") + digits
    }

    /// Digits rounded half to even at a place behind the point; all digits are exact.
    private func rounded(_ number: HCLNumber, _ places: Int) -> (digits: [UInt8], scale: Int) {
        let power =
            number.exponent < 0
            ? number.mantissa * .powerOfFive(-number.exponent) : number.mantissa.shiftedLeft(number.exponent)
        let scale = max(0, -number.exponent)
        guard places < scale else { return (power.digits, scale) }
        let unit = Magnitude.powerOfFive(scale - places).shiftedLeft(scale - places)
        let (quotient, remainder) = power.divided(by: unit)
        let twice = remainder.shiftedLeft(1)
        let up = twice > unit || twice == unit && quotient.isOdd
        return ((up ? quotient + Magnitude(1) : quotient).digits, places)
    }

    private func fixed(_ number: HCLNumber, places: Int) -> String {
        var (digits, scale) = rounded(number, places)
        digits = Array(repeating: 48, count: max(0, scale + 1 - digits.count)) + digits
        digits += Array(repeating: 48, count: places - scale)
        if places > 0 { digits.insert(46, at: digits.count - places) }
        return String(decoding: digits, as: UTF8.self)
    }

    private func scientific(_ number: HCLNumber, places: Int) -> String {
        guard !number.isZero else { return exponential([48], places, 0) }
        let exact = number.magnitude.decimal
        // The shortest digits say where the first one stands; one more digit comes of rounding up.
        var power = exact.point - 1
        var (digits, scale) = rounded(number, places - power)
        if digits.count > places + 1, places - power <= scale {
            power += digits.count - places - 1
            digits = Array(digits.prefix(places + 1))
        }
        (digits, scale) = (digits.isEmpty ? [48] : digits, 0)
        return exponential(digits, places, power)
    }

    private func exponential(_ digits: [UInt8], _ places: Int, _ power: Int) -> String {
        var text = Array(digits.prefix(places + 1))
        text += Array(repeating: 48, count: places + 1 - text.count)
        if places > 0 { text.insert(46, at: 1) }
        let size = String(abs(power))
        return String(decoding: text, as: UTF8.self) + (power < 0 ? "e-" : "e+") + (size.count < 2 ? "0" : "")
            + size
    }

    /// `%e` for exponents below -4, and from the precision on (from 6 on for the shortest digits), else `%f`.
    private func general(_ number: HCLNumber, precision: Int?) -> String {
        guard !number.isZero else { return "0" }
        let sign = number.isNegative ? "-" : ""
        var (digits, point) = number.magnitude.decimal
        var limit = 6
        if let precision {
            let parts = scientific(number.magnitude, places: max(1, precision) - 1).split(separator: "e")
            digits = Array(parts[0].utf8.filter { $0 != 46 })
            point = (Int(parts[1]) ?? 0) + 1
            while digits.last == 48, digits.count > 1 { digits.removeLast() }
            limit = max(1, precision)
            if limit > digits.count, digits.count >= point { limit = digits.count }
        }
        if point - 1 < -4 || point - 1 >= limit {
            return sign + exponential(digits, digits.count - 1, point - 1)
        }
        if point <= 0 {
            return sign + "0." + String(repeating: "0", count: -point)
                + String(decoding: digits, as: UTF8.self)
        }
        if point >= digits.count {
            digits += Array(repeating: 48, count: point - digits.count)
        } else {
            digits.insert(46, at: point)
        }
        return sign + String(decoding: digits, as: UTF8.self)
    }
}
