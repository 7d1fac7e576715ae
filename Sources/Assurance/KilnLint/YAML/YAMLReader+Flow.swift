/// Lists in brackets and mappings in braces.
extension YAMLReader {
    mutating func flow() throws(Problem) -> Node {
        try enter()
        defer { depth -= 1 }
        return bytes[at] == UInt8(ascii: "[") ? try flowList() : try flowMap()
    }

    private mutating func flowValue() throws(Problem) -> Node {
        let properties = try self.properties()
        skipSpace()
        try count(1)
        switch byte {
        case nil: throw problem("brackets have no end")
        case UInt8(ascii: "["), UInt8(ascii: "{"): return try keep(try flow(), properties)
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return try keep(try quoted(), properties)
        case UInt8(ascii: "*"): return try keep(try alias(), properties)
        default: return try keep(flowPlain(), properties)
        }
    }

    private mutating func flowPlain() -> Node {
        let start = at
        var end = plainLineEnd(from: at, isFlow: true)
        var text = String(decoding: bytes[start..<end], as: UTF8.self)
        at = end
        while true {
            let (kept, keptLine) = (at, lineStart)
            skipBlanks()
            guard byte == 10 || byte == 13 else { break }
            skipSpace()
            guard let byte, !isFlowMark(byte), byte != UInt8(ascii: ":") else {
                (at, lineStart) = (kept, keptLine)
                break
            }
            let next = plainLineEnd(from: at, isFlow: true)
            guard next > at else {
                (at, lineStart) = (kept, keptLine)
                break
            }
            text += " " + String(decoding: bytes[at..<next], as: UTF8.self)
            at = next
            end = next
        }
        return Node(.scalar(text), at: start..<end)
    }

    private mutating func flowList() throws(Problem) -> Node {
        let start = at
        at += 1
        var items: [Node] = []
        var weight = 1
        while true {
            skipSpace()
            guard let byte else { throw problem("brackets have no end") }
            if byte == UInt8(ascii: "]") { break }
            var item = try flowValue()
            skipSpace()
            if self.byte == UInt8(ascii: ":"), let key = item.text {
                // A pair on its own, which is a mapping of one.
                at += 1
                skipSpace()
                let value = isFlowMark(self.byte) ? empty() : try flowValue()
                let pair = Node.Entry(key: key, keyRange: item.range, value: value)
                item = Node(.map([pair]), at: item.range.lowerBound..<value.range.upperBound)
                skipSpace()
            }
            items.append(item)
            weight += item.weight
            guard self.byte == UInt8(ascii: ",") else {
                guard self.byte == UInt8(ascii: "]") else {
                    throw problem("a list in brackets has no end, or no comma between two items")
                }
                break
            }
            at += 1
        }
        at += 1
        var node = Node(.list(items), at: start..<at)
        node.weight = weight
        return node
    }

    private mutating func flowMap() throws(Problem) -> Node {
        let start = at
        at += 1
        var entries: [Node.Entry] = []
        var weight = 1
        while true {
            skipSpace()
            guard let byte else { throw problem("braces have no end") }
            if byte == UInt8(ascii: "}") { break }
            let key = try flowValue()
            guard let name = key.text else { throw problem("a key is a text") }
            skipSpace()
            var value = empty()
            if self.byte == UInt8(ascii: ":") {
                at += 1
                skipSpace()
                if !isFlowMark(self.byte) { value = try flowValue() }
            }
            entries.append(Node.Entry(key: name, keyRange: key.range, value: value))
            weight += value.weight
            skipSpace()
            guard self.byte == UInt8(ascii: ",") else {
                guard self.byte == UInt8(ascii: "}") else {
                    throw problem("an object in braces has no end, or no comma between two keys")
                }
                break
            }
            at += 1
        }
        at += 1
        var node = Node(.map(entries), at: start..<at)
        node.weight = weight
        return node
    }
}
