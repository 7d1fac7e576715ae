/// Reads JSON strictly (RFC 8259), with places.
struct JSONReader {
    let source: HCLSource
    let nesting: Int
    private var at = 0
    private var depth = 0
    private var bytes: [UInt8] { source.bytes }

    static func read(_ source: HCLSource, nesting: Int) throws(HCLProblem) -> JSONNode {
        var reader = JSONReader(source: source, nesting: nesting)
        guard String(validating: source.bytes, as: UTF8.self) != nil else {
            throw HCLProblem("encoding", "this is not UTF-8", 0..<0)
        }
        if source.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { reader.at = 3 }
        let result = try reader.node()
        reader.skipSpace()
        guard reader.at == source.bytes.count else { throw reader.unexpected("the end of the file") }
        return result
    }

    private init(source: HCLSource, nesting: Int) {
        (self.source, self.nesting) = (source, nesting)
    }

    private func peek() -> UInt8 { at < bytes.count ? bytes[at] : 0 }

    private mutating func skipSpace() {
        while [32, 9, 10, 13].contains(peek()) { at += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard at < bytes.count, peek() == byte else { return false }
        at += 1
        return true
    }

    private func unexpected(_ wanted: String) -> HCLProblem {
        HCLProblem("syntax", "\(wanted) is expected here", min(at, bytes.count)..<min(at + 1, bytes.count))
    }

    private mutating func node() throws(HCLProblem) -> JSONNode {
        skipSpace()
        let start = at
        guard depth < nesting else {
            throw HCLProblem("limit", "nested more than \(nesting) deep", at..<at + 1)
        }
        depth += 1
        defer { depth -= 1 }
        let kind: JSONNode.Kind =
            switch peek() {
            case 123: .object(try object())
            case 91: .array(try array())
            case 34: .string(try string())
            case 45, 48...57: .number(try number())
            default: try word()
            }
        return JSONNode(kind: kind, range: start..<at)
    }

    private mutating func word() throws(HCLProblem) -> JSONNode.Kind {
        let start = at
        while (0x61...0x7A).contains(peek()) { at += 1 }
        switch source.text(start..<at) {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "null": return .null
        default:
            at = start
            throw unexpected("a JSON value")
        }
    }

    private mutating func object() throws(HCLProblem) -> [JSONProperty] {
        at += 1
        var result: [JSONProperty] = []
        if take(125) { return result }
        while true {
            skipSpace()
            let start = at
            guard peek() == 34 else { throw unexpected("a property's name in quotes") }
            let name = try string()
            let range = start..<at
            guard take(58) else { throw unexpected("\":\"") }
            result.append(JSONProperty(name: name, nameRange: range, value: try node()))
            if take(125) { return result }
            guard take(44) else { throw unexpected("\",\" or \"}\"") }
        }
    }

    private mutating func array() throws(HCLProblem) -> [JSONNode] {
        at += 1
        var result: [JSONNode] = []
        if take(93) { return result }
        while true {
            result.append(try node())
            if take(93) { return result }
            guard take(44) else { throw unexpected("\",\" or \"]\"") }
        }
    }

    private mutating func number() throws(HCLProblem) -> HCLNumber {
        let start = at
        while [43, 45, 46, 69, 101].contains(peek()) || (48...57).contains(peek()) { at += 1 }
        let text = source.text(start..<at)
        let digits = text.drop { $0 == "-" }.utf8
        let leadsWithZero =
            digits.first == 48 && digits.dropFirst().first.map { (48...57).contains($0) } == true
        guard !leadsWithZero, digits.first != 46, let number = HCLNumber(text) else {
            throw HCLProblem("number", "this is no JSON number", start..<at)
        }
        return number
    }

    private mutating func string() throws(HCLProblem) -> String {
        let start = at
        at += 1
        var result: [UInt8] = []
        while peek() != 34 || at >= bytes.count {
            guard at < bytes.count, peek() >= 32 else {
                throw HCLProblem("syntax", "this string is not closed", start..<start + 1)
            }
            if peek() == 92 {
                result += String(try escape()).utf8
            } else {
                result.append(peek())
                at += 1
            }
        }
        at += 1
        return String(decoding: result, as: UTF8.self)
    }

    private mutating func escape() throws(HCLProblem) -> Unicode.Scalar {
        let start = at
        at += 1
        let kind = peek()
        at += 1
        let plain: [UInt8: Unicode.Scalar] = [
            34: "\"", 92: "\\", 47: "/", 98: "\u{8}", 102: "\u{C}", 110: "\n", 114: "\r", 116: "\t",
        ]
        if let scalar = plain[kind] { return scalar }
        guard kind == 117, let first = unit() else {
            throw HCLProblem(
                "syntax",
                "no escape sequence starts like this",
                start..<min(start + 2, bytes.count)
            )
        }
        if let scalar = Unicode.Scalar(first) { return scalar }
        let kept = at
        if first < 0xDC00, at + 1 < bytes.count, bytes[at] == 92, bytes[at + 1] == 117 {
            at += 2
            if let second = unit(), (0xDC00...0xDFFF).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            {
                return scalar
            }
        }
        at = kept
        return "\u{FFFD}"
    }

    private mutating func unit() -> UInt32? {
        guard at + 4 <= bytes.count, let value = UInt32(source.text(at..<at + 4), radix: 16) else {
            return nil
        }
        at += 4
        return value
    }
}
