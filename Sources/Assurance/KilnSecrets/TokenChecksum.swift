/// Checksums that tokens end with.
enum TokenChecksum {
    /// The last six of 36 characters are the CRC-32 of those before, in base 62 (GitHub's and npm's tokens since 2021).
    @Sendable static func isCRC(_ body: ArraySlice<UInt8>) -> Bool {
        var sum = crc32(body.dropLast(6))
        var digits: [UInt8] = []
        for _ in 0..<6 {
            digits.append(Alphabet.base62Digits[Int(sum % 62)])
            sum /= 62
        }
        return sum == 0 && body.suffix(6).elementsEqual(digits.reversed())
    }

    /// CRC-32 as in zip and PNG.
    static func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = (sum >> 1) ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        return ~sum
    }

    /// Bech32 (BIP 173) with age's prefix; its last six characters are the checksum.
    @Sendable static func isAge(_ body: ArraySlice<UInt8>) -> Bool {
        let digits = Array("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L".utf8)
        var values: [UInt32] = []
        for byte in body {
            guard let value = digits.firstIndex(of: byte) else { return false }
            values.append(UInt32(value))
        }
        let name = Array("age-secret-key-".utf8).map(UInt32.init)
        return polymod(name.map { $0 >> 5 } + [0] + name.map { $0 & 31 } + values) == 1
    }

    private static func polymod(_ values: [UInt32]) -> UInt32 {
        let generator: [UInt32] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3]
        return values.reduce(1) { sum, value in
            let top = sum >> 25
            return generator.indices.reduce((sum & 0x1ff_ffff) << 5 ^ value) { next, place in
                (top >> UInt32(place)) & 1 == 1 ? next ^ generator[place] : next
            }
        }
    }
}
