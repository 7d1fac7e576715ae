/// Turns diagnostics into the text that people read; the only place that does.
package struct DiagnosticRenderer: Sendable {
    private let color: Bool

    package init(color: Bool = false) {
        self.color = color
    }

    package func render(_ diagnostics: [Diagnostic]) -> String {
        diagnostics.map(render).joined(separator: "\n")
    }

    /// `error: message`, the place with its line and a caret, `cause:` lines, `hint:`.
    package func render(_ diagnostic: Diagnostic) -> String {
        var lines = [
            style(diagnostic.severity.rawValue + ":", headStyle(diagnostic)) + " "
                + ShownText.line(diagnostic.message)
        ]
        if let span = diagnostic.span { lines += excerpt(span) }
        lines += diagnostic.causes.map { labelled("cause:", $0) }
        if let hint = diagnostic.hint { lines.append(labelled("hint:", hint)) }
        return lines.joined(separator: "\n")
    }

    private func excerpt(_ span: SourceSpan) -> [String] {
        let place = "  --> \(ShownText.line(span.place))"
        guard let text = span.source.line(span.line) else { return [place] }
        let number = String(span.line)
        let gutter = String(repeating: " ", count: number.count)
        let (shown, column) = window(text.map(ShownText.cell), around: span.column)
        let blank = String(repeating: " ", count: max(0, column - 1))
        let length = max(1, min(span.length, shown.count - column + 1))
        let caret = style(String(repeating: "^", count: length), .red)
        return [place, " \(number) | \(String(shown))", " \(gutter) | \(blank)\(caret)"]
    }

    /// What is shown of a line: a long one is cut around the column, which then counts within the cut.
    private func window(_ line: [Character], around column: Int) -> (shown: [Character], column: Int) {
        let width = 200
        guard line.count > width else { return (line, column) }
        let start = min(max(0, column - width / 2), line.count - width)
        let cut =
            (start > 0 ? ["…"] : []) + line[start..<start + width] + (start + width < line.count ? ["…"] : [])
        return (cut, column - start + (start > 0 ? 1 : 0))
    }

    private func labelled(_ label: String, _ text: String) -> String {
        let indent = "\n" + String(repeating: " ", count: label.count + 1)
        let body = ShownText.lines(text).joined(separator: indent)
        return style(label, .bold) + " " + body
    }

    private enum Style: String {
        case bold = "1"
        case red = "1;31"
        case yellow = "1;33"
    }

    private func headStyle(_ diagnostic: Diagnostic) -> Style {
        switch diagnostic.severity {
        case .error: .red
        case .warning: .yellow
        case .note: .bold
        }
    }

    private func style(_ text: String, _ style: Style) -> String {
        color ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }
}
