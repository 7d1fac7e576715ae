package import KilnDiagnostics

/// A file as it was read. Places in it are ranges of its bytes; lines and columns are computed for those that are shown.
package struct LintSource: Sendable {
    /// The path as the user would type it.
    package let name: String
    package let bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    package init(name: String, text: String) {
        self.init(name: name, bytes: Array(text.utf8))
    }

    /// Without the folders.
    var fileName: String { String(name.split(separator: "/").last ?? "") }

    func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[clamped(range)], as: UTF8.self)
    }

    func clamped(_ range: Range<Int>) -> Range<Int> { range.clamped(to: 0..<bytes.count) }

    /// 1-based.
    func line(of offset: Int) -> Int {
        bytes[..<min(max(0, offset), bytes.count)].reduce(1) { $0 + ($1 == 10 ? 1 : 0) }
    }

    func lineStart(of offset: Int) -> Int {
        let end = min(max(0, offset), bytes.count)
        return bytes[..<end].lastIndex(of: 10).map { $0 + 1 } ?? 0
    }

    func lineEnd(of offset: Int) -> Int {
        let start = min(max(0, offset), bytes.count)
        return bytes[start...].firstIndex(of: 10) ?? bytes.count
    }

    /// The span that a caret underlines: the range as far as its first line goes.
    package func span(_ range: Range<Int>, in text: SourceText) -> SourceSpan {
        let place = clamped(range)
        let start = lineStart(of: place.lowerBound)
        let end = max(place.lowerBound, min(place.upperBound, lineEnd(of: place.lowerBound)))
        return SourceSpan(
            source: text,
            line: line(of: place.lowerBound),
            column: self.text(start..<place.lowerBound).count + 1,
            length: self.text(place.lowerBound..<end).count
        )
    }

    package var sourceText: SourceText {
        SourceText(name: name, text: String(decoding: bytes, as: UTF8.self))
    }
}

/// A text that stands in a file in some other writing: indented, quoted, escaped, continued.
struct PlacedText: Sendable {
    private enum Places: Sendable {
        /// Of each byte.
        case exact([Int])
        /// To be found by laying the text over what was written in this range.
        case within(Range<Int>)
        /// In another file, which this range names.
        case elsewhere(Range<Int>)
    }

    let bytes: [UInt8]
    private let places: Places

    init(_ bytes: [UInt8], offsets: [Int]) {
        self.bytes = bytes
        places = .exact(offsets)
    }

    init(_ text: String, within range: Range<Int>) {
        bytes = Array(text.utf8)
        places = .within(range)
    }

    /// A text that the file only refers to.
    init(_ text: String, namedAt range: Range<Int>) {
        bytes = Array(text.utf8)
        places = .elsewhere(range)
    }

    /// All of it, in the file.
    var range: Range<Int> {
        switch places {
        case .exact(let offsets): (offsets.first ?? 0)..<((offsets.last ?? -1) + 1)
        case .within(let range), .elsewhere(let range): range
        }
    }

    /// The place in the file of a range of the text.
    func place(of range: Range<Int>, in source: LintSource) -> Range<Int> {
        switch places {
        case .exact(let offsets):
            guard range.lowerBound < offsets.count, !range.isEmpty else { return self.range }
            return offsets[range.lowerBound]..<offsets[min(range.upperBound, offsets.count) - 1] + 1
        case .elsewhere(let whole): return source.clamped(whole)
        case .within(let whole): return overlay(range, source.clamped(whole), source)
        }
    }

    /// What was written has all bytes of the text in their order, with others between: indentation, quotes, backslashes.
    private func overlay(_ range: Range<Int>, _ whole: Range<Int>, _ source: LintSource) -> Range<Int> {
        var at = whole.lowerBound
        var start: Int?
        for index in 0..<min(range.upperBound, bytes.count) {
            let wanted = bytes[index]
            if wanted == 10 || wanted == 32 {
                // Line ends may be folded or escaped: the next visible byte finds its place by itself.
                continue
            }
            while at < whole.upperBound, source.bytes[at] != wanted { at += 1 }
            guard at < whole.upperBound else { return whole }
            if index >= range.lowerBound, start == nil { start = at }
            at += 1
        }
        guard let start, start < at else { return whole }
        return start..<at
    }
}
