import Crypto
import FoundationEssentials

/// A digest as dpkg keeps it of its files. It tells accidents and edits, and is no proof of anything.
package struct MD5: Sendable, Hashable {
    private let high: UInt64
    private let low: UInt64

    /// From 32 hex digits, in whatever case.
    package init?(hex: some StringProtocol) {
        let digits = hex.utf8
        guard digits.count == 32 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for (place, digit) in digits.enumerated() {
            let value: UInt64
            switch digit {
            case 48...57: value = UInt64(digit - 48)
            case 97...102: value = UInt64(digit - 87)
            case 65...70: value = UInt64(digit - 55)
            default: return nil
            }
            if place < 16 { words.0 = words.0 << 4 | value } else { words.1 = words.1 << 4 | value }
        }
        (high, low) = words
    }

    package var hex: String {
        [high, low].map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        .joined()
    }

    package init(of bytes: [UInt8]) {
        self.init(Insecure.MD5.hash(data: bytes))
    }

    fileprivate init(_ digest: Insecure.MD5Digest) {
        var words: (UInt64, UInt64) = (0, 0)
        for (place, byte) in digest.enumerated() {
            if place < 8 {
                words.0 = words.0 << 8 | UInt64(byte)
            } else {
                words.1 = words.1 << 8 | UInt64(byte)
            }
        }
        (high, low) = words
    }
}

/// Takes a file's digest piece by piece.
struct MD5Hasher {
    private var hasher = Insecure.MD5()

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hasher.update(bufferPointer: bytes)
    }

    func finish() -> MD5 { MD5(hasher.finalize()) }
}
