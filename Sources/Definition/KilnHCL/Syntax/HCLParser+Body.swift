import KilnDiagnostics

/// Bodies, attributes and blocks (hclsyntax/spec.md, "Structural Elements").
extension HCLParser {
    /// `opened` is where the block's brace stands; nil for a file.
    mutating func body(opened: Int?) throws(HCLProblem) -> HCLBody {
        var result = HCLBody()
        var names: [String: Range<Int>] = [:]
        let start = at
        while true {
            skipSpace(newlines: true)
            if at >= bytes.count {
                if let opened {
                    throw HCLProblem(
                        "syntax",
                        "this block is not closed",
                        opened..<opened + 1,
                        hint: "add a \"}\""
                    )
                }
                break
            }
            if opened != nil, peek() == 125 { break }
            do throws(HCLProblem) {
                try item(into: &result, &names)
            } catch {
                guard problems.count < limits.problems, error.code != "hcl.limit" else { throw error }
                if error.message == "this block is not closed" { throw error }
                problems.append(error)
                skipToLineEnd()
            }
        }
        result.range = start..<at
        return result
    }

    private mutating func item(
        into body: inout HCLBody,
        _ names: inout [String: Range<Int>]
    ) throws(HCLProblem) {
        try count()
        guard let (name, range) = identifier() else {
            throw unexpected("an argument or a block")
        }
        skipSpace(newlines: false)
        if peek() == 61, peek(1) != 61 {
            let attribute = try attribute(name, range)
            if let earlier = names[name] {
                let line = source.position(of: earlier.lowerBound).line
                try note(HCLProblem("duplicate", "\"\(name)\" is set already, in line \(line)", range))
            } else {
                names[name] = range
                body.attributes.append(attribute)
            }
        } else {
            body.blocks.append(try block(name, range))
        }
        skipSpace(newlines: false)
        guard at >= bytes.count || peek() == 10 else {
            throw HCLProblem(
                "syntax",
                "a newline is expected here",
                here,
                hint: peek() == 44 ? "separate with newlines, not commas" : nil
            )
        }
    }

    private mutating func attribute(_ name: String, _ range: Range<Int>) throws(HCLProblem) -> HCLAttribute {
        at += 1
        skipSpace(newlines: false)
        return HCLAttribute(name: name, nameRange: range, expression: try expression(newlines: false))
    }

    private mutating func block(_ type: String, _ range: Range<Int>) throws(HCLProblem) -> HCLBlock {
        var labels: [String] = []
        var labelRanges: [Range<Int>] = []
        while true {
            skipSpace(newlines: false)
            if peek() == 123 { break }
            if peek() == 34 {
                let start = at
                labels.append(try label())
                labelRanges.append(start..<at)
            } else if let (name, range) = identifier() {
                labels.append(name)
                labelRanges.append(range)
            } else {
                throw unexpected("\"=\", a label or \"{\"")
            }
        }
        let brace = at
        at += 1
        let body = try nested { parser throws(HCLProblem) in try parser.blockBody(brace) }
        return HCLBlock(
            type: type,
            typeRange: range,
            labels: labels,
            labelRanges: labelRanges,
            body: body,
            range: range.lowerBound..<at
        )
    }

    private mutating func blockBody(_ brace: Int) throws(HCLProblem) -> HCLBody {
        skipSpace(newlines: false)
        if at >= bytes.count || peek() == 10 || peek() == 125 {
            let body = try body(opened: brace)
            at += 1
            return body
        }
        do throws(HCLProblem) {
            return try lineBody()
        } catch {
            guard problems.count < limits.problems, error.code != "hcl.limit" else { throw error }
            problems.append(error)
            skip(until: 125)
            return HCLBody()
        }
    }

    /// `{ name = value }` on one line.
    private mutating func lineBody() throws(HCLProblem) -> HCLBody {
        guard let (name, range) = identifier() else { throw unexpected("an argument") }
        skipSpace(newlines: false)
        guard peek() == 61 else {
            throw HCLProblem(
                "syntax",
                "a block on one line holds one argument and no block",
                range.lowerBound..<at + 1
            )
        }
        var body = HCLBody()
        body.attributes = [try attribute(name, range)]
        skipSpace(newlines: false)
        guard take("}") else {
            throw HCLProblem("syntax", "a block on one line holds one argument and ends on that line", here)
        }
        body.range = range.lowerBound..<at - 1
        return body
    }

    /// A label in quotes: a string without templates.
    private mutating func label() throws(HCLProblem) -> String {
        let expression = try quoted()
        guard case .literal(let value) = expression.kind, let text = value.string else {
            throw HCLProblem("syntax", "a label holds no template", expression.range)
        }
        return text
    }

    private mutating func skipToLineEnd() { skip(until: 10) }

    /// Past the next closing brace, or up to the next newline, that is in no brace, bracket or string opened after here.
    private mutating func skip(until end: UInt8) {
        var open = 0
        while at < bytes.count {
            let byte = peek()
            if open <= 0, byte == end {
                if end == 125 { at += 1 }
                return
            }
            switch byte {
            case 123, 91, 40: open += 1
            case 125, 93, 41:
                if open == 0, byte == 125 { return }
                open = max(0, open - 1)
            case 34:
                at += 1
                while at < bytes.count, peek() != 34, peek() != 10 { at += peek() == 92 ? 2 : 1 }
                if peek() == 10 { continue }
            default: break
            }
            at = min(at + 1, bytes.count)
        }
    }
}
