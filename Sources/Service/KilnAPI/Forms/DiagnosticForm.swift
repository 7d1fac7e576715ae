package import KilnDiagnostics

/// A diagnostic as it is sent: nothing of it is lost, so that both sides show the same.
package struct DiagnosticForm: Sendable, Hashable, Codable {
    /// A place in a text, with the line that is there.
    struct Place: Sendable, Hashable, Codable {
        let source: String
        let line: Int
        let column: Int
        let length: Int
        let text: String?
    }

    private static let lastLine = 1_000_000

    let severity: String
    let code: String
    let message: String
    let place: Place?
    let causes: [String]
    let hint: String?
    let exitStatus: Int32

    package init(_ diagnostic: Diagnostic) {
        severity = diagnostic.severity.rawValue
        code = diagnostic.code
        message = diagnostic.message
        place = diagnostic.span.map { span in
            Place(
                source: span.source.name,
                line: span.line,
                column: span.column,
                length: span.length,
                text: span.source.line(span.line)
            )
        }
        causes = diagnostic.causes
        hint = diagnostic.hint
        exitStatus = diagnostic.exitStatus.rawValue
    }

    /// What a newer server says in words of its own is an error that failed.
    package var diagnostic: Diagnostic {
        Diagnostic(
            Diagnostic.Severity(rawValue: severity) ?? .error,
            code: code,
            message,
            at: place.flatMap(Self.span),
            causes: causes,
            hint: hint,
            exitStatus: ExitStatus(rawValue: exitStatus) ?? .failed
        )
    }

    /// The line stands where it stood in the whole text.
    private static func span(_ place: Place) -> SourceSpan? {
        guard (1...lastLine).contains(place.line) else { return nil }
        let above = String(repeating: "\n", count: place.line - 1)
        return SourceSpan(
            source: SourceText(name: place.source, text: place.text.map { above + $0 } ?? ""),
            line: place.line,
            column: place.column,
            length: place.length
        )
    }
}
