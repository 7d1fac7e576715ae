extension Magnitude {
    static func + (left: Magnitude, right: Magnitude) -> Magnitude {
        let (long, short) =
            left.limbs.count >= right.limbs.count ? (left.limbs, right.limbs) : (right.limbs, left.limbs)
        var result: [UInt32] = []
        result.reserveCapacity(long.count + 1)
        var carry: UInt64 = 0
        for index in long.indices {
            let sum = UInt64(long[index]) + (index < short.count ? UInt64(short[index]) : 0) + carry
            result.append(UInt32(truncatingIfNeeded: sum))
            carry = sum >> 32
        }
        result.append(UInt32(carry))
        return Magnitude(limbs: result)
    }

    /// Needs `left >= right`.
    static func - (left: Magnitude, right: Magnitude) -> Magnitude {
        var result = left.limbs
        var borrow: Int64 = 0
        for index in result.indices {
            let taken = index < right.limbs.count ? Int64(right.limbs[index]) : 0
            let difference = Int64(result[index]) - taken - borrow
            borrow = difference < 0 ? 1 : 0
            result[index] = UInt32(truncatingIfNeeded: difference)
        }
        return Magnitude(limbs: result)
    }

    static func * (left: Magnitude, right: Magnitude) -> Magnitude {
        guard !left.isZero, !right.isZero else { return .zero }
        var result = [UInt32](repeating: 0, count: left.limbs.count + right.limbs.count)
        for (i, a) in left.limbs.enumerated() {
            var carry: UInt64 = 0
            for (j, b) in right.limbs.enumerated() {
                let sum = UInt64(a) * UInt64(b) + UInt64(result[i + j]) + carry
                result[i + j] = UInt32(truncatingIfNeeded: sum)
                carry = sum >> 32
            }
            result[i + right.limbs.count] = UInt32(carry)
        }
        return Magnitude(limbs: result)
    }

    /// Quotient and remainder; the divisor is not zero. Long division in limbs (Knuth, volume 2, 4.3.1, algorithm D).
    func divided(by divisor: Magnitude) -> (quotient: Magnitude, remainder: Magnitude) {
        guard self >= divisor else { return (.zero, self) }
        guard divisor.limbs.count > 1 else { return divided(bySmall: divisor.limbs[0]) }
        // The divisor's top bit is set, so that a guess from the top limbs is off by two at most.
        let shift = divisor.limbs[divisor.limbs.count - 1].leadingZeroBitCount
        let low = divisor.shiftedLeft(shift).limbs
        var rest = shiftedLeft(shift).limbs
        rest += Array(repeating: 0, count: limbs.count + 1 - rest.count)
        let count = low.count
        var quotient = [UInt32](repeating: 0, count: rest.count - count)
        for index in quotient.indices.reversed() {
            var digit = Self.guess(
                rest[(index + count - 2)...(index + count)],
                low[count - 1],
                low[count - 2]
            )
            if Self.subtract(low, times: digit, from: &rest, at: index) {
                digit -= 1
                Self.add(low, to: &rest, at: index)
            }
            quotient[index] = UInt32(digit)
        }
        return (Magnitude(limbs: quotient), Magnitude(limbs: rest).shiftedRight(shift))
    }

    private static func guess(_ top: ArraySlice<UInt32>, _ first: UInt32, _ second: UInt32) -> UInt64 {
        let base = top.startIndex
        let high = UInt64(top[base + 2]) << 32 | UInt64(top[base + 1])
        var digit = high / UInt64(first)
        var remainder = high % UInt64(first)
        while digit > UInt64(UInt32.max) || digit * UInt64(second) > remainder << 32 | UInt64(top[base]) {
            digit -= 1
            remainder += UInt64(first)
            if remainder > UInt64(UInt32.max) { break }
        }
        return digit
    }

    /// Whether the result went below zero.
    private static func subtract(
        _ low: [UInt32],
        times digit: UInt64,
        from rest: inout [UInt32],
        at index: Int
    ) -> Bool {
        var (borrow, carry): (Int64, UInt64) = (0, 0)
        for offset in low.indices {
            let product = digit * UInt64(low[offset]) + carry
            carry = product >> 32
            let difference = Int64(rest[index + offset]) - borrow - Int64(product & 0xFFFF_FFFF)
            rest[index + offset] = UInt32(truncatingIfNeeded: difference)
            borrow = difference < 0 ? 1 : 0
        }
        let difference = Int64(rest[index + low.count]) - borrow - Int64(carry)
        rest[index + low.count] = UInt32(truncatingIfNeeded: difference)
        return difference < 0
    }

    private static func add(_ low: [UInt32], to rest: inout [UInt32], at index: Int) {
        var carry: UInt64 = 0
        for offset in low.indices {
            let sum = UInt64(rest[index + offset]) + UInt64(low[offset]) + carry
            rest[index + offset] = UInt32(truncatingIfNeeded: sum)
            carry = sum >> 32
        }
        rest[index + low.count] = rest[index + low.count] &+ UInt32(carry)
    }

    private func divided(bySmall divisor: UInt32) -> (quotient: Magnitude, remainder: Magnitude) {
        var quotient = limbs
        var rest: UInt64 = 0
        for index in limbs.indices.reversed() {
            let value = rest << 32 | UInt64(limbs[index])
            quotient[index] = UInt32(value / UInt64(divisor))
            rest = value % UInt64(divisor)
        }
        return (Magnitude(limbs: quotient), Magnitude(rest))
    }
}
