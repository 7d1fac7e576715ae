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

    /// 1-based; the column counts grapheme clusters. For one place: `HCLLines` answers for many.
    package func position(of offset: Int) -> (line: Int, column: Int) {
        let end = min(max(0, offset), bytes.count)
        let start = bytes[..<end].lastIndex(of: 10).map { $0 + 1 } ?? 0
        let line = bytes.withUnsafeBufferPointer { $0[..<end].reduce(1) { $0 + ($1 == 10 ? 1 : 0) } }
        return (line, text(start..<end).count + 1)
    }

    package func diagnostic(_ problem: HCLProblem) -> Diagnostic { HCLLines(self).diagnostic(problem) }
}

/// Where the lines of a source begin, so that each place is found at once.
package struct HCLLines: Sendable {
    package let source: HCLSource
    private let starts: [Int]
    private let text: SourceText

    package init(_ source: HCLSource) {
        self.source = source
        var starts = [0]
        source.bytes.withUnsafeBufferPointer { bytes in
            for index in bytes.indices where bytes[index] == 10 { starts.append(index + 1) }
        }
        self.starts = starts
        text = SourceText(name: source.name, text: String(decoding: source.bytes, as: UTF8.self))
    }

    /// 1-based; the column counts grapheme clusters.
    package func position(of offset: Int) -> (line: Int, column: Int) {
        let end = min(max(0, offset), source.bytes.count)
        var (low, high) = (0, starts.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if starts[middle] <= end { low = middle } else { high = middle - 1 }
        }
        return (low + 1, source.text(starts[low]..<end).count + 1)
    }

    /// What a message shows: the first line of the range.
    package func span(of range: Range<Int>) -> SourceSpan {
        let (line, column) = position(of: range.lowerBound)
        let end = line < starts.count ? starts[line] : source.bytes.count
        let shown = range.clamped(to: 0..<max(range.lowerBound, min(end, source.bytes.count)))
        let length = source.text(shown).prefix { !$0.isNewline }.count
        return SourceSpan(source: text, line: line, column: column, length: length)
    }

    package func diagnostic(_ problem: HCLProblem) -> Diagnostic {
        Diagnostic(
            code: problem.code,
            problem.message,
            at: span(of: problem.range),
            hint: problem.hint,
            exitStatus: .usage
        )
    }
}
