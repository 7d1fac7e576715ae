/// Scalars, aliases, and values in brackets.
extension YAMLReader {
    /// What begins on this line and is laid out by its own marks.
    mutating func inlineNode(parent: Int) throws(Problem) -> Node {
        try count(1)
        switch byte {
        case UInt8(ascii: "["), UInt8(ascii: "{"): return try flow()
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return try quoted()
        case UInt8(ascii: "*"): return try alias()
        case UInt8(ascii: "@"), UInt8(ascii: "`"), UInt8(ascii: "%"):
            throw problem("a value cannot start with this")
        default: return plain(parent: parent)
        }
    }

    mutating func alias() throws(Problem) -> Node {
        let start = at
        at += 1
        while !isBlankOrEnd(byte), !isFlowMark(byte) { at += 1 }
        let name = String(decoding: bytes[start + 1..<at], as: UTF8.self)
        guard var node = anchors[name] else {
            at = start
            throw problem("there is no anchor &\(name) above")
        }
        try count(node.weight)
        node.range = start..<at
        return node
    }

    // MARK: Plain

    private mutating func plain(parent: Int) -> Node {
        let start = at
        var end = plainLineEnd(from: at, isFlow: false)
        var text = String(decoding: bytes[start..<end], as: UTF8.self)
        at = end
        // Lines that are indented deeper go on; empty ones between them are line ends.
        while true {
            let (kept, keptLine) = (at, lineStart)
            skipBlanks()
            guard byte == 10 || byte == 13 else { break }
            var breaks = 0
            while let byte, byte == 32 || byte == 9 || byte == 10 || byte == 13 {
                at += 1
                if byte == 10 {
                    lineStart = at
                    breaks += 1
                }
            }
            guard at < bytes.count, column > parent, byte != UInt8(ascii: "#"), !isMarker("---"),
                !isMarker("...")
            else {
                (at, lineStart) = (kept, keptLine)
                break
            }
            let next = plainLineEnd(from: at, isFlow: false)
            text += breaks > 1 ? String(repeating: "\n", count: breaks - 1) : " "
            text += String(decoding: bytes[at..<next], as: UTF8.self)
            at = next
            end = next
        }
        return Node(.scalar(text), at: start..<end)
    }

    /// Up to a comment, a colon before a blank, or the line's end; in brackets also up to their marks.
    func plainLineEnd(from start: Int, isFlow: Bool) -> Int {
        var index = start
        var end = start
        while index < bytes.count {
            let byte = bytes[index]
            if byte == 10 || byte == 13 { break }
            if byte == UInt8(ascii: "#"), index > start, bytes[index - 1] == 32 || bytes[index - 1] == 9 {
                break
            }
            if byte == UInt8(ascii: ":") {
                let next = index + 1 < bytes.count ? bytes[index + 1] : nil
                if isBlankOrEnd(next) || (isFlow && isFlowMark(next)) { break }
            }
            if isFlow, isFlowMark(byte) || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") { break }
            index += 1
            if byte != 32, byte != 9 { end = index }
        }
        return end
    }

    // MARK: Quoted

    mutating func quoted() throws(Problem) -> Node {
        let start = at
        let (startLine, quote) = (lineStart, bytes[at])
        at += 1
        var text: [UInt8] = []
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            if byte == quote {
                if quote == UInt8(ascii: "'"), self.byte == quote {
                    text.append(quote)
                    at += 1
                    continue
                }
                var node = Node(.scalar(String(decoding: text, as: UTF8.self)), at: start..<at)
                node.style = .quoted
                return node
            }
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                escape(into: &text)
            } else if byte == 10 {
                fold(into: &text)
            } else if byte != 13 {
                text.append(byte)
            }
        }
        (at, lineStart) = (start, startLine)
        throw problem("a quote has no end")
    }

    /// A line end within quotes is a blank, several are one less.
    private mutating func fold(into text: inout [UInt8]) {
        while let last = text.last, last == 32 || last == 9 { text.removeLast() }
        var breaks = 1
        lineStart = at
        while let byte, byte == 32 || byte == 9 || byte == 10 || byte == 13 {
            at += 1
            if byte == 10 {
                breaks += 1
                lineStart = at
            }
        }
        if breaks == 1 {
            text.append(32)
        } else {
            text += [UInt8](repeating: 10, count: breaks - 1)
        }
    }

    private mutating func escape(into text: inout [UInt8]) {
        guard let byte else { return }
        at += 1
        switch byte {
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "t"), 9: text.append(9)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "0"): text.append(0)
        case UInt8(ascii: "a"): text.append(7)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "e"): text.append(27)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "v"): text.append(11)
        case UInt8(ascii: "N"): text += Array("\u{85}".utf8)
        case UInt8(ascii: "_"): text += Array("\u{A0}".utf8)
        case UInt8(ascii: "x"): hexadecimal(2, into: &text)
        case UInt8(ascii: "u"): hexadecimal(4, into: &text)
        case UInt8(ascii: "U"): hexadecimal(8, into: &text)
        case 10:
            lineStart = at
            skipBlanks()
        default: text.append(byte)
        }
    }

    private mutating func hexadecimal(_ digits: Int, into text: inout [UInt8]) {
        guard at + digits <= bytes.count, var value = hex(at, digits) else { return }
        at += digits
        // JSON writes what needs more than 16 bits as two halves.
        if digits == 4, (0xD800..<0xDC00).contains(value), byte == UInt8(ascii: "\\"),
            peek(1) == UInt8(ascii: "u"), at + 6 <= bytes.count, let low = hex(at + 2, 4),
            (0xDC00..<0xE000).contains(low)
        {
            value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
            at += 6
        }
        text += Array(String(Character(Unicode.Scalar(value) ?? "\u{FFFD}")).utf8)
    }

    private func hex(_ start: Int, _ digits: Int) -> UInt32? {
        UInt32(String(decoding: bytes[start..<start + digits], as: UTF8.self), radix: 16)
    }
}
