package import KilnDiagnostics

/// A file's name and bytes. Lines and columns are computed when somebody asks.
package struct HCLSource: Sendable, Hashable {
    package let name: String
    let bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        (self.name, self.bytes) = (name, bytes)
    }

    package init(name: String, text: String) {
        self.init(name: name, bytes: Array(text.utf8))
    }

    func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range.clamped(to: bytes.indices)], as: UTF8.self)
    }

    /// 1-based; the column counts grapheme clusters.
    package func position(of offset: Int) -> (line: Int, column: Int) {
        let end = min(offset, bytes.count)
        let before = bytes[..<end]
        let start = before.lastIndex(of: 10).map { $0 + 1 } ?? 0
        return (before.reduce(1) { $0 + ($1 == 10 ? 1 : 0) }, text(start..<end).count + 1)
    }

    package func diagnostic(_ problem: HCLProblem) -> Diagnostic {
        let (line, column) = position(of: problem.range.lowerBound)
        let shown = text(problem.range).prefix { !$0.isNewline }.count
        let source = SourceText(name: name, text: String(decoding: bytes, as: UTF8.self))
        return Diagnostic(
            code: problem.code,
            problem.message,
            at: SourceSpan(source: source, line: line, column: column, length: shown),
            hint: problem.hint,
            exitStatus: .usage
        )
    }
}
