import KilnDiagnostics
import Yams

/// Reads one YAML document into nodes, strictly: no anchors, aliases, tags, duplicate keys or further documents.
struct YAMLDocument {
    static let byteLimit = 1 << 20
    static let depthLimit = 32
    static let nodeLimit = 100_000
    /// Each duplicate key costs one more run of the parser; so many of them, and so many bytes in all.
    private static let duplicateLimit = 32
    private static let duplicateBudget = 2 << 20

    private let lines: SourceLines
    /// The text that the parser gets: the source's, with duplicate keys masked.
    private var text: String
    /// What was written where a key is masked.
    private var masked: [YAMLPlace: String] = [:]

    private init(_ lines: SourceLines) {
        self.lines = lines
        let text = lines.source.text
        // Yams keeps a pointer into the text, which only long strings store apart from themselves.
        self.text = text.utf8.count < 64 ? text + "\n" + String(repeating: " ", count: 64) : text
        self.text.makeContiguousUTF8()
    }

    /// The root, or nil when what is wrong was reported.
    static func read(_ reading: inout Reading) -> YAMLNode? {
        guard SourceInspection.passes(&reading) else { return nil }
        var document = YAMLDocument(reading.lines)
        return document.compose(&reading)
    }

    private mutating func compose(_ reading: inout Reading) -> YAMLNode? {
        let attempts = min(Self.duplicateLimit, Self.duplicateBudget / max(1, text.utf8.count))
        for attempt in 0...attempts {
            do {
                let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
                let root = try parser.singleRoot()
                // Nodes hold their anchors weakly; the parser owns them.
                return withExtendedLifetime(parser) {
                    guard let root, root.scalar?.string != "" else { return reportEmpty(&reading) }
                    var conversion = YAMLConversion(lines: lines, masked: masked)
                    return conversion.node(root, depth: 1, &reading)
                }
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                let place = YAMLPlace(line: context.mark.line, column: context.mark.column)
                guard attempt < attempts, mask(names.first ?? "", at: place, attempt) else {
                    masked[place] = names.first ?? ""
                    reportMasked(&reading)
                    return nil
                }
            } catch {
                reading.report(YAMLSyntaxError(error, lines: lines))
                return nil
            }
        }
        return nil
    }

    /// The duplicate keys that are known when there are too many to find them all.
    private func reportMasked(_ reading: inout Reading) {
        for (place, name) in masked {
            reading.report("duplicate-key", "the key \"\(name)\" is given twice", at: lines.span(place))
        }
    }

    private func reportEmpty(_ reading: inout Reading) -> YAMLNode? {
        reading.report(
            "empty",
            "the definition is empty",
            at: lines.span(YAMLPlace(line: 1, column: 1)),
            hint: "kiln init writes one to start from"
        )
        return nil
    }

    /// Hides a key that is there twice, so that the rest of the file can be read too: the parser stops at the first.
    /// The conversion finds the duplicates again, under the names that were written, with both places.
    private mutating func mask(_ name: String, at place: YAMLPlace, _ attempt: Int) -> Bool {
        guard let stand = Unicode.Scalar(0xE000 + UInt32(attempt)), !name.isEmpty else { return false }
        var rows = text.utf8.split(separator: 10, omittingEmptySubsequences: false).map { String($0) ?? "" }
        guard rows.indices.contains(place.line - 1) else { return false }
        var row = Array(rows[place.line - 1].unicodeScalars)
        let written = Array(name.unicodeScalars)
        var start = place.column - 1
        if start < row.count, row[start] == "\"" || row[start] == "'" { start += 1 }
        guard start + written.count <= row.count, row[start...].starts(with: written) else { return false }
        row.replaceSubrange(start..<start + written.count, with: written.map { _ in stand })
        rows[place.line - 1] = String(String.UnicodeScalarView(row))
        text = rows.joined(separator: "\n")
        text.makeContiguousUTF8()
        masked[place] = name
        return true
    }
}
