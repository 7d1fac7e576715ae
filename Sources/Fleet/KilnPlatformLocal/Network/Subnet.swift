/// A range of IPv4 addresses.
package struct Subnet: Sendable, Hashable, CustomStringConvertible {
    package let base: UInt32
    /// Leading bits that all its addresses share.
    package let bits: Int

    package init(base: UInt32, bits: Int) {
        self.bits = bits
        self.base = base & Self.mask(bits)
    }

    /// Reads `10.1.2.0/24`.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let bits = Int(parts[1]), (0...32).contains(bits),
            let base = Self.address(String(parts[0]))
        else { return nil }
        self.init(base: base, bits: bits)
    }

    package var description: String { "\(Self.text(base))/\(bits)" }
    /// The first address, which the host takes on the bridge.
    package var gateway: String { Self.text(base + 1) }

    package func overlaps(_ other: Subnet) -> Bool {
        let mask = Self.mask(min(bits, other.bits))
        return base & mask == other.base & mask
    }

    package static func address(_ text: String) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4 else { return nil }
        return parts.reduce(into: UInt32?(0)) { sum, part in
            sum = part.flatMap { byte in sum.map { $0 << 8 | UInt32(byte) } }
        }
    }

    package static func text(_ address: UInt32) -> String {
        (0..<4).map { String(address >> (24 - 8 * UInt32($0)) & 255) }.joined(separator: ".")
    }

    private static func mask(_ bits: Int) -> UInt32 {
        bits == 0 ? 0 : UInt32.max << UInt32(32 - bits)
    }
}
