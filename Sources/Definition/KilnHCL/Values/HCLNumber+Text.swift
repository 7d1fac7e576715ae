extension HCLNumber {
    /// Digits with an optional sign, fraction and exponent (the grammar's NumericLit, and a sign); nil for anything else and for what is out of range.
    package init?(_ text: some StringProtocol) {
        var bytes = Array(text.utf8)[...]
        var negative = false
        if let sign = bytes.first, sign == 43 || sign == 45 {
            negative = sign == 45
            bytes = bytes.dropFirst()
        }
        if bytes.count <= 18, let value = Self.word(bytes) {
            self.init(negative: negative, Magnitude(value), exponent: 0, precision: Self.longest)
            return
        }
        var exponent = 0
        if let mark = bytes.firstIndex(where: { $0 == 0x65 || $0 == 0x45 }) {
            let written = String(decoding: bytes[(mark + 1)...], as: UTF8.self)
            let range = -Self.exponentLimit...Self.exponentLimit
            guard let value = Int(written), range.contains(value) else { return nil }
            exponent = value
            bytes = bytes[..<mark]
        }
        let parts = bytes.split(separator: 46, maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first else { return nil }
        let fraction = parts.count == 2 ? parts[1] : []
        let digits = Array((whole + fraction).drop { $0 == 48 })
        guard !whole.isEmpty || !fraction.isEmpty, (whole + fraction).allSatisfy({ (48...57).contains($0) }),
            digits.count <= Self.digitLimit
        else { return nil }
        let powerOfTen = exponent - fraction.count
        // A third of the limit in binary digits is past it: told before anything is computed.
        guard digits.isEmpty || powerOfTen + digits.count <= Self.exponentLimit / 3 else { return nil }
        guard !digits.isEmpty, powerOfTen + digits.count > -Self.exponentLimit / 3 else {
            self.init(negative: false, .zero, exponent: 0, precision: Self.longest)
            return
        }
        self.init(negative: negative, digits: digits, powerOfTen: powerOfTen)
        if order > Self.exponentLimit { return nil }
    }

    private static func word(_ bytes: ArraySlice<UInt8>) -> UInt64? {
        guard !bytes.isEmpty else { return nil }
        var result: UInt64 = 0
        for byte in bytes {
            guard (48...57).contains(byte) else { return nil }
            result = result * 10 + UInt64(byte - 48)
        }
        return result
    }

    /// As the reference computes it: with a power of five that is rounded 64 bits past the longest mantissa.
    private init(negative: Bool, digits: [UInt8], powerOfTen: Int) {
        let whole = Magnitude(digits: digits)
        guard powerOfTen != 0, !whole.isZero else {
            self.init(negative: negative, whole, exponent: 0, precision: Self.longest)
            return
        }
        let power = Self.powerOfFive(abs(powerOfTen))
        guard powerOfTen < 0 else {
            self.init(
                negative: negative,
                whole * power.mantissa,
                exponent: powerOfTen + power.exponent,
                precision: Self.longest
            )
            return
        }
        let places = max(0, Self.longest + 2 + power.mantissa.bitWidth - whole.bitWidth)
        let (quotient, remainder) = whole.shiftedLeft(places).divided(by: power.mantissa)
        self.init(
            negative: negative,
            quotient,
            exponent: powerOfTen - power.exponent - places,
            precision: Self.longest,
            isInexact: !remainder.isZero
        )
    }

    private static func powerOfFive(_ exponent: Int) -> HCLNumber {
        let known = min(exponent, 27)
        let start = (0..<known).reduce(UInt64(1)) { result, _ in result * 5 }
        var result = HCLNumber(negative: false, Magnitude(start), exponent: 0, precision: longest + 64)
        var base = HCLNumber(negative: false, Magnitude(5), exponent: 0, precision: longest + 128)
        var rest = exponent - known
        while rest > 0 {
            if rest % 2 == 1 { result = result.product(with: base) }
            base = base.product(with: base)
            rest /= 2
        }
        return result
    }

    /// At this number's precision.
    private func product(with other: HCLNumber) -> HCLNumber {
        HCLNumber(
            negative: false,
            mantissa * other.mantissa,
            exponent: exponent + other.exponent,
            precision: precision
        )
    }
}

extension HCLNumber: CustomStringConvertible {
    /// Never an exponent, and as few digits as name this number at its precision: how a number becomes a string in HCL.
    package var description: String {
        if let int { return String(int) }
        let (digits, point) = decimal
        var text = digits
        if point >= digits.count {
            text += Array(repeating: 48, count: point - digits.count)
        } else if point <= 0 {
            text = [48, 46] + Array(repeating: 48, count: -point) + digits
        } else {
            text.insert(46, at: point)
        }
        return (isNegative ? "-" : "") + String(decoding: text, as: UTF8.self)
    }

    /// The shortest digits, without zeros at the end, and how many of them stand before the decimal point.
    var decimal: (digits: [UInt8], point: Int) {
        guard !isZero else { return ([48], 1) }
        // The number and the ends of what rounds to it, as integers times a power of ten.
        let surplus = precision + 1 - mantissa.bitWidth
        let middle = mantissa.shiftedLeft(surplus)
        let low = exponent - surplus
        let scale: (Magnitude) -> Magnitude = { value in
            low >= 0 ? value.shiftedLeft(low) : value * .powerOfFive(-low)
        }
        let exact = scale(middle).digits
        let ends = (scale(middle - Magnitude(1)).digits, scale(middle + Magnitude(1)).digits)
        let isInclusive = middle.limbs.first.map { $0 & 2 == 0 } ?? true
        let width = max(exact.count, ends.1.count) + 1
        var shortest = Self.shortest(
            Self.padded(exact, width),
            between: (Self.padded(ends.0, width), Self.padded(ends.1, width)),
            isInclusive
        )
        let leading = shortest.prefix { $0 == 48 }.count
        while shortest.last == 48 { shortest.removeLast() }
        return (Array(shortest.dropFirst(leading)), width + min(0, low) - leading)
    }

    private static func padded(_ digits: [UInt8], _ width: Int) -> [UInt8] {
        Array(repeating: 48, count: width - digits.count) + digits
    }

    private static func shortest(
        _ exact: [UInt8],
        between ends: ([UInt8], [UInt8]),
        _ isInclusive: Bool
    ) -> [UInt8] {
        let shared = zip(ends.0, ends.1).prefix { $0 == $1 }.count
        for count in shared..<exact.count {
            let zeros = [UInt8](repeating: 48, count: exact.count - count)
            let down = Array(exact[..<count]) + zeros
            let up = increased(Array(exact[..<count])) + zeros
            let isDownRight = ends.0.lexicographicallyPrecedes(down) || isInclusive && ends.0 == down
            let isUpRight = up.lexicographicallyPrecedes(ends.1) || isInclusive && up == ends.1
            guard isDownRight || isUpRight else { continue }
            guard isDownRight && isUpRight else { return isDownRight ? down : up }
            let rest = exact[count...]
            let isHalf = rest.first == 53 && rest.dropFirst().allSatisfy { $0 == 48 }
            let goesUp = isHalf ? count > 0 && exact[count - 1] % 2 == 1 : (rest.first ?? 48) >= 53
            return goesUp ? up : down
        }
        return exact
    }

    /// The number that the digits write, plus one; there is room, since a zero stands in front.
    private static func increased(_ digits: [UInt8]) -> [UInt8] {
        var result = digits
        for index in result.indices.reversed() {
            guard result[index] == 57 else {
                result[index] += 1
                return result
            }
            result[index] = 48
        }
        return result
    }
}
