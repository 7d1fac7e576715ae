/// Values laid out by indentation.
extension YAMLReader {
    struct Properties {
        var anchor: String?
        var tag: String?
        var start: Int?
    }

    /// The value that starts at the next token, if that stands right of its parent; nothing otherwise.
    mutating func blockNode(parent: Int) throws(Problem) -> Node {
        skipSpace()
        guard at < bytes.count, column > parent, !isMarker("---"), !isMarker("...") else {
            return empty()
        }
        try refuseTabs()
        try enter()
        defer { depth -= 1 }
        let start = at
        // What an anchor or tag in front of a key belongs to is told by what follows the key.
        let column = self.column
        let line = lineStart
        let properties = try self.properties()
        if properties.start != nil, atLineEnd {
            return try keep(try blockNode(parent: parent), properties)
        }
        if isSequenceEntry { return try keep(try sequence(column: self.column), properties) }
        if byte == UInt8(ascii: "?"), isBlankOrEnd(peek(1)) {
            throw problem("keys that are written with ? are not read")
        }
        if byte == UInt8(ascii: "|") || byte == UInt8(ascii: ">") {
            return try keep(try blockScalar(parent: parent), properties)
        }
        if try keyAhead() != nil {
            (at, lineStart) = (start, line)
            return try mapping(column: column)
        }
        return try keep(try inlineNode(parent: parent), properties)
    }

    /// Tabs indent nothing: a tool that takes them would see another structure than the next.
    private func refuseTabs() throws(Problem) {
        let blanks = bytes[lineStart..<at].prefix { $0 == 32 || $0 == 9 }
        guard blanks.endIndex == at, blanks.contains(9) else { return }
        throw problem("a tab, where YAML takes spaces only")
    }

    func empty() -> Node {
        let end = min(at, bytes.count)
        return Node(.scalar(""), at: end..<end)
    }

    var isSequenceEntry: Bool { byte == UInt8(ascii: "-") && isBlankOrEnd(peek(1)) }

    // MARK: Anchors and tags

    mutating func properties() throws(Problem) -> Properties {
        var result = Properties()
        while let byte, byte == UInt8(ascii: "&") || byte == UInt8(ascii: "!") {
            if result.start == nil { result.start = at }
            let start = at
            while !isBlankOrEnd(self.byte), !(byte == UInt8(ascii: "&") && isFlowMark(self.byte)) { at += 1 }
            let word = String(decoding: bytes[start..<at], as: UTF8.self)
            if byte == UInt8(ascii: "&") {
                result.anchor = String(word.dropFirst())
            } else {
                result.tag = word
            }
            skipBlanks()
        }
        return result
    }

    func isFlowMark(_ byte: UInt8?) -> Bool {
        guard let byte else { return false }
        return byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}")
    }

    mutating func keep(_ value: Node, _ properties: Properties) throws(Problem) -> Node {
        var node = value
        if let tag = properties.tag {
            node.tag = tag
            if let start = properties.start { node.range = start..<max(start, node.range.upperBound) }
        }
        if let anchor = properties.anchor { anchors[anchor] = node }
        return node
    }

    // MARK: Sequences

    mutating func sequence(column: Int) throws(Problem) -> Node {
        let start = at
        var items: [Node] = []
        var end = at
        var weight = 1
        while at < bytes.count, self.column == column, isSequenceEntry, !isMarker("---") {
            let dash = at
            at += 1
            skipBlanks()
            let item = try blockNode(parent: column)
            items.append(item)
            weight += item.weight
            end = max(item.range.upperBound, dash + 1)
            try count(1)
            skipSpace()
        }
        if at < bytes.count, self.column > column, !isMarker("---"), !isMarker("...") {
            throw problem("this does not fit the indentation above it")
        }
        var node = Node(.list(items), at: start..<end)
        node.weight = weight
        return node
    }

    // MARK: Mappings

    /// A key with its colon, if that is what stands here: left behind the colon.
    mutating func keyAhead() throws(Problem) -> (text: String, range: Range<Int>)? {
        let start = at
        let text: String
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            let line = lineStart
            let quoted = try self.quoted()
            text = quoted.text ?? ""
            guard lineStart == line else {
                (at, lineStart) = (start, line)
                return nil
            }
        case UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: ">"): return nil
        default:
            guard let end = plainKeyEnd() else { return nil }
            text = String(decoding: bytes[at..<end], as: UTF8.self)
            at = end
        }
        let end = at
        skipBlanks()
        guard byte == UInt8(ascii: ":"), isBlankOrEnd(peek(1)) else {
            at = start
            return nil
        }
        at += 1
        return (text, start..<end)
    }

    /// Where a plain key ends that has its colon on this line.
    private func plainKeyEnd() -> Int? {
        var index = at
        while index < bytes.count {
            switch bytes[index] {
            case 10: return nil
            case UInt8(ascii: ":"):
                let next = index + 1 < bytes.count ? bytes[index + 1] : nil
                if isBlankOrEnd(next) {
                    var end = index
                    while end > at, bytes[end - 1] == 32 || bytes[end - 1] == 9 { end -= 1 }
                    return end
                }
            case UInt8(ascii: "#"):
                if index > at, bytes[index - 1] == 32 || bytes[index - 1] == 9 { return nil }
            default: break
            }
            index += 1
        }
        return nil
    }

    private mutating func mapping(column: Int) throws(Problem) -> Node {
        let start = at
        var entries: [Node.Entry] = []
        var merged: [Node.Entry] = []
        var end = at
        var weight = 1
        while at < bytes.count, self.column == column, !isMarker("---"), !isMarker("...") {
            _ = try properties()
            guard let key = try keyAhead() else {
                throw problem("a key without a colon")
            }
            let value = try self.value(column: column)
            end = max(value.range.upperBound, key.range.upperBound + 1)
            weight += value.weight
            try count(1)
            if key.text == "<<" {
                for source in value.itemsOrSelf { merged += source.entries }
            } else {
                entries.append(Node.Entry(key: key.text, keyRange: key.range, value: value))
            }
            skipSpace()
        }
        if at < bytes.count, self.column > column, !isMarker("---"), !isMarker("...") {
            throw problem("this does not fit the indentation above it")
        }
        if !merged.isEmpty {
            let own = Set(entries.map(\.key))
            entries += merged.filter { !own.contains($0.key) }
        }
        var node = Node(.map(entries), at: start..<end)
        node.weight = weight
        return node
    }

    /// What follows a key's colon.
    private mutating func value(column: Int) throws(Problem) -> Node {
        skipBlanks()
        let properties = try self.properties()
        guard atLineEnd else {
            if byte == UInt8(ascii: "|") || byte == UInt8(ascii: ">") {
                return try keep(try blockScalar(parent: column), properties)
            }
            return try keep(try inlineNode(parent: column), properties)
        }
        let place = at
        skipSpace()
        if at < bytes.count, self.column == column, isSequenceEntry, !isMarker("---") {
            try enter()
            defer { depth -= 1 }
            return try keep(try sequence(column: column), properties)
        }
        guard at < bytes.count, self.column > column, !isMarker("---"), !isMarker("...") else {
            let start = properties.start ?? place
            return try keep(Node(.scalar(""), at: start..<max(start, place)), properties)
        }
        return try keep(try blockNode(parent: column), properties)
    }
}
