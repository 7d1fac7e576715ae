import KilnSecrets

/// Tokens made up here, in pieces, so that no scanner of this project takes them for somebody's.
enum Tokens {
    /// Looks random, and is the same each time.
    static func body(_ count: Int, _ alphabet: String = base62, seed: Int = 7) -> String {
        let letters = Array(alphabet)
        return String((0..<count).map { letters[($0 * 37 + seed * 11 + $0 * $0 * 5) % letters.count] })
    }

    static let base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    static let hex = "0123456789abcdef"

    /// A body that ends with its CRC-32 in base 62.
    static func checked(_ count: Int = 30, seed: Int = 7) -> String {
        let text = body(count, seed: seed)
        var sum = UInt32.max
        for byte in text.utf8 {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = (sum >> 1) ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        sum = ~sum
        var digits = ""
        for _ in 0..<6 {
            digits = String(Array(base62)[Int(sum % 62)]) + digits
            sum /= 62
        }
        return text + digits
    }

    /// What is found in a text at a path.
    static func found(_ text: String, at path: String = "opt/app/settings.txt") -> [SecretFinding] {
        let content = Array(text.utf8)
        return SecretScanner().findings(in: ScannedFile(path: path, size: Int64(content.count)), content)
    }
}

/// Numbers that look random and are the same each time (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
