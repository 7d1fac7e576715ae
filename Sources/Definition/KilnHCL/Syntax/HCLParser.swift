/// Reads the native syntax (hclsyntax/spec.md), straight from the bytes.
package struct HCLParser {
    /// Bounds that keep a hostile file from using up stack or memory.
    package struct Limits: Sendable {
        package var bytes = 16 << 20
        /// Of expressions, templates and blocks in one another.
        package var nesting = 100
        /// Of operators and accessors in a row.
        package var chain = 400
        /// Of an expression's tree: chains in chains are taller than each of them.
        package var height = 1000
        package var problems = 50
        /// Expressions, arguments and blocks of one file.
        package var parts = 1_000_000

        package init() {}
    }

    let source: HCLSource
    let bytes: [UInt8]
    let limits: Limits
    var at = 0
    var depth = 0
    private var parts = 0
    /// Whether the directive that was just closed trims what follows.
    var pendingTrim = false
    var comments: [Range<Int>] = []
    var problems: [HCLProblem] = []

    private init(_ source: HCLSource, _ limits: Limits) {
        (self.source, bytes, self.limits) = (source, source.bytes, limits)
    }

    package static func parse(_ source: HCLSource, limits: Limits = Limits()) -> HCLFile {
        var parser = HCLParser(source, limits)
        var body = HCLBody()
        do throws(HCLProblem) {
            try parser.checkEncoding()
            body = try parser.body(opened: nil)
        } catch {
            parser.problems.append(error)
        }
        return HCLFile(source: source, body: body, comments: parser.comments, problems: parser.problems)
    }

    /// A lone expression, such as one given on a command line.
    package static func expression(
        _ source: HCLSource,
        limits: Limits = Limits()
    ) throws(HCLProblem) -> HCLExpression {
        var parser = HCLParser(source, limits)
        try parser.checkEncoding()
        parser.skipSpace(newlines: true)
        let result = try parser.expression(newlines: true)
        parser.skipSpace(newlines: true)
        guard parser.at == parser.bytes.count else { throw parser.unexpected("the end of the expression") }
        return result
    }

    /// A template of its own, such as a JSON string or a file.
    package static func template(
        _ source: HCLSource,
        limits: Limits = Limits()
    ) throws(HCLProblem) -> HCLExpression {
        var parser = HCLParser(source, limits)
        try parser.checkEncoding()
        return try parser.bareTemplate()
    }

    private mutating func checkEncoding() throws(HCLProblem) {
        guard bytes.count <= limits.bytes else {
            throw HCLProblem("limit", "the file is larger than \(limits.bytes) bytes", 0..<0)
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            let valid = String(decoding: bytes, as: UTF8.self).utf8
            let offset = zip(valid, bytes).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? 0
            throw HCLProblem("encoding", "this is not UTF-8", offset..<min(offset + 1, bytes.count))
        }
    }
}

/// Bytes, space and names.
extension HCLParser {
    func peek(_ distance: Int = 0) -> UInt8 { at + distance < bytes.count ? bytes[at + distance] : 0 }

    func starts(_ text: StaticString) -> Bool {
        guard at + text.utf8CodeUnitCount <= bytes.count else { return false }
        return text.withUTF8Buffer { buffer in
            for index in 0..<buffer.count where buffer[index] != bytes[at + index] { return false }
            return true
        }
    }

    mutating func take(_ text: StaticString) -> Bool {
        guard starts(text) else { return false }
        at += text.utf8CodeUnitCount
        return true
    }

    /// Spaces and comments, and newlines where they mean nothing. A line comment ends before its newline.
    mutating func skipSpace(newlines: Bool) {
        while at < bytes.count {
            let start = at
            switch peek() {
            case 32, 9: at += 1
            case 13 where newlines || peek(1) == 10: at += 1
            case 10 where newlines: at += 1
            case 35: lineComment()
            case 47 where peek(1) == 47: lineComment()
            case 47 where peek(1) == 42:
                at += 2
                while at < bytes.count, !starts("*/") { at += 1 }
                at = min(at + 2, bytes.count)
                comments.append(start..<at)
            default: return
            }
        }
    }

    private mutating func lineComment() {
        let start = at
        while at < bytes.count, peek() != 10 { at += 1 }
        comments.append(start..<at)
    }

    mutating func identifier() -> (name: String, range: Range<Int>)? {
        let start = at
        while at < bytes.count, let (scalar, length) = scalar(), isNamePart(scalar, first: at == start) {
            at += length
        }
        return at == start ? nil : (Normal.form(of: source.text(start..<at)), start..<at)
    }

    private func isNamePart(_ scalar: Unicode.Scalar, first: Bool) -> Bool {
        switch scalar.value {
        case 0x61...0x7A, 0x41...0x5A, 0x5F: true
        case 0x30...0x39, 0x2D: !first
        case 0..<0x80: false
        default: first ? scalar.properties.isIDStart : scalar.properties.isIDContinue
        }
    }

    func scalar() -> (Unicode.Scalar, Int)? {
        let byte = peek()
        if byte < 0x80 { return (Unicode.Scalar(byte), 1) }
        let length = byte >= 0xF0 ? 4 : (byte >= 0xE0 ? 3 : 2)
        let text = String(decoding: bytes[at..<min(at + length, bytes.count)], as: UTF8.self)
        return text.unicodeScalars.first.map { ($0, length) }
    }

    /// The character here, whole.
    var here: Range<Int> { at..<min(at + (scalar()?.1 ?? 1), bytes.count) }

    func unexpected(_ wanted: String) -> HCLProblem {
        let found =
            at < bytes.count
            ? (peek() == 10 ? "the line ends" : "\"\(source.text(here))\" stands here") : "the file ends"
        return HCLProblem("syntax", "\(wanted) is expected, but \(found)", at < bytes.count ? here : at..<at)
    }

    /// Counts an expression, an argument or a block.
    mutating func count() throws(HCLProblem) {
        parts += 1
        guard parts <= limits.parts else {
            throw HCLProblem("limit", "the file has more than \(limits.parts) parts", here)
        }
    }

    /// Notes what reading went on from.
    mutating func note(_ problem: HCLProblem) throws(HCLProblem) {
        guard problems.count < limits.problems else { throw problem }
        problems.append(problem)
    }

    func bounded(_ expression: HCLExpression) throws(HCLProblem) -> HCLExpression {
        guard expression.height <= limits.height else {
            throw HCLProblem("limit", "an expression more than \(limits.height) deep", here)
        }
        return expression
    }

    mutating func nested<Result>(
        _ body: (inout HCLParser) throws(HCLProblem) -> Result
    ) throws(HCLProblem) -> Result {
        guard depth < limits.nesting else {
            throw HCLProblem("limit", "nested more than \(limits.nesting) deep", here)
        }
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }
}
