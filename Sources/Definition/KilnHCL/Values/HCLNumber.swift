/// A binary floating-point number: a mantissa times a power of two, rounded half to even.
///
/// As in the reference implementation, whose numbers are of 512 bits where they are written, of 64 where something was counted and of 53 where a function
/// computes with the machine's floating point; an operator keeps the larger. `11 % 5.1` therefore is not quite 0.8. Exponents of more than 16 bits are
/// refused when parsed and become zero or an error when computed, so that no number takes long to print.
package struct HCLNumber: Sendable {
    static let longest = 512
    /// Of the place of the first binary digit.
    static let exponentLimit = 1 << 15
    /// Of a number as written.
    static let digitLimit = 4096

    let isNegative: Bool
    /// Odd, or zero: equal numbers have equal fields.
    let mantissa: Magnitude
    let exponent: Int
    /// Bits of the mantissa that results keep; no part of the value.
    let precision: Int

    package static let zero = HCLNumber(0)
    package static let one = HCLNumber(1)

    package init(_ value: Int) {
        self.init(negative: value < 0, Magnitude(UInt64(value.magnitude)), exponent: 0, precision: 64)
    }

    /// Nil for what is not finite.
    package init?(_ value: Double) {
        guard value.isFinite else { return nil }
        let magnitude = value == 0 ? 0 : UInt64(value.significand.magnitude * 0x1p52)
        let exponent = value == 0 ? 0 : Int(value.exponent) - 52
        self.init(negative: value < 0, Magnitude(magnitude), exponent: exponent, precision: 53)
    }

    /// Rounds to the precision. `isInexact` says that something lies behind the magnitude's last bit, which is then past the precision.
    init(negative: Bool, _ magnitude: Magnitude, exponent: Int, precision: Int, isInexact: Bool = false) {
        self.precision = precision
        var (kept, exponent) = (magnitude, exponent)
        let surplus = magnitude.bitWidth - precision
        if surplus > 0 {
            kept = magnitude.shiftedRight(surplus)
            let dropped = magnitude - kept.shiftedLeft(surplus)
            let half = Magnitude(1).shiftedLeft(surplus - 1)
            if dropped > half || dropped == half && (isInexact || kept.isOdd) { kept = kept + Magnitude(1) }
            exponent += surplus
        }
        guard !kept.isZero, exponent + kept.bitWidth > -Self.exponentLimit else {
            (isNegative, mantissa, self.exponent) = (false, .zero, 0)
            return
        }
        let zeros = kept.trailingZeroBits
        (isNegative, mantissa, self.exponent) = (negative, kept.shiftedRight(zeros), exponent + zeros)
    }

    package var isZero: Bool { mantissa.isZero }
    package var isInteger: Bool { exponent >= 0 }

    /// The value where it is an integer that fits.
    package var int: Int? {
        guard isInteger, mantissa.bitWidth + exponent <= 64 else { return nil }
        guard let word = mantissa.shiftedLeft(exponent).word else { return nil }
        if isNegative { return word <= UInt64(Int.max) ? -Int(word) : (word == 1 << 63 ? Int.min : nil) }
        return Int(exactly: word)
    }

    /// What it takes to print: the square of its length in limbs.
    var weight: Int { 1 + (order / 32) * (order / 32) }

    /// The place of the first binary digit.
    var order: Int { mantissa.bitWidth + exponent }

    package func negated() -> HCLNumber {
        HCLNumber(negative: !isNegative, mantissa, exponent: exponent, precision: precision)
    }

    package var magnitude: HCLNumber {
        HCLNumber(negative: false, mantissa, exponent: exponent, precision: precision)
    }

    package func truncated() -> HCLNumber {
        guard exponent < 0 else { return self }
        return HCLNumber(
            negative: isNegative,
            mantissa.shiftedRight(-exponent),
            exponent: 0,
            precision: max(64, precision)
        )
    }

    package func floor() -> HCLNumber {
        let whole = truncated()
        return isNegative && whole != self ? whole - .one : whole
    }

    package func ceiling() -> HCLNumber { negated().floor().negated() }

    /// Nil where it has become too large.
    var checked: HCLNumber? { order > Self.exponentLimit ? nil : self }

    package var double: Double {
        let surplus = mantissa.bitWidth - 62
        var word = mantissa.shiftedRight(surplus).word ?? 0
        // A bit stands for all that was cut off, so that a half is not taken for exact.
        if surplus > 0 { word = word << 1 | 1 }
        let scale = exponent + (surplus > 0 ? surplus - 1 : 0)
        let result = Double(sign: .plus, exponent: scale, significand: Double(word))
        return isNegative ? -result : result
    }
}

extension HCLNumber: Hashable {
    package static func == (left: HCLNumber, right: HCLNumber) -> Bool {
        left.isNegative == right.isNegative && left.exponent == right.exponent
            && left.mantissa == right.mantissa
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(isNegative)
        hasher.combine(exponent)
        hasher.combine(mantissa)
    }
}

extension HCLNumber: Comparable {
    package static func < (left: HCLNumber, right: HCLNumber) -> Bool {
        if left.isZero || right.isZero {
            return left.isZero ? !right.isZero && !right.isNegative : left.isNegative
        }
        if left.isNegative != right.isNegative { return left.isNegative }
        if left.order != right.order { return (left.order < right.order) != left.isNegative }
        let exponent = min(left.exponent, right.exponent)
        let a = left.mantissa.shiftedLeft(left.exponent - exponent)
        let b = right.mantissa.shiftedLeft(right.exponent - exponent)
        return left.isNegative ? b < a : a < b
    }
}
