/// Templates: in quotes, in heredocs (hclsyntax/spec.md, "Template Expressions", "Templates").
extension HCLParser {
    /// A template's text ends at a quote, or at an offset.
    private enum End {
        case quote
        case offset(Int)
    }

    private struct Pieces {
        var parts: [HCLExpression] = []
        var text = ""
        var textStart = 0
        var trimsNext = false
    }

    mutating func quoted() throws(HCLProblem) -> HCLExpression {
        let start = at
        at += 1
        let parts = try nested { parser throws(HCLProblem) in
            try parser.parts(until: .quote, opened: start).parts
        }
        guard take("\"") else { throw HCLProblem("syntax", "this string is not closed", start..<start + 1) }
        return joined(parts, start..<at)
    }

    mutating func bareTemplate() throws(HCLProblem) -> HCLExpression {
        let start = at
        let inner = try parts(until: .offset(bytes.count), opened: start)
        if let word = inner.word { throw HCLProblem("syntax", "nothing is open for \"\(word)\"", start..<at) }
        return joined(inner.parts, start..<at)
    }

    /// A lone literal is a string, a lone interpolation its own value.
    private func joined(_ parts: [HCLExpression], _ range: Range<Int>) -> HCLExpression {
        if parts.isEmpty { return HCLExpression(kind: .literal(.string("")), range: range) }
        guard parts.count == 1, let only = parts.first else {
            return HCLExpression(kind: .template(parts), range: range)
        }
        if case .iteration(let iteration) = only.kind, iteration.form == .template { return only }
        if case .literal(let value) = only.kind { return HCLExpression(kind: .literal(value), range: range) }
        return only
    }

    /// Up to the end, or to a directive that closes or continues one: its word is the second result.
    private mutating func parts(
        until end: End,
        opened: Int
    ) throws(HCLProblem) -> (parts: [HCLExpression], word: String?) {
        var pieces = Pieces(textStart: at)
        while !isAt(end) {
            try count()
            guard at < bytes.count else {
                throw HCLProblem("syntax", "this template is not closed", opened..<opened + 1)
            }
            if starts("$${") || starts("%%{") {
                pieces.text += source.text(at..<at + 1) + "{"
                at += 3
                pieces.trimsNext = false
            } else if starts("${") {
                try interpolation(&pieces)
            } else if starts("%{") {
                if let word = try directive(&pieces, until: end) { return (pieces.parts, word) }
            } else {
                try literal(&pieces, until: end)
            }
        }
        flush(&pieces)
        return (pieces.parts, nil)
    }

    private func isAt(_ end: End) -> Bool {
        switch end {
        case .quote: peek() == 34 && at < bytes.count
        case .offset(let offset): at >= offset
        }
    }

    private func flush(_ pieces: inout Pieces) {
        defer { pieces.text = "" }
        guard !pieces.text.isEmpty else { return }
        let range = pieces.textStart..<max(pieces.textStart, at)
        pieces.parts.append(HCLExpression(kind: .literal(.string(pieces.text)), range: range))
    }

    private func trimEnd(_ pieces: inout Pieces) {
        while let last = pieces.text.last, last.isWhitespace { pieces.text.removeLast() }
    }

    private mutating func literal(_ pieces: inout Pieces, until end: End) throws(HCLProblem) {
        let start = at
        while !isAt(end), at < bytes.count, at == start || (peek() != 36 && peek() != 37) {
            if case .quote = end {
                guard peek() != 10 else {
                    throw HCLProblem("syntax", "a string in quotes ends on its line", start - 1..<at)
                }
                if peek() == 92 { break }
            }
            at += 1
        }
        var text = source.text(start..<at)
        // In quotes alone: a heredoc's backslash is one.
        if case .quote = end, at == start || bytes[start] == 92 {
            at = start
            text = try escape()
        }
        if pieces.trimsNext {
            text = String(text.drop { $0.isWhitespace })
            if !text.isEmpty { pieces.trimsNext = false }
        }
        pieces.text += text
    }

    private mutating func escape() throws(HCLProblem) -> String {
        let start = at
        at += 2
        switch bytes[min(start + 1, bytes.count - 1)] {
        case 110: return "\n"
        case 114: return "\r"
        case 116: return "\t"
        case 34: return "\""
        case 92: return "\\"
        case let kind where kind == 117 || kind == 85:
            let length = kind == 117 ? 4 : 8
            let digits = source.text(at..<min(at + length, bytes.count))
            if digits.utf8.count == length, let code = UInt32(digits, radix: 16),
                let scalar = Unicode.Scalar(code)
            {
                at += length
                return String(scalar)
            }
        default: break
        }
        at = min(start + 1, bytes.count)
        throw HCLProblem(
            "syntax",
            "no escape sequence starts like this",
            start..<here.upperBound,
            hint: "\\n \\r \\t \\\" \\\\ \\uNNNN \\UNNNNNNNN"
        )
    }

    private mutating func interpolation(_ pieces: inout Pieces) throws(HCLProblem) {
        open(&pieces)
        let value = try expression(newlines: true)
        try close(&pieces)
        pieces.parts.append(value)
    }

    private mutating func open(_ pieces: inout Pieces) {
        at += 2
        if take("~") { trimEnd(&pieces) }
        flush(&pieces)
        skipSpace(newlines: true)
    }

    private mutating func close(_ pieces: inout Pieces) throws(HCLProblem) {
        skipSpace(newlines: true)
        pieces.trimsNext = take("~")
        guard take("}") else { throw unexpected("\"}\" of the template") }
        pieces.textStart = at
    }

    /// An `if` or `for` whole; or the word of what ends or continues the one around.
    private mutating func directive(_ pieces: inout Pieces, until end: End) throws(HCLProblem) -> String? {
        let start = at
        open(&pieces)
        if starts("for"), peek(3) == 32 {
            try loop(&pieces, until: end, opened: start)
            return nil
        }
        guard let (word, _) = identifier() else { throw unexpected("a directive") }
        guard word != "if" else {
            try choice(&pieces, until: end, opened: start)
            return nil
        }
        try close(&pieces)
        guard ["else", "endif", "endfor"].contains(word) else {
            throw HCLProblem(
                "syntax",
                "there is no directive \"\(word)\"",
                start..<at,
                hint: "if, else, endif, for, endfor"
            )
        }
        // The trim mark belongs to what follows, which the caller reads.
        pendingTrim = pieces.trimsNext
        return word
    }

    private mutating func loop(_ pieces: inout Pieces, until end: End, opened: Int) throws(HCLProblem) {
        let (key, value, collection) = try iterationHead(newlines: true)
        try close(&pieces)
        let body = try branch(&pieces, until: end, opened: opened, allowed: ["endfor"])
        let node = HCLExpression.Iteration(
            form: .template,
            key: key,
            value: value,
            collection: collection,
            resultKey: nil,
            result: body.template,
            condition: nil,
            isGrouping: false
        )
        pieces.parts.append(HCLExpression(kind: .iteration(node), range: opened..<at))
    }

    private mutating func choice(_ pieces: inout Pieces, until end: End, opened: Int) throws(HCLProblem) {
        skipSpace(newlines: true)
        let condition = try expression(newlines: true)
        try close(&pieces)
        let yes = try branch(&pieces, until: end, opened: opened, allowed: ["else", "endif"])
        var no = HCLExpression(kind: .template([]), range: at..<at)
        if yes.word == "else" {
            no = try branch(&pieces, until: end, opened: opened, allowed: ["endif"]).template
        }
        pieces.parts.append(
            HCLExpression(kind: .conditional(condition, yes.template, no), range: opened..<at)
        )
    }

    private mutating func branch(
        _ pieces: inout Pieces,
        until end: End,
        opened: Int,
        allowed: [String]
    ) throws(HCLProblem) -> (template: HCLExpression, word: String) {
        let start = at
        let trims = pieces.trimsNext
        let inner = try nested { parser throws(HCLProblem) in
            if trims { while !parser.isAt(end), [32, 9, 10, 13].contains(parser.peek()) { parser.at += 1 } }
            return try parser.parts(until: end, opened: opened)
        }
        guard let word = inner.word, allowed.contains(word) else {
            throw HCLProblem(
                "syntax",
                "this directive is not closed",
                opened..<opened + 2,
                hint: "add %{ \(allowed.last ?? "endif") }"
            )
        }
        pieces.trimsNext = pendingTrim
        pieces.textStart = at
        return (HCLExpression(kind: .template(inner.parts), range: start..<at), word)
    }

    mutating func heredoc() throws(HCLProblem) -> HCLExpression {
        let start = at
        at += 2
        let flush = take("-")
        guard let (marker, _) = identifier() else { throw unexpected("a heredoc's marker") }
        _ = take("\r")
        guard take("\n") else { throw unexpected("a newline after the marker") }
        let content = at
        guard let (end, close) = heredocEnd(marker) else {
            throw HCLProblem(
                "syntax",
                "this heredoc is not closed",
                start..<content - 1,
                hint: "end it with a line \"\(marker)\""
            )
        }
        let parts = try nested { parser throws(HCLProblem) in
            try parser.parts(until: .offset(end), opened: start).parts
        }
        at = close
        let shown = flush ? Heredoc.withoutIndent(parts, contentStart: content, bytes: bytes) : parts
        return joined(shown, start..<close)
    }

    /// Where the line with the marker starts, and where the marker ends.
    private func heredocEnd(_ marker: String) -> (line: Int, end: Int)? {
        var line = at
        while line < bytes.count {
            let next = bytes[line...].firstIndex(of: 10) ?? bytes.count
            let text = bytes[line..<next]
            if let first = text.firstIndex(where: { ![32, 9, 13].contains($0) }) {
                let last = text.lastIndex { ![32, 9, 13].contains($0) } ?? first
                if bytes[first...last].elementsEqual(marker.utf8) { return (line, last + 1) }
            }
            line = next + 1
        }
        return nil
    }
}
