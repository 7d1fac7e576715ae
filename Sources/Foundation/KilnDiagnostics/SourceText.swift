/// A text that a user wrote, with its name, so that an error can show the very line.
package struct SourceText: Sendable, Hashable {
    /// The path as the user would type it.
    package let name: String
    package let text: String

    package init(name: String, text: String) {
        self.name = name
        self.text = text
    }

    /// The line with this number (1-based), without its newline; nil past the end.
    package func line(_ number: Int) -> String? {
        guard number >= 1 else { return nil }
        var rest = text.utf8[...]
        for _ in 1..<number {
            guard let end = rest.firstIndex(of: 10) else { return nil }
            rest = rest[rest.index(after: end)...]
        }
        let line = rest.prefix { $0 != 10 }
        return String(Substring(line.last == 13 ? line.dropLast() : line))
    }
}

/// A place in a source text: line and column are 1-based, the column counts characters.
package struct SourceSpan: Sendable, Hashable {
    package let source: SourceText
    package let line: Int
    package let column: Int
    /// How many characters the caret underlines; at least 1.
    package let length: Int

    package init(source: SourceText, line: Int, column: Int, length: Int = 1) {
        self.source = source
        self.line = line
        self.column = column
        self.length = max(1, length)
    }

    /// `file:line:col`, the form that editors and terminals turn into a link.
    package var place: String { "\(source.name):\(line):\(column)" }
}
