/// A natural number of any size, in limbs of nine decimal digits, least significant first, without leading zero limbs.
struct Magnitude: Sendable, Hashable, Comparable {
    private(set) var limbs: [UInt32]

    static let base: UInt64 = 1_000_000_000
    static let zero = Magnitude(limbs: [])

    private init(limbs: [UInt32]) {
        self.limbs = limbs
        while self.limbs.last == 0 { self.limbs.removeLast() }
    }

    init(_ value: UInt) {
        var rest = UInt64(value)
        limbs = []
        while rest > 0 {
            limbs.append(UInt32(rest % Self.base))
            rest /= Self.base
        }
    }

    /// From ASCII digits, most significant first.
    init(digits: some RandomAccessCollection<UInt8>) {
        var limbs: [UInt32] = []
        var end = digits.endIndex
        while end > digits.startIndex {
            let start = digits.index(end, offsetBy: -9, limitedBy: digits.startIndex) ?? digits.startIndex
            limbs.append(digits[start..<end].reduce(0) { $0 * 10 + UInt32($1 &- 48) })
            end = start
        }
        self.init(limbs: limbs)
    }

    var isZero: Bool { limbs.isEmpty }
    var isOdd: Bool { (limbs.first ?? 0) % 2 == 1 }

    /// ASCII digits without leading zeros; empty for zero.
    var digits: [UInt8] {
        guard let top = limbs.last else { return [] }
        var result = Array(String(top).utf8)
        for limb in limbs.dropLast().reversed() {
            let part = Array(String(limb).utf8)
            result += Array(repeating: 48, count: 9 - part.count) + part
        }
        return result
    }

    var digitCount: Int {
        guard let top = limbs.last else { return 0 }
        return (limbs.count - 1) * 9 + String(top).utf8.count
    }

    /// The value where it fits in 64 bits.
    var word: UInt64? {
        var result: UInt64 = 0
        for limb in limbs.reversed() {
            let (product, tooBig) = result.multipliedReportingOverflow(by: Self.base)
            let (sum, stillTooBig) = product.addingReportingOverflow(UInt64(limb))
            guard !tooBig, !stillTooBig else { return nil }
            result = sum
        }
        return result
    }

    static func < (left: Magnitude, right: Magnitude) -> Bool {
        guard left.limbs.count == right.limbs.count else { return left.limbs.count < right.limbs.count }
        for (a, b) in zip(left.limbs.reversed(), right.limbs.reversed()) where a != b { return a < b }
        return false
    }

    static func + (left: Magnitude, right: Magnitude) -> Magnitude {
        var result: [UInt32] = []
        var carry: UInt64 = 0
        for index in 0..<max(left.limbs.count, right.limbs.count) {
            let sum = UInt64(left.limb(index)) + UInt64(right.limb(index)) + carry
            result.append(UInt32(sum % base))
            carry = sum / base
        }
        if carry > 0 { result.append(UInt32(carry)) }
        return Magnitude(limbs: result)
    }

    /// Needs `left >= right`.
    static func - (left: Magnitude, right: Magnitude) -> Magnitude {
        var result: [UInt32] = []
        var borrow: Int64 = 0
        for index in left.limbs.indices {
            var difference = Int64(left.limbs[index]) - Int64(right.limb(index)) - borrow
            borrow = difference < 0 ? 1 : 0
            if difference < 0 { difference += Int64(base) }
            result.append(UInt32(difference))
        }
        return Magnitude(limbs: result)
    }

    static func * (left: Magnitude, right: Magnitude) -> Magnitude {
        guard !left.isZero, !right.isZero else { return .zero }
        var result = [UInt64](repeating: 0, count: left.limbs.count + right.limbs.count)
        for (i, a) in left.limbs.enumerated() {
            var carry: UInt64 = 0
            for (j, b) in right.limbs.enumerated() {
                let sum = UInt64(a) * UInt64(b) + result[i + j] + carry
                result[i + j] = sum % base
                carry = sum / base
            }
            result[i + right.limbs.count] += carry
        }
        return Magnitude(limbs: result.map { UInt32($0) })
    }

    /// Times ten to the power of `places` (not negative).
    func shifted(by places: Int) -> Magnitude {
        guard places > 0, !isZero else { return self }
        let whole = Magnitude(limbs: [UInt32](repeating: 0, count: places / 9) + limbs)
        return places % 9 == 0 ? whole : whole * Magnitude(Self.power(of: places % 9))
    }

    /// Quotient and remainder; the divisor is not zero. Schoolbook, a limb of the quotient found by halving.
    func divided(by divisor: Magnitude) -> (quotient: Magnitude, remainder: Magnitude) {
        if divisor.limbs.count == 1 { return divided(bySmall: divisor.limbs[0]) }
        var quotient = [UInt32](repeating: 0, count: limbs.count)
        var rest = Magnitude.zero
        for index in limbs.indices.reversed() {
            rest = Magnitude(limbs: [limbs[index]] + rest.limbs)
            var low: UInt64 = 0
            var high = Self.base - 1
            while low < high {
                let middle = (low + high + 1) / 2
                if divisor * Magnitude(UInt(middle)) <= rest { low = middle } else { high = middle - 1 }
            }
            quotient[index] = UInt32(low)
            rest = rest - divisor * Magnitude(UInt(low))
        }
        return (Magnitude(limbs: quotient), rest)
    }

    private func divided(bySmall divisor: UInt32) -> (quotient: Magnitude, remainder: Magnitude) {
        var quotient = limbs
        var rest: UInt64 = 0
        for index in limbs.indices.reversed() {
            let value = rest * Self.base + UInt64(limbs[index])
            quotient[index] = UInt32(value / UInt64(divisor))
            rest = value % UInt64(divisor)
        }
        return (Magnitude(limbs: quotient), Magnitude(UInt(rest)))
    }

    private func limb(_ index: Int) -> UInt32 { index < limbs.count ? limbs[index] : 0 }

    private static func power(of places: Int) -> UInt {
        (0..<places).reduce(1) { result, _ in result * 10 }
    }
}
