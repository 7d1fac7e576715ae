/// Gzip in stored blocks of a size, one member each, which a reader gets piece by piece.
enum GzipPieces {
    static func of(_ bytes: [UInt8], size: Int) -> [UInt8] {
        var result: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(size))
            rest = rest.dropFirst(size)
            result += [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF, 1]
            let count = UInt16(piece.count)
            for number in [count, ~count] { result += [UInt8(number & 0xFF), UInt8(number >> 8)] }
            result += piece
            for number in [checksum(piece), UInt32(piece.count)] {
                result += (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
            }
        }
        return result
    }

    /// CRC-32 as gzip and zip have it.
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var value: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            value ^= UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        }
        return ~value
    }
}
