/// A natural number of any size, in limbs of 32 bits, least significant first, without leading zero limbs.
struct Magnitude: Sendable, Hashable {
    let limbs: [UInt32]

    static let zero = Magnitude(limbs: [])

    init(limbs: [UInt32]) {
        var limbs = limbs
        while limbs.last == 0 { limbs.removeLast() }
        self.limbs = limbs
    }

    init(_ value: UInt64) {
        self.init(limbs: [UInt32(truncatingIfNeeded: value), UInt32(value >> 32)])
    }

    /// From ASCII digits, most significant first.
    init(digits: some Sequence<UInt8>) {
        var limbs: [UInt32] = []
        var (chunk, scale): (UInt32, UInt32) = (0, 1)
        for digit in digits {
            chunk = chunk * 10 + UInt32(digit &- 48)
            scale *= 10
            if scale == Self.decimalChunk {
                Self.multiply(&limbs, by: scale, adding: chunk)
                (chunk, scale) = (0, 1)
            }
        }
        if scale > 1 { Self.multiply(&limbs, by: scale, adding: chunk) }
        self.init(limbs: limbs)
    }

    private static let decimalChunk: UInt32 = 1_000_000_000

    private static func multiply(_ limbs: inout [UInt32], by factor: UInt32, adding: UInt32) {
        var carry = UInt64(adding)
        for index in limbs.indices {
            let sum = UInt64(limbs[index]) * UInt64(factor) + carry
            limbs[index] = UInt32(truncatingIfNeeded: sum)
            carry = sum >> 32
        }
        if carry > 0 { limbs.append(UInt32(carry)) }
    }

    static func powerOfFive(_ exponent: Int) -> Magnitude {
        var (result, base, rest) = (Magnitude(1), Magnitude(5), exponent)
        while rest > 0 {
            if rest % 2 == 1 { result = result * base }
            rest /= 2
            if rest > 0 { base = base * base }
        }
        return result
    }

    var isZero: Bool { limbs.isEmpty }
    var isOdd: Bool { (limbs.first ?? 0) % 2 == 1 }

    var bitWidth: Int {
        guard let top = limbs.last else { return 0 }
        return limbs.count * 32 - top.leadingZeroBitCount
    }

    var trailingZeroBits: Int {
        guard let index = limbs.firstIndex(where: { $0 != 0 }) else { return 0 }
        return index * 32 + limbs[index].trailingZeroBitCount
    }

    /// The value where it fits in 64 bits.
    var word: UInt64? {
        guard limbs.count <= 2 else { return nil }
        return limbs.reversed().reduce(0) { $0 << 32 | UInt64($1) }
    }

    /// ASCII digits without leading zeros; empty for zero.
    var digits: [UInt8] {
        if let word { return word == 0 ? [] : Array(String(word).utf8) }
        var (rest, chunks): ([UInt32], [UInt32]) = (limbs, [])
        while !rest.isEmpty {
            var remainder: UInt64 = 0
            for index in rest.indices.reversed() {
                let value = remainder << 32 | UInt64(rest[index])
                rest[index] = UInt32(value / UInt64(Self.decimalChunk))
                remainder = value % UInt64(Self.decimalChunk)
            }
            chunks.append(UInt32(remainder))
            while rest.last == 0 { rest.removeLast() }
        }
        var result = Array(String(chunks.removeLast()).utf8)
        for chunk in chunks.reversed() {
            let part = Array(String(chunk).utf8)
            result += Array(repeating: 48, count: 9 - part.count) + part
        }
        return result
    }

    func shiftedLeft(_ places: Int) -> Magnitude {
        guard places > 0, !isZero else { return self }
        let bits = UInt64(places % 32)
        var result = [UInt32](repeating: 0, count: places / 32)
        result.reserveCapacity(result.count + limbs.count + 1)
        var carry: UInt64 = 0
        for limb in limbs {
            let value = UInt64(limb) << bits | carry
            result.append(UInt32(truncatingIfNeeded: value))
            carry = value >> 32
        }
        result.append(UInt32(carry))
        return Magnitude(limbs: result)
    }

    /// Rounded down.
    func shiftedRight(_ places: Int) -> Magnitude {
        guard places > 0 else { return self }
        guard places / 32 < limbs.count else { return .zero }
        let bits = UInt64(places % 32)
        let kept = limbs[(places / 32)...]
        var result: [UInt32] = []
        result.reserveCapacity(kept.count)
        for index in kept.indices {
            let above = index + 1 < kept.endIndex ? UInt64(kept[index + 1]) : 0
            result.append(UInt32(truncatingIfNeeded: (above << 32 | UInt64(kept[index])) >> bits))
        }
        return Magnitude(limbs: result)
    }
}

extension Magnitude: Comparable {
    static func < (left: Magnitude, right: Magnitude) -> Bool {
        guard left.limbs.count == right.limbs.count else { return left.limbs.count < right.limbs.count }
        for (a, b) in zip(left.limbs.reversed(), right.limbs.reversed()) where a != b { return a < b }
        return false
    }
}
