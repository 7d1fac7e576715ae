/// Text with continuations taken out, each byte with its place in the file.
package struct JoinedText: Sendable, Hashable {
    package var bytes: [UInt8] = []
    /// Of each byte.
    package var offsets: [Int] = []

    package init() {}

    package var string: String { String(decoding: bytes, as: UTF8.self) }

    package var range: Range<Int> {
        guard let first = offsets.first, let last = offsets.last else { return 0..<0 }
        return first..<last + 1
    }

    mutating func append(_ byte: UInt8, at offset: Int) {
        bytes.append(byte)
        offsets.append(offset)
    }

    /// Without what ends at this index, and without the blanks that follow.
    func dropping(through end: Int) -> JoinedText {
        var start = end
        while start < bytes.count, Self.isBlank(bytes[start]) { start += 1 }
        var rest = JoinedText()
        rest.bytes = Array(bytes[start...])
        rest.offsets = Array(offsets[start...])
        return rest
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 10 || byte == 13 }

    var firstWord: DockerWord? { word(from: 0) }

    var words: [DockerWord] {
        var words: [DockerWord] = []
        var place = 0
        while let word = word(from: place) {
            words.append(word)
            place = word.end
        }
        return words
    }

    /// The next word from this index on: quotes group, a backslash takes the next byte as it is.
    private func word(from start: Int) -> DockerWord? {
        var place = start
        while place < bytes.count, Self.isBlank(bytes[place]) { place += 1 }
        guard place < bytes.count else { return nil }
        let first = place
        var text: [UInt8] = []
        var quote: UInt8?
        while place < bytes.count {
            let byte = bytes[place]
            if let open = quote {
                if byte == open {
                    quote = nil
                } else if byte == UInt8(ascii: "\\"), open == UInt8(ascii: "\""), place + 1 < bytes.count {
                    place += 1
                    text.append(bytes[place])
                } else {
                    text.append(byte)
                }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: "\\"), place + 1 < bytes.count {
                place += 1
                text.append(bytes[place])
            } else if Self.isBlank(byte) {
                break
            } else {
                text.append(byte)
            }
            place += 1
        }
        return DockerWord(
            text: String(decoding: text, as: UTF8.self),
            written: String(decoding: bytes[first..<place], as: UTF8.self),
            range: offsets[first]..<offsets[place - 1] + 1,
            end: place
        )
    }

    /// The strings of a JSON array that is all there is; nil for anything else, which builders take for the shell form.
    var jsonArray: [DockerWord]? {
        var reader = JSONStrings(self)
        return reader.read()
    }
}

/// Reads `["a", "b"]`.
private struct JSONStrings {
    private let text: JoinedText
    private var place = 0

    init(_ text: JoinedText) {
        self.text = text
    }

    mutating func read() -> [DockerWord]? {
        guard take("[") else { return nil }
        var words: [DockerWord] = []
        if take("]") { return isAtEnd ? words : nil }
        while true {
            guard let word = string() else { return nil }
            words.append(word)
            if take("]") { return isAtEnd ? words : nil }
            guard take(",") else { return nil }
        }
    }

    private var isAtEnd: Bool { text.bytes[place...].allSatisfy(JoinedText.isBlank) }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        while place < text.bytes.count, JoinedText.isBlank(text.bytes[place]) { place += 1 }
        guard place < text.bytes.count, text.bytes[place] == UInt8(ascii: scalar) else { return false }
        place += 1
        return true
    }

    private mutating func string() -> DockerWord? {
        guard take("\"") else { return nil }
        let first = place - 1
        var result: [UInt8] = []
        while place < text.bytes.count {
            let byte = text.bytes[place]
            place += 1
            if byte == UInt8(ascii: "\"") {
                let written = String(decoding: text.bytes[first..<place], as: UTF8.self)
                return DockerWord(
                    text: String(decoding: result, as: UTF8.self),
                    written: written,
                    range: text.offsets[first]..<text.offsets[place - 1] + 1,
                    end: place
                )
            }
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            guard let escaped = escape() else { return nil }
            result += escaped
        }
        return nil
    }

    private mutating func escape() -> [UInt8]? {
        guard place < text.bytes.count else { return nil }
        let byte = text.bytes[place]
        place += 1
        switch byte {
        case UInt8(ascii: "n"): return [10]
        case UInt8(ascii: "t"): return [9]
        case UInt8(ascii: "r"): return [13]
        case UInt8(ascii: "b"): return [8]
        case UInt8(ascii: "f"): return [12]
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "u"):
            guard place + 4 <= text.bytes.count,
                let value = UInt32(String(decoding: text.bytes[place..<place + 4], as: UTF8.self), radix: 16)
            else { return nil }
            place += 4
            return Array(String(Unicode.Scalar(value) ?? "\u{FFFD}").utf8)
        default: return nil
        }
    }
}
