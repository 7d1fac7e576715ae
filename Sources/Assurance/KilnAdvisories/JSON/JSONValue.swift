/// A JSON document in memory (RFC 8259), as its parser found it; numbers stay as they were written.
package indirect enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    /// In the order of the text; of a name that comes twice, the last counts.
    case object([Member])

    package struct Member: Sendable, Hashable {
        package let name: String
        package let value: JSONValue
    }

    /// Reads one document and nothing after it.
    package init(parsing bytes: ArraySlice<UInt8>) throws(JSONSyntaxError) {
        var parser = JSONParser(bytes)
        self = try parser.document()
    }

    package subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name == name }?.value
    }

    package var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    package var items: [JSONValue] {
        if case .array(let items) = self { items } else { [] }
    }

    package var members: [Member] {
        if case .object(let members) = self { members } else { [] }
    }

    /// The texts of an array; what is no text in it is left out.
    package var texts: [String] { items.compactMap(\.text) }
}

/// Why a text is no JSON, and where: bytes from the beginning.
package struct JSONSyntaxError: Error, Sendable, Hashable {
    package enum Reason: String, Sendable {
        case truncated = "it ends too early"
        case unexpected = "an unexpected character"
        case number = "a number that is none"
        case escape = "an escape that is none"
        case encoding = "text that is not UTF-8"
        case depth = "too deep a nesting"
        case trailing = "something after its end"
    }

    package let reason: Reason
    package let offset: Int
}

/// Strict: no comments, no trailing commas, no bare words but `true`, `false`, `null`.
private struct JSONParser {
    private static let deepest = 128

    private let bytes: ArraySlice<UInt8>
    private var place: Int
    private var depth = 0

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        place = bytes.startIndex
    }

    mutating func document() throws(JSONSyntaxError) -> JSONValue {
        let value = try value()
        skipBlanks()
        guard place == bytes.endIndex else { throw error(.trailing) }
        return value
    }

    private mutating func value() throws(JSONSyntaxError) -> JSONValue {
        skipBlanks()
        guard place < bytes.endIndex else { throw error(.truncated) }
        switch bytes[place] {
        case UInt8(ascii: "{"): return try nested { parser throws(JSONSyntaxError) in try parser.object() }
        case UInt8(ascii: "["): return try nested { parser throws(JSONSyntaxError) in try parser.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws(JSONSyntaxError) -> JSONValue
    ) throws(JSONSyntaxError) -> JSONValue {
        depth += 1
        guard depth <= Self.deepest else { throw error(.depth) }
        place += 1
        let value = try body(&self)
        depth -= 1
        return value
    }

    private mutating func object() throws(JSONSyntaxError) -> JSONValue {
        var members: [JSONValue.Member] = []
        if takes("}") { return .object(members) }
        repeat {
            skipBlanks()
            guard place < bytes.endIndex else { throw error(.truncated) }
            guard bytes[place] == UInt8(ascii: "\"") else { throw error(.unexpected) }
            let name = try string()
            guard takes(":") else { throw error(place < bytes.endIndex ? .unexpected : .truncated) }
            members.append(.init(name: name, value: try value()))
        } while takes(",")
        guard takes("}") else { throw error(place < bytes.endIndex ? .unexpected : .truncated) }
        return .object(members)
    }

    private mutating func array() throws(JSONSyntaxError) -> JSONValue {
        var items: [JSONValue] = []
        if takes("]") { return .array(items) }
        repeat { items.append(try value()) } while takes(",")
        guard takes("]") else { throw error(place < bytes.endIndex ? .unexpected : .truncated) }
        return .array(items)
    }

    private mutating func string() throws(JSONSyntaxError) -> String {
        place += 1
        let start = place
        while place < bytes.endIndex {
            let byte = bytes[place]
            if byte == UInt8(ascii: "\"") {
                guard let text = String(validating: bytes[start..<place], as: UTF8.self) else {
                    throw error(.encoding)
                }
                place += 1
                return text
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            guard byte >= 0x20 else { throw error(.unexpected) }
            place += 1
        }
        throw error(.truncated)
    }

    /// The rest of a string from its first escape on.
    private mutating func escapedString(from start: Int) throws(JSONSyntaxError) -> String {
        var text = Array(bytes[start..<place])
        while place < bytes.endIndex {
            let byte = bytes[place]
            place += 1
            if byte == UInt8(ascii: "\"") {
                guard let text = String(validating: text, as: UTF8.self) else { throw error(.encoding) }
                return text
            }
            if byte == UInt8(ascii: "\\") {
                text += Array(try escape())
            } else {
                guard byte >= 0x20 else { throw error(.unexpected) }
                text.append(byte)
            }
        }
        throw error(.truncated)
    }

    private mutating func escape() throws(JSONSyntaxError) -> String.UTF8View {
        guard place < bytes.endIndex else { throw error(.truncated) }
        let byte = bytes[place]
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
            return String(UnicodeScalar(byte)).utf8
        case UInt8(ascii: "b"): return "\u{8}".utf8
        case UInt8(ascii: "f"): return "\u{C}".utf8
        case UInt8(ascii: "n"): return "\n".utf8
        case UInt8(ascii: "r"): return "\r".utf8
        case UInt8(ascii: "t"): return "\t".utf8
        case UInt8(ascii: "u"): return String(try unicodeEscape()).utf8
        default: throw error(.escape)
        }
    }

    /// Half a surrogate pair is shown as U+FFFD, as most readers do.
    private mutating func unicodeEscape() throws(JSONSyntaxError) -> Unicode.Scalar {
        let first = try hex()
        guard (0xD800...0xDBFF).contains(first), bytes[place...].starts(with: "\\u".utf8) else {
            return Unicode.Scalar(first) ?? "\u{FFFD}"
        }
        let back = place
        place += 2
        let second = try hex()
        guard (0xDC00...0xDFFF).contains(second) else {
            place = back
            return "\u{FFFD}"
        }
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? "\u{FFFD}"
    }

    private mutating func hex() throws(JSONSyntaxError) -> UInt32 {
        guard place + 4 <= bytes.endIndex else { throw error(.truncated) }
        let digits = bytes[place..<place + 4]
        guard digits.allSatisfy(\.isHexDigit),
            let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw error(.escape) }
        place += 4
        return value
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
        guard bytes[place...].starts(with: word.utf8) else { throw error(.unexpected) }
        place += word.utf8.count
        return value
    }

    private mutating func number() throws(JSONSyntaxError) -> String {
        var cursor = ByteCursor(bytes[place...])
        _ = cursor.take("-")
        let whole = cursor.digits()
        guard !whole.isEmpty else { throw error(.unexpected) }
        guard whole.count == 1 || whole.first != UInt8(ascii: "0") else { throw error(.number) }
        if cursor.take(".") {
            guard !cursor.digits().isEmpty else { throw error(.number) }
        }
        if cursor.take("e") || cursor.take("E") {
            if !cursor.take("-") { _ = cursor.take("+") }
            guard !cursor.digits().isEmpty else { throw error(.number) }
        }
        defer { place = cursor.rest.startIndex }
        return String(decoding: bytes[place..<cursor.rest.startIndex], as: UTF8.self)
    }

    private mutating func takes(_ byte: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard place < bytes.endIndex, UInt32(bytes[place]) == byte.value else { return false }
        place += 1
        return true
    }

    private mutating func skipBlanks() {
        while place < bytes.endIndex, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[place]) { place += 1 }
    }

    private func error(_ reason: JSONSyntaxError.Reason) -> JSONSyntaxError {
        JSONSyntaxError(reason: reason, offset: place - bytes.startIndex)
    }
}
