/// How far a node reaches on its first line, which is as much as the parser leaves to find out.
struct NodeExtent {
    private let line: SourceLine
    private let start: Int

    init(_ line: SourceLine, from start: Int) {
        self.line = line
        self.start = min(max(0, start), line.count)
    }

    /// In Unicode scalars.
    func length(of node: YAMLNode) -> Int {
        switch node.content {
        case .list, .map: node.isFlow ? bracketed : trimmed
        case .scalar(let scalar):
            switch scalar.style {
            case .plain: plain(scalar.written ?? scalar.text)
            case .quoted: quoted(from: start) ?? trimmed
            case .block: trimmed
            }
        }
    }

    /// The text itself, unless it goes on below.
    private func plain(_ text: String) -> Int {
        var index = start
        for scalar in text.unicodeScalars {
            guard index < line.count, line[index] == scalar else { return trimmed }
            index += 1
        }
        return index - start
    }

    /// Up to the end of the line, without a comment and the blanks before it.
    private var trimmed: Int {
        var end = start
        while end < line.count, !(line[end] == "#" && end > start && line[end - 1] == " ") { end += 1 }
        while end > start, line[end - 1] == " " || line[end - 1] == "\t" { end -= 1 }
        return end - start
    }

    /// The length of the quoted text that starts at this index, quotes included; nil when it goes on below.
    private func quoted(from start: Int) -> Int? {
        guard start < line.count else { return nil }
        let quote = line[start]
        var index = start + 1
        while index < line.count {
            if quote == "\"", line[index] == "\\" {
                index += 1
            } else if line[index] == quote {
                return index - start + 1
            }
            index += 1
        }
        return nil
    }

    private var bracketed: Int {
        var depth = 0
        var index = start
        while index < line.count {
            switch line[index] {
            case "[", "{": depth += 1
            case "]", "}":
                depth -= 1
                if depth == 0 { return index + 1 - start }
            case "\"", "'":
                guard let length = quoted(from: index) else { return trimmed }
                index += length - 1
            default: break
            }
            index += 1
        }
        return trimmed
    }
}
