/// Blocks of text.
extension YAMLReader {
    /// After `|` or `>`: the lines that are indented deeper than the parent.
    mutating func blockScalar(parent: Int) throws(Problem) -> Node {
        try count(1)
        let start = at
        let isFolded = byte == UInt8(ascii: ">")
        at += 1
        let (chomping, given) = try blockHeader()
        var lines: [ArraySlice<UInt8>] = []
        var indent = given.map { max(0, parent) + $0 }
        var end = at
        while at < bytes.count {
            let lineEnd = bytes[at...].firstIndex(of: 10) ?? bytes.count
            let stop = lineEnd > at && bytes[lineEnd - 1] == 13 ? lineEnd - 1 : lineEnd
            var first = at
            while first < stop, bytes[first] == 32 { first += 1 }
            if first < stop {
                if first - at <= parent || isMarker("---") || isMarker("...") { break }
                if indent == nil { indent = first - at }
                guard let indent, first - at >= indent else { break }
                lines.append(bytes[(at + indent)..<stop])
                end = stop
            } else {
                lines.append(indent.map { bytes[min(at + $0, stop)..<stop] } ?? [])
            }
            at = min(lineEnd + 1, bytes.count)
            lineStart = at
            if lineEnd == bytes.count { break }
        }
        var node = Node(
            .scalar(String(decoding: joined(lines, isFolded, chomping), as: UTF8.self)),
            at: start..<max(start, end)
        )
        node.style = .block
        return node
    }

    /// How ends of lines are taken, and how deep the text is indented, where the first line says so.
    private mutating func blockHeader() throws(Problem) -> (chomping: UInt8?, given: Int?) {
        var chomping: UInt8?
        var given: Int?
        while let byte, !isBlankOrEnd(byte) {
            if byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") {
                chomping = byte
            } else if (49...57).contains(byte) {
                given = Int(byte) - 48
            } else {
                throw problem("this does not fit behind | or >")
            }
            at += 1
        }
        skipBlanks()
        guard atLineEnd else { throw problem("this does not fit behind | or >") }
        skipLine()
        return (chomping, given)
    }

    private func joined(_ all: [ArraySlice<UInt8>], _ isFolded: Bool, _ chomping: UInt8?) -> [UInt8] {
        var lines = all
        var trailing = 0
        while let last = lines.last, last.isEmpty {
            lines.removeLast()
            trailing += 1
        }
        var text: [UInt8] = []
        for (index, line) in lines.enumerated() {
            if index > 0 {
                let (before, isDeep) = (
                    lines[index - 1], { (l: ArraySlice<UInt8>) in l.first == 32 || l.first == 9 }
                )
                if !isFolded || isDeep(line) || isDeep(before) {
                    text.append(10)
                } else if line.isEmpty {
                    text.append(10)
                } else if !before.isEmpty {
                    text.append(32)
                }
            }
            text += line
        }
        switch chomping {
        case UInt8(ascii: "-"): break
        case UInt8(ascii: "+"): text += [UInt8](repeating: 10, count: trailing + (lines.isEmpty ? 0 : 1))
        default: if !lines.isEmpty { text.append(10) }
        }
        return text
    }
}
