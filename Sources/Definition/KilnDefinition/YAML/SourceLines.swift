import KilnDiagnostics

/// The lines of a source text, to turn the YAML parser's places into spans that lie inside it.
struct SourceLines: Sendable {
    let source: SourceText
    private let lines: [SourceLine]

    init(_ source: SourceText) {
        self.source = source
        lines = Array(source.text.utf8).split(separator: 10, omittingEmptySubsequences: false).map { line in
            SourceLine(line.last == 13 ? line.dropLast() : line)
        }
    }

    /// The span of a node: the scalar or the brackets, or the first line of what goes on below.
    func span(of node: YAMLNode) -> SourceSpan {
        guard (1...lines.count).contains(node.place.line) else { return span(node.place) }
        let extent = NodeExtent(lines[node.place.line - 1], from: node.place.column - 1)
        return span(node.place, scalars: extent.length(of: node))
    }

    /// The place of these scalars in the node, from a place in it on; nil when they do not stand there as they are written.
    func place(of wanted: [Unicode.Scalar], in node: YAMLNode, from start: YAMLPlace) -> YAMLPlace? {
        let first = node.place.line - 1
        let isBlock = node.scalar?.style == .block
        for index in (start.line - 1)..<max(start.line - 1, isBlock ? lines.count : first + 1)
        where lines.indices.contains(index) {
            let line = lines[index]
            var column = index == start.line - 1 ? max(0, start.column - 1) : 0
            while column + wanted.count <= line.count {
                if (0..<wanted.count).allSatisfy({ line[column + $0] == wanted[$0] }) {
                    return YAMLPlace(line: index + 1, column: column + 1)
                }
                column += 1
            }
        }
        return nil
    }

    func span(_ place: YAMLPlace, scalars: Int = 1) -> SourceSpan {
        let number = min(max(1, place.line), lines.count)
        let line = lines[number - 1]
        let before = number == place.line ? min(max(0, place.column - 1), line.count) : line.count
        return SourceSpan(
            source: source,
            line: number,
            column: line.characters(0, before) + 1,
            length: line.characters(before, min(line.count, before + max(0, scalars)))
        )
    }

    /// The place of the byte at this offset of the text.
    func place(ofByte offset: Int) -> YAMLPlace {
        for (index, line) in lines.enumerated() where offset <= line.end {
            return YAMLPlace(line: index + 1, column: line.scalars(beforeByte: offset) + 1)
        }
        return YAMLPlace(line: lines.count, column: 1)
    }

    /// What stands at this place; nil past the end of its line.
    func scalar(at place: YAMLPlace) -> Unicode.Scalar? {
        guard (1...lines.count).contains(place.line) else { return nil }
        let line = lines[place.line - 1]
        return (0..<line.count).contains(place.column - 1) ? line[place.column - 1] : nil
    }

    /// How many scalars from this place on belong to one word; at least 1.
    func wordLength(at place: YAMLPlace) -> Int {
        guard (1...lines.count).contains(place.line) else { return 1 }
        let line = lines[place.line - 1]
        var end = place.column - 1
        while end < line.count, !" \t,]}".unicodeScalars.contains(line[end]) { end += 1 }
        return max(1, end - place.column + 1)
    }
}

/// Where the parts of a scalar stand, asked for in their order: each search begins where the last one ended, so that all
/// together read the scalar once.
struct PartPlaces {
    private let node: YAMLNode
    private let lines: SourceLines
    /// nil when a part could not be found: it is escaped, and so may the rest be.
    private var next: YAMLPlace?
    private var whole: SourceSpan?

    init(of node: YAMLNode, in lines: SourceLines) {
        self.node = node
        self.lines = lines
        next = node.place
    }

    /// The span of the part; of the whole scalar where the part cannot be found in it as it is written.
    mutating func span(of part: String) -> SourceSpan {
        let wanted = Array(part.unicodeScalars)
        if let start = next, let found = lines.place(of: wanted, in: node, from: start) {
            next = YAMLPlace(line: found.line, column: found.column + wanted.count)
            return lines.span(found, scalars: wanted.count)
        }
        next = nil
        let span = whole ?? lines.span(of: node)
        whole = span
        return span
    }
}

/// One line, by its Unicode scalars: YAML counts those, and most lines have one byte for each.
struct SourceLine: Sendable {
    /// Where counting characters would cost more than an exact column is worth.
    private static let longest = 4096

    private let bytes: ArraySlice<UInt8>
    /// nil when each byte is one.
    private let wide: [Unicode.Scalar]?

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        let isASCII = bytes.allSatisfy { $0 < 128 }
        wide = isASCII ? nil : Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
    }

    var count: Int { wide?.count ?? bytes.count }
    /// The offset in the text of what follows the line.
    var end: Int { bytes.endIndex }

    subscript(index: Int) -> Unicode.Scalar {
        wide?[index] ?? Unicode.Scalar(bytes[bytes.startIndex + index])
    }

    /// How many characters these scalars are.
    func characters(_ start: Int, _ end: Int) -> Int {
        guard let wide, wide.count <= Self.longest else { return end - start }
        return String(String.UnicodeScalarView(wide[start..<end])).count
    }

    func scalars(beforeByte offset: Int) -> Int {
        let before = bytes[bytes.startIndex..<max(bytes.startIndex, offset)]
        return wide == nil ? before.count : String(decoding: before, as: UTF8.self).unicodeScalars.count
    }
}
