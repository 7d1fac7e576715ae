package import KilnSystem

/// Which addresses the instances of a home get, unless they are taken.
package enum SubnetChoice {
    /// The one place that names Kiln's addresses: private ranges that are seldom used, cut into pieces of 1,022 instances.
    package static let ranges = ["10.213.0.0/16", "172.29.0.0/16", "192.168.240.0/20"]
    private static let bits = 22

    /// Where to begin: homes begin at different places, so that they seldom ask for the same.
    package static func candidates(for home: KilnHome) -> [Subnet] {
        let all = ranges.compactMap { Subnet($0) }.flatMap { range in
            (0..<(UInt32(1) << UInt32(bits - range.bits))).map {
                Subnet(base: range.base + $0 << UInt32(32 - bits), bits: bits)
            }
        }
        let start = (Int(home.identifier, radix: 16) ?? 0) % 64
        return Array(all[start...] + all[..<start])
    }

    /// The first candidate that meets no route of the host.
    package static func choose(from candidates: [Subnet], routes: [Subnet]) -> Subnet? {
        candidates.first { candidate in !routes.contains { $0.overlaps(candidate) } }
    }

    /// Reads `/proc/net/route`; the default route meets nothing. `ignoring` is an interface whose routes don't count.
    package static func routes(parsing table: String, ignoring interface: String) -> [Subnet] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard fields.count > 7, fields[0] != interface, let destination = UInt32(fields[1], radix: 16),
                let mask = UInt32(fields[7], radix: 16), mask != 0
            else { return nil }
            return Subnet(base: destination.byteSwapped, bits: mask.nonzeroBitCount)
        }
    }
}
