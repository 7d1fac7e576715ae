/// A decimal number: coefficient times a power of ten, rounded half to even at 155 significant digits.
///
/// HCL asks for at least 512 bits (spec.md, "Number Type"); 155 digits hold every integer of 512 bits. Decimal rather than binary, so that what is written
/// in decimal is exact: `11 % 5.1` is 0.8. Exponents past a million are refused when parsed, and become zero or an error when computed.
package struct HCLNumber: Sendable, Hashable {
    static let precision = 155
    static let exponentLimit = 1_000_000

    let isNegative: Bool
    let coefficient: Magnitude
    let exponent: Int

    package static let zero = HCLNumber(0)
    package static let one = HCLNumber(1)

    package init(_ value: Int) {
        self.init(negative: value < 0, Magnitude(value.magnitude), exponent: 0)
    }

    /// Rounds and drops trailing zeros, so that equal numbers have equal fields.
    init(negative: Bool, _ coefficient: Magnitude, exponent: Int) {
        guard !coefficient.isZero, exponent > -Self.exponentLimit * 2 else {
            (isNegative, self.coefficient, self.exponent) = (false, .zero, 0)
            return
        }
        if let word = coefficient.word, word % 10 != 0 {
            (isNegative, self.coefficient, self.exponent) = (negative, coefficient, exponent)
            return
        }
        var (digits, exponent) = (coefficient.digits, exponent)
        if digits.count > Self.precision { Self.round(&digits, &exponent) }
        while digits.last == 48 {
            digits.removeLast()
            exponent += 1
        }
        (isNegative, self.coefficient, self.exponent) = (negative, Magnitude(digits: digits), exponent)
    }

    private static func round(_ digits: inout [UInt8], _ exponent: inout Int) {
        let dropped = digits[precision...]
        let odd = digits[precision - 1] % 2 == 1
        let half = dropped.first == 53 && dropped.dropFirst().allSatisfy { $0 == 48 }
        let up = half ? odd : (dropped.first ?? 48) >= 53
        exponent += dropped.count
        digits.removeLast(dropped.count)
        if up { digits = (Magnitude(digits: digits) + Magnitude(1)).digits }
    }

    /// Digits with an optional sign, fraction and exponent (the grammar's NumericLit, and a sign).
    package init?(_ text: some StringProtocol) {
        var bytes = Array(text.utf8)[...]
        var negative = false
        if let sign = bytes.first, sign == 43 || sign == 45 {
            negative = sign == 45
            bytes = bytes.dropFirst()
        }
        var exponent = 0
        if let mark = bytes.firstIndex(where: { $0 == 0x65 || $0 == 0x45 }) {
            let written = String(decoding: bytes[(mark + 1)...], as: UTF8.self)
            guard let value = Int(written), abs(value) <= Self.exponentLimit else { return nil }
            exponent = value
            bytes = bytes[..<mark]
        }
        let parts = bytes.split(separator: 46, maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, !whole.isEmpty || parts.count == 2 else { return nil }
        let fraction = parts.count == 2 ? parts[1] : []
        guard parts.count == 1 || !fraction.isEmpty, (whole + fraction).allSatisfy({ (48...57).contains($0) })
        else { return nil }
        self.init(
            negative: negative,
            Magnitude(digits: whole + fraction),
            exponent: exponent - fraction.count
        )
    }

    package var isZero: Bool { coefficient.isZero }
    package var isInteger: Bool { exponent >= 0 }

    /// The value where it is an integer that fits.
    package var int: Int? {
        guard isInteger, exponent <= 18, let word = coefficient.shifted(by: exponent).word else { return nil }
        if isNegative { return word <= UInt64(Int.max) ? -Int(word) : nil }
        return Int(exactly: word)
    }

    /// Power of ten of the first digit.
    private var order: Int { coefficient.digitCount + exponent }

    package func negated() -> HCLNumber {
        HCLNumber(negative: !isNegative, coefficient, exponent: exponent)
    }

    package var magnitude: HCLNumber { HCLNumber(negative: false, coefficient, exponent: exponent) }

    package static func + (left: HCLNumber, right: HCLNumber) -> HCLNumber {
        guard !left.isZero else { return right }
        guard !right.isZero else { return left }
        // What lies beyond all digits of the result cannot change it, save by rounding's last place.
        if left.order - right.order > precision * 2 { return left }
        if right.order - left.order > precision * 2 { return right }
        let exponent = min(left.exponent, right.exponent)
        let a = left.coefficient.shifted(by: left.exponent - exponent)
        let b = right.coefficient.shifted(by: right.exponent - exponent)
        if left.isNegative == right.isNegative {
            return HCLNumber(negative: left.isNegative, a + b, exponent: exponent)
        }
        return a < b
            ? HCLNumber(negative: right.isNegative, b - a, exponent: exponent)
            : HCLNumber(negative: left.isNegative, a - b, exponent: exponent)
    }

    package static func - (left: HCLNumber, right: HCLNumber) -> HCLNumber { left + right.negated() }

    package static func * (left: HCLNumber, right: HCLNumber) -> HCLNumber {
        HCLNumber(
            negative: left.isNegative != right.isNegative,
            left.coefficient * right.coefficient,
            exponent: left.exponent + right.exponent
        )
    }

    /// Nil when the divisor is zero.
    package static func / (left: HCLNumber, right: HCLNumber) -> HCLNumber? {
        guard !right.isZero else { return nil }
        let places = max(0, precision + 2 + right.coefficient.digitCount - left.coefficient.digitCount)
        let (quotient, remainder) = left.coefficient.shifted(by: places).divided(by: right.coefficient)
        // A remainder stands behind the last digit, so that a half is not taken for exact.
        let sticky = remainder.isZero ? quotient.shifted(by: 1) : quotient.shifted(by: 1) + Magnitude(1)
        return HCLNumber(
            negative: left.isNegative != right.isNegative,
            sticky,
            exponent: left.exponent - right.exponent - places - 1
        )
    }

    /// The remainder of the division rounded towards zero; the dividend itself when the divisor is zero, as in cty.
    package static func % (left: HCLNumber, right: HCLNumber) -> HCLNumber {
        guard let quotient = left / right else { return left }
        return left - quotient.truncated() * right
    }

    package func truncated() -> HCLNumber {
        guard exponent < 0 else { return self }
        let kept = coefficient.digits.dropLast(-exponent)
        return HCLNumber(negative: isNegative, Magnitude(digits: kept), exponent: 0)
    }

    package func floor() -> HCLNumber {
        let whole = truncated()
        return isNegative && whole != self ? whole - .one : whole
    }

    package func ceiling() -> HCLNumber { negated().floor().negated() }

    /// Nil past a million.
    var checked: HCLNumber? { order > Self.exponentLimit ? nil : self }

    package var double: Double { Double(description(exponentFrom: 30)) ?? 0 }

    private func description(exponentFrom limit: Int) -> String {
        guard order > limit || order < -limit else { return description }
        return (isNegative ? "-" : "") + String(decoding: coefficient.digits, as: UTF8.self) + "e\(exponent)"
    }
}

extension HCLNumber: Comparable {
    package static func < (left: HCLNumber, right: HCLNumber) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        if left.isZero || right.isZero {
            return !right.isZero && !right.isNegative || right.isZero && left.isNegative
        }
        if left.order != right.order { return (left.order < right.order) != left.isNegative }
        let exponent = min(left.exponent, right.exponent)
        let a = left.coefficient.shifted(by: left.exponent - exponent)
        let b = right.coefficient.shifted(by: right.exponent - exponent)
        return left.isNegative ? b < a : a < b
    }
}

extension HCLNumber: CustomStringConvertible {
    /// All digits, never an exponent: how a number becomes a string in HCL.
    package var description: String {
        var digits = coefficient.digits
        guard !digits.isEmpty else { return "0" }
        if exponent >= 0 {
            digits += Array(repeating: 48, count: exponent)
        } else {
            let missing = -exponent + 1 - digits.count
            if missing > 0 { digits = Array(repeating: 48, count: missing) + digits }
            digits.insert(46, at: digits.count + exponent)
        }
        return (isNegative ? "-" : "") + String(decoding: digits, as: UTF8.self)
    }
}
