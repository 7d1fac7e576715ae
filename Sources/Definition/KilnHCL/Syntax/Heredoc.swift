/// Takes the common indentation from the lines of a `<<-` heredoc (hclsyntax/spec.md, "Template Expressions").
enum Heredoc {
    static func withoutIndent(_ parts: [HCLExpression], contentStart: Int, bytes: [UInt8]) -> [HCLExpression]
    {
        var least = Int.max
        eachText(parts, contentStart, bytes) { line, startsLine, _ in
            guard startsLine, !line.allSatisfy(\.isWhitespace) || !line.contains(where: \.isNewline) else {
                return line
            }
            least = min(least, line.prefix { $0.isWhitespace && !$0.isNewline }.count)
            return line
        }
        guard least > 0, least < Int.max else { return parts }
        let indent = least
        return eachText(parts, contentStart, bytes) { line, startsLine, _ in
            guard startsLine else { return line }
            let blanks = line.prefix { $0.isWhitespace && !$0.isNewline }.count
            return Substring(line.dropFirst(min(indent, blanks)))
        }
    }

    @discardableResult
    private static func eachText(
        _ parts: [HCLExpression],
        _ contentStart: Int,
        _ bytes: [UInt8],
        _ change: (Substring, Bool, Int) -> Substring
    ) -> [HCLExpression] {
        parts.map { part in
            guard case .literal(let value) = part.kind, let text = value.string,
                part.range.lowerBound == contentStart || bytes[max(0, part.range.lowerBound - 1)] == 125
            else { return part }
            var startsLine = part.range.lowerBound == contentStart
            var result = ""
            var rest = text[...]
            while !rest.isEmpty {
                let end = rest.firstIndex(where: \.isNewline).map { rest.index(after: $0) } ?? rest.endIndex
                result += change(rest[..<end], startsLine, 0)
                startsLine = true
                rest = rest[end...]
            }
            return HCLExpression(kind: .literal(.string(result)), range: part.range)
        }
    }
}
