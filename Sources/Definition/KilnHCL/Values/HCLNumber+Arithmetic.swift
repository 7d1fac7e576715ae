extension HCLNumber {
    package static func + (left: HCLNumber, right: HCLNumber) -> HCLNumber {
        let precision = max(left.precision, right.precision)
        guard !left.isZero, !right.isZero else {
            let other = left.isZero ? right : left
            return HCLNumber(
                negative: other.isNegative,
                other.mantissa,
                exponent: other.exponent,
                precision: precision
            )
        }
        // What lies far behind the result's last bit can only decide how that is rounded: one bit stands for it.
        var (a, b) = left.order >= right.order ? (left, right) : (right, left)
        let floor = a.order - longest * 2 - 4
        if b.order < floor {
            b = HCLNumber(
                negative: b.isNegative,
                Magnitude(1),
                exponent: min(floor, a.exponent) - 2,
                precision: 1
            )
        }
        if a.exponent < b.exponent { swap(&a, &b) }
        let (x, y) = (a.mantissa.shiftedLeft(a.exponent - b.exponent), b.mantissa)
        let same = a.isNegative == b.isNegative
        let negative = same || x >= y ? a.isNegative : b.isNegative
        let sum = same ? x + y : (x >= y ? x - y : y - x)
        return HCLNumber(negative: negative, sum, exponent: b.exponent, precision: precision)
    }

    package static func - (left: HCLNumber, right: HCLNumber) -> HCLNumber { left + right.negated() }

    /// As many bits as the product takes, up to the longest mantissa.
    package static func * (left: HCLNumber, right: HCLNumber) -> HCLNumber {
        let product = HCLNumber(
            negative: left.isNegative != right.isNegative,
            left.mantissa * right.mantissa,
            exponent: left.exponent + right.exponent,
            precision: longest
        )
        return HCLNumber(
            negative: product.isNegative,
            product.mantissa,
            exponent: product.exponent,
            precision: max(left.precision, right.precision, product.mantissa.bitWidth)
        )
    }

    /// Nil when the divisor is zero.
    package static func / (left: HCLNumber, right: HCLNumber) -> HCLNumber? {
        guard !right.isZero else { return nil }
        let precision = max(left.precision, right.precision)
        let places = max(0, precision + 2 + right.mantissa.bitWidth - left.mantissa.bitWidth)
        let (quotient, remainder) = left.mantissa.shiftedLeft(places).divided(by: right.mantissa)
        return HCLNumber(
            negative: left.isNegative != right.isNegative,
            quotient,
            exponent: left.exponent - right.exponent - places,
            precision: precision,
            isInexact: !remainder.isZero
        )
    }

    /// What the division rounded towards zero leaves, in rounded steps as the reference takes them; the dividend itself when the divisor is zero.
    package static func % (left: HCLNumber, right: HCLNumber) -> HCLNumber {
        guard let quotient = left / right else { return left }
        let precision = max(left.precision, right.precision)
        let whole = quotient.truncated()
        let steps = HCLNumber(
            negative: whole.isNegative,
            whole.mantissa,
            exponent: whole.exponent,
            precision: left.precision
        )
        let product = HCLNumber(
            negative: steps.isNegative != right.isNegative,
            steps.mantissa * right.mantissa,
            exponent: steps.exponent + right.exponent,
            precision: precision
        )
        return left - product
    }
}
