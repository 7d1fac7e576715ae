import KilnAdvisories
import Testing

@Suite struct `JSON` {
    private static func value(_ text: String) throws -> JSONValue {
        try JSONValue(parsing: Array(text.utf8)[...])
    }

    @Test func `is read as RFC 8259 has it`() throws {
        let value = try Self.value(
            #" {"a": [1, -2.5e+3, true, false, null], "b": "x\n\u00e9\ud83d\ude00\"\\\/", "a\u0062": {}} "#
        )
        #expect(value["a"]?.items == [.number("1"), .number("-2.5e+3"), .bool(true), .bool(false), .null])
        #expect(value["b"]?.text == "x\né😀\"\\/")
        #expect(value["ab"] == .object([]))
        #expect(try Self.value("[]") == .array([]))
        #expect(try Self.value(#""\ud83d""#).text == "\u{FFFD}")
    }

    @Test(arguments: [
        "", " ", "{", "[", "[1,]", "{,}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, "01", "1.", "1e", "-", "+1",
        ".5", "tru", "nul", "'a'", #""a"#, "\"\n\"", #""\x""#, #""\u12""#, "1 2", "[1 2]", "{1:2}",
        "NaN", "[1]]", "\u{FEFF}1", "//x\n1",
    ])
    func `that is none is an error`(_ text: String) {
        #expect(throws: JSONSyntaxError.self) { try Self.value(text) }
    }

    @Test func `that is not UTF-8, or nested without end, is an error`() {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: [0x22, 0xC3, 0x28, 0x22]) }
        let deep = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: deep[...]) }
    }

    @Test func `is read or refused whatever it says`() {
        var numbers = SeededNumbers(21)
        let words: [Character] = Array("{}[]\",:0129.eE+-\\untrfalse \n\u{0}é")
        for _ in 0..<20_000 { _ = try? Self.value(numbers.text(words, 0...24)) }
    }
}
