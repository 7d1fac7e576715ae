/// A block of IPv4 or IPv6 addresses, such as `10.0.0.0/8`.
struct AddressBlock {
    /// The first address, most significant byte first; 4 or 16 bytes.
    let bytes: [UInt8]
    let prefix: Int
    var width: Int { bytes.count * 8 }

    init(_ text: String) throws(ConversionError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let prefix = Int(parts[1]),
            parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
            parts[1].utf8.count <= 3, let address = Self.address(parts[0]), prefix <= address.count * 8
        else {
            throw ConversionError(
                message: "\"\(text.prefix(60))\" is no block of addresses such as 10.0.0.0/8"
            )
        }
        (self.prefix, bytes) = (prefix, Self.masked(address, prefix))
    }

    init(bytes: [UInt8], prefix: Int) {
        (self.bytes, self.prefix) = (bytes, prefix)
    }

    static func masked(_ bytes: [UInt8], _ prefix: Int) -> [UInt8] {
        bytes.enumerated().map { index, byte in
            let kept = min(8, max(0, prefix - index * 8))
            return kept == 0 ? 0 : byte & (0xFF << UInt8(8 - kept))
        }
    }

    private static func address(_ text: Substring) -> [UInt8]? {
        text.contains(":") ? six(text) : four(text)
    }

    private static func four(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { part in
            part.utf8.allSatisfy { (48...57).contains($0) } && (part.count == 1 || part.first != "0")
                ? UInt8(part) : nil
        }
        return parts.count == 4 && bytes.count == 4 ? bytes : nil
    }

    private static func six(_ text: Substring) -> [UInt8]? {
        let halves = String(text).components(separatedBy: "::")
        guard halves.count <= 2 else { return nil }
        var sides: [[UInt8]] = []
        for (index, half) in halves.enumerated() {
            var side: [UInt8] = []
            let groups = half.isEmpty ? [] : half.split(separator: ":", omittingEmptySubsequences: false)
            for (place, group) in groups.enumerated() {
                if group.contains("."), index == halves.count - 1, place == groups.count - 1,
                    let tail = four(group)
                {
                    side += tail
                } else {
                    guard (1...4).contains(group.count), let value = UInt16(group, radix: 16),
                        group.first != "+"
                    else { return nil }
                    side += [UInt8(value >> 8), UInt8(truncatingIfNeeded: value)]
                }
            }
            sides.append(side)
        }
        let missing = 16 - sides.reduce(0) { $0 + $1.count }
        if halves.count == 1 { return missing == 0 ? sides[0] : nil }
        return missing >= 2 ? sides[0] + [UInt8](repeating: 0, count: missing) + sides[1] : nil
    }

    /// As RFC 5952 writes it: the longest run of zeros shortened.
    static func text(_ bytes: [UInt8]) -> String {
        guard bytes.count == 16 else { return bytes.map { String($0) }.joined(separator: ".") }
        if bytes.prefix(12).elementsEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]) {
            return text(Array(bytes.suffix(4)))
        }
        let groups = stride(from: 0, to: 16, by: 2).map { Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]) }
        var (best, at) = (0..<0, 0)
        while at < 8 {
            let end = groups[at...].firstIndex { $0 != 0 } ?? 8
            if end - at > max(1, best.count) { best = at..<end }
            at = max(end, at + 1)
        }
        let shown = { (range: Range<Int>) in
            range.map { String(groups[$0], radix: 16) }.joined(separator: ":")
        }
        return best.isEmpty ? shown(0..<8) : shown(0..<best.lowerBound) + "::" + shown(best.upperBound..<8)
    }

    var description: String { Self.text(bytes) + "/\(prefix)" }

    private var value: Magnitude {
        Magnitude(
            limbs: stride(from: bytes.count, to: 0, by: -4).map { end in
                bytes[end - 4..<end].reduce(0) { $0 << 8 | UInt32($1) }
            }
        )
    }

    private func bytes(of value: Magnitude) -> [UInt8] {
        (0..<bytes.count).reversed().map { place in
            let limb = place / 4 < value.limbs.count ? value.limbs[place / 4] : 0
            return UInt8(truncatingIfNeeded: limb >> UInt32(place % 4 * 8))
        }
    }

    /// The address with this number; below zero counted from the end.
    func host(_ number: HCLNumber) throws(ConversionError) -> [UInt8] {
        let size = Magnitude(1).shiftedLeft(width - prefix)
        let place = number.mantissa.shiftedLeft(max(0, min(number.exponent, 200)))
        guard number.isInteger, number.isNegative ? place <= size : place < size else {
            throw ConversionError(message: "\(description) has no host \(number)")
        }
        return bytes(of: number.isNegative ? value + (size - place) : value + place)
    }

    /// The block with this number, of those that are `added` bits longer.
    func part(_ number: HCLNumber, added: Int) throws(ConversionError) -> AddressBlock {
        guard added >= 0, added <= width - prefix else {
            throw ConversionError(message: "\(description) has no \(added) bits left")
        }
        let place = number.mantissa.shiftedLeft(max(0, min(number.exponent, 200)))
        guard number.isInteger, !number.isNegative, place < Magnitude(1).shiftedLeft(added) else {
            throw ConversionError(message: "\(added) bits have no room for number \(number)")
        }
        let shift = width - prefix - added
        return AddressBlock(bytes: bytes(of: value + place.shiftedLeft(shift)), prefix: prefix + added)
    }

    /// Blocks one after the other, each longer by so many bits; nil behind the end.
    func next(after last: AddressBlock?, added: Int) throws(ConversionError) -> AddressBlock {
        guard added > 0, added <= width - prefix else {
            throw ConversionError(message: "\(description) has no \(added) bits left")
        }
        let longer = prefix + added
        guard let last else { return AddressBlock(bytes: bytes, prefix: longer) }
        let end = last.value + Magnitude(1).shiftedLeft(width - last.prefix)
        let unit = Magnitude(1).shiftedLeft(width - longer)
        let (whole, rest) = end.divided(by: unit)
        let start = (rest.isZero ? whole : whole + Magnitude(1)) * unit
        guard start + unit <= value + Magnitude(1).shiftedLeft(width - prefix) else {
            throw ConversionError(
                message: "\(description) has no room left for a block of \(added) more bits"
            )
        }
        return AddressBlock(bytes: bytes(of: start), prefix: longer)
    }
}

extension String {
    fileprivate func components(separatedBy mark: String) -> [String] {
        StandardFunctions.separated(self, by: mark)
    }
}
