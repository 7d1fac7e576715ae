import Glibc

extension StandardFunctions {
    static let arithmetic: [String: HCLFunction] = [
        // In the machine's floating point, as elsewhere.
        "log": HCLFunction([.number, .number]) { values throws(ConversionError) in
            try finite(log(values.number(0).double) / log(values.number(1).double))
        }.giving(.number),
        "pow": HCLFunction([.number, .number]) { values throws(ConversionError) in
            try finite(pow(values.number(0).double, values.number(1).double))
        }.giving(.number),
        "parseint": HCLFunction([.string, .number]) { values throws(ConversionError) in
            .number(try whole(values.text(0), base: try values.int(1)))
        }.giving(.number),
        "sum": HCLFunction([.dynamic]) { values throws(ConversionError) in
            let elements = try values.sequence(0)
            guard !elements.isEmpty else { throw ConversionError(message: "there is nothing to add up") }
            var total = HCLNumber.zero
            for element in elements {
                guard let number = try element.converted(to: .number).number else {
                    throw ConversionError(message: "null is no number")
                }
                total = total + number
            }
            guard let checked = total.checked else {
                throw ConversionError(message: "the sum is out of range", isLimit: true)
            }
            return .number(checked)
        }.giving(.number).ofWhole,
    ]

    private static func finite(_ value: Double) throws(ConversionError) -> HCLValue {
        guard let number = HCLNumber(value) else {
            throw ConversionError(message: "the result is no number, or not finite")
        }
        return .number(number)
    }

    /// Digits of a base up to 62: 0-9, a-z, and A-Z for the same as a-z up to base 36 and for more past it.
    private static func whole(_ text: String, base: Int) throws(ConversionError) -> HCLNumber {
        guard (2...62).contains(base) else {
            throw ConversionError(message: "the base is to be from 2 to 62")
        }
        var digits = Array(text.utf8)[...]
        let isNegative = digits.first == 45
        if isNegative || digits.first == 43 { digits = digits.dropFirst() }
        var result = Magnitude.zero
        guard digits.count <= HCLNumber.digitLimit, !digits.isEmpty else { throw notWhole(text, base) }
        for byte in digits {
            guard let digit = value(of: byte, base), digit < base else { throw notWhole(text, base) }
            result = result * Magnitude(UInt64(base)) + Magnitude(UInt64(digit))
        }
        let precision = min(HCLNumber.longest, max(64, result.bitWidth))
        return HCLNumber(negative: isNegative, result, exponent: 0, precision: precision)
    }

    private static func value(of byte: UInt8, _ base: Int) -> Int? {
        switch byte {
        case 48...57: Int(byte) - 48
        case 97...122: Int(byte) - 87
        case 65...90: Int(byte) - (base <= 36 ? 55 : 29)
        default: nil
        }
    }

    private static func notWhole(_ text: String, _ base: Int) -> ConversionError {
        ConversionError(message: "this is no whole number of base \(base), or too long")
    }
}
