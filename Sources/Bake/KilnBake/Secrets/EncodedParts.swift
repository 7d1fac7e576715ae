/// Finds parts of a secret in text that encodes it: base64 and hexadecimal, from any place in the secret on and cut off
/// anywhere, as lines are. Parts of fewer bytes than `SecretValue.shortest` cannot be told from chance.
struct EncodedParts: Sendable {
    private static let length = SecretValue.shortest

    private let windows: Set<UInt64>

    init(_ secret: SecretValue) {
        var windows: Set<UInt64> = []
        Self.eachWindow(of: secret.core) { windows.insert($1) }
        self.windows = windows
    }

    /// Where in the text such parts stand, in order and without touching one another.
    func ranges(in text: [UInt8]) -> [Range<Int>] {
        var isPart = [Bool](repeating: false, count: text.count)
        mark(in: text, &isPart, alphabet: Self.base64, bits: 6)
        mark(in: text, &isPart, alphabet: Self.hexadecimal, bits: 4)
        var ranges: [Range<Int>] = []
        for index in isPart.indices where isPart[index] {
            if let last = ranges.last, last.upperBound == index {
                ranges[ranges.count - 1] = last.lowerBound..<index + 1
            } else {
                ranges.append(index..<index + 1)
            }
        }
        return ranges
    }

    /// Decodes each run of letters from each place at which a byte could begin.
    private func mark(in text: [UInt8], _ isPart: inout [Bool], alphabet: [UInt8], bits: Int) {
        let shortest = Self.length * 8 / bits
        var start = 0
        while start < text.count {
            guard alphabet[Int(text[start])] < 64 else {
                start += 1
                continue
            }
            var end = start
            while end < text.count, alphabet[Int(text[end])] < 64 { end += 1 }
            if end - start >= shortest {
                let letters = text[start..<end].map { alphabet[Int($0)] }
                for offset in 0..<(bits == 6 ? 4 : 2) {
                    mark(Self.decode(letters[offset...], bits), at: start + offset, bits, end, &isPart)
                }
            }
            start = end
        }
    }

    private func mark(_ bytes: [UInt8], at start: Int, _ bits: Int, _ end: Int, _ isPart: inout [Bool]) {
        Self.eachWindow(of: bytes) { position, window in
            guard windows.contains(window) else { return }
            let first = start + position * 8 / bits
            let last = min(end, start + ((position + Self.length) * 8 + bits - 1) / bits)
            for index in first..<last { isPart[index] = true }
        }
    }

    private static func decode(_ letters: ArraySlice<UInt8>, _ bits: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(letters.count * bits / 8)
        var pending = 0
        var count = 0
        for letter in letters {
            pending = (pending << bits | Int(letter)) & 0xFFFF
            count += bits
            guard count >= 8 else { continue }
            count -= 8
            bytes.append(UInt8(truncatingIfNeeded: pending >> count))
        }
        return bytes
    }

    /// Every 8 bytes in a row, as one number.
    private static func eachWindow(of bytes: [UInt8], _ body: (_ position: Int, UInt64) -> Void) {
        var window: UInt64 = 0
        for (index, byte) in bytes.enumerated() {
            window = window << 8 | UInt64(byte)
            if index >= length - 1 { body(index - length + 1, window) }
        }
    }

    /// By byte; 255 for what is no letter.
    private static let base64 = table(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        also: [UInt8(ascii: "-"): 62, UInt8(ascii: "_"): 63]
    )
    private static let hexadecimal = table(
        "0123456789abcdef",
        also: Dictionary(uniqueKeysWithValues: zip("ABCDEF".utf8, UInt8(10)...))
    )

    private static func table(_ letters: String, also more: [UInt8: UInt8]) -> [UInt8] {
        var table = [UInt8](repeating: 255, count: 256)
        for (value, letter) in letters.utf8.enumerated() { table[Int(letter)] = UInt8(value) }
        for (letter, value) in more { table[Int(letter)] = value }
        return table
    }
}
