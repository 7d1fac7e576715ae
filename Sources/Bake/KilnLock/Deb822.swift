/// One paragraph of a control file (deb822(5)).
struct Deb822Paragraph: Sendable, Hashable {
    /// Values by lower-case field name; continuation lines are joined by newlines.
    private(set) var fields: [String: String] = [:]

    subscript(_ name: String) -> String? { fields[name.lowercased()] }

    /// The words of a field whose value is a list split by white space.
    func words(_ name: String) -> [String] {
        (self[name] ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
    }

    /// Paragraphs in order. Comment lines are dropped wherever they stand; a line that is neither a field nor a
    /// continuation is passed over, as apt does.
    static func parse(_ text: String) -> [Deb822Paragraph] {
        var paragraphs: [Deb822Paragraph] = []
        var current = Deb822Paragraph()
        var field: String?
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isLineEnd) {
            if line.first == "#" { continue }
            let content = line.trimmingSpaces
            if content.isEmpty {
                if !current.fields.isEmpty { paragraphs.append(current) }
                current = Deb822Paragraph()
                field = nil
            } else if line.first == " " || line.first == "\t" {
                if let field { current.fields[field, default: ""] += "\n" + content }
            } else if let colon = line.firstIndex(of: ":") {
                let name = line[..<colon].lowercased()
                current.fields[name] = String(line[line.index(after: colon)...].trimmingSpaces)
                field = name
            }
        }
        if !current.fields.isEmpty { paragraphs.append(current) }
        return paragraphs
    }
}

extension Character {
    /// `\r\n` is one character, so that splitting at `\n` alone would not end a line there.
    var isLineEnd: Bool { self == "\n" || self == "\r\n" }
}

extension Substring {
    /// Without white space at both ends.
    var trimmingSpaces: Substring {
        guard let first = firstIndex(where: { !$0.isWhitespace }),
            let last = lastIndex(where: { !$0.isWhitespace })
        else { return self[endIndex...] }
        return self[first...last]
    }
}
