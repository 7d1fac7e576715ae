import KilnDiagnostics
import KilnHCL
import Testing

func parse(_ text: String) -> HCLFile { HCLParser.parse(HCLSource(name: "main.tf", text: text)) }

@Suite struct ParserTests {
    @Test func `a file is attributes and blocks with labels`() {
        let file = parse(
            "# about\na = 1\nresource \"kind\" name {\n  b = { c = 1, d : 2\n e = 3 }\n  inner {}\n  one { x = y }\n}\n"
        )
        #expect(file.problems.isEmpty)
        #expect(file.comments.count == 1)
        #expect(file.body.attributes.map(\.name) == ["a"])
        #expect(file.body.blocks.first?.labels == ["kind", "name"])
        #expect(file.body.blocks.first?.body.blocks.map(\.type) == ["inner", "one"])
    }

    /// Offsets of what is wrong, one by one.
    @Test(arguments: [
        ("a = 1, b = 2\n", [5..<6]),
        ("a {\n", [2..<3]),
        ("a { b = 1, c = 2 }\na { b = 1\n}\na { d {} }\nz = 1\n", [9..<10, 28..<29, 35..<38]),
        ("a = \nb = 2\nc = )\nd = 4", [4..<5, 15..<16]),
        ("a = 1\na = 2\n", [6..<7]),
        ("a = \"x\nb = 1\n", [4..<6]),
        ("a = <<EOT\nx\n", [4..<9]),
    ])
    func `each mistake is found at its place, and the rest is read`(text: String, wanted: [Range<Int>]) {
        #expect(parse(text).problems.map(\.range) == wanted)
    }

    @Test func `reading goes on behind a mistake`() {
        let file = parse("a = )\nb = 2\nx { c = 1, d = 2 }\ne = 5\n")
        #expect(file.problems.count == 2)
        #expect(file.body.attributes.map(\.name) == ["b", "e"])
    }

    @Test func `columns count what a reader sees`() throws {
        let file = parse("a = \"e\u{301}👩‍👩‍👧‍👦\" )\n")
        let span = try #require(file.diagnostics.first?.span)
        #expect((span.line, span.column) == (1, 10))
    }

    @Test(arguments: [
        ("<<EOT\n  a\n b\nEOT\n", "  a\n b\n"),
        ("<<-EOT\n    a\n\n      b\n  EOT\n", "a\n\n  b\n"),
        ("<<-EOT\n    a\n  ${1}\n    b\n  EOT\n", "  a\n1\n  b\n"),
        ("<<-EOT\n  x ${1}\n   y\n  NOT EOT\nEOT\n", "x 1\n y\nNOT EOT\n"),
        ("<<EOT\n\\n${1}\\n\ns/x/${2}\\/y/\nEOT\n", "\\n1\\n\ns/x/2\\/y/\n"),
        ("<<EOT\na\\n\"b\"\n%{ if true ~}\n c\n%{ endif ~}\nd\nEOT\n", "a\\n\"b\"\nc\nd\n"),
    ])
    func `a heredoc keeps its lines`(text: String, wanted: String) throws {
        let file = parse("a = " + text)
        #expect(file.problems.isEmpty)
        var evaluator = HCLEvaluator()
        let expression = try #require(file.body[attribute: "a"]).expression
        #expect(evaluator.value(expression, in: HCLScope()).string == wanted)
        #expect(evaluator.problems.isEmpty)
    }

    @Test func `what no schema asks for is told, with what was meant`() {
        let schema = HCLSchema(
            attributes: ["name": true, "size": false],
            blocks: [.init("disk", labels: ["kind"])]
        )
        let content = parse("nane = 1\ndisk {}\ndisc \"a\" {}\n").body.content(schema)
        #expect(
            content.problems.map(\.code) == [
                "hcl.missing", "hcl.labels", "hcl.unsupported", "hcl.unsupported",
            ]
        )
        #expect(content.problems.compactMap(\.hint) == ["did you mean \"name\"?", "did you mean \"disk\"?"])
    }

    @Test func `types are read from expressions`() throws {
        let text = "map(object({a = string, b = optional(list(number), [])}))"
        let type = try TypeExpression.type(HCLParser.expression(HCLSource(name: "t", text: text)))
        #expect(type.description == "map(object({a=string, b=optional(list(number))}))")
        #expect(throws: HCLProblem.self) {
            try TypeExpression.type(HCLParser.expression(HCLSource(name: "t", text: "list(strin)")))
        }
    }

    /// Cut, doubled and swapped bytes of a real file: it ends, and no problem lies outside of the file.
    @Test func `a damaged file is read to its end`() {
        let text =
            "a = [for x in y : \"${x}%{ if z ~} b %{ endif }\" if x > 1]\nb \"c\" {\n  d = <<-E\n    ${f(1, g...)}\n  E\n  e = {a = 1}.*.b[0] /* c */\n}\n"
        let seed = UInt64.random(in: .min ... .max)
        print("KilnHCL fuzz seed: \(seed)")
        var random = Random(seed)
        for _ in 0..<2000 {
            let bytes = random.damaged(Array(text.utf8))
            let file = HCLParser.parse(HCLSource(name: "fuzz", bytes: bytes))
            #expect(file.problems.allSatisfy { $0.range.upperBound <= bytes.count }, "seed \(seed)")
            var evaluator = HCLEvaluator()
            for attribute in file.body.attributes {
                attribute.expression.walk { #expect($0.range.upperBound <= bytes.count, "seed \(seed)") }
                _ = evaluator.value(attribute.expression, in: HCLScope(functions: StandardFunctions.table))
            }
            #expect(evaluator.problems.allSatisfy { $0.range.upperBound <= bytes.count }, "seed \(seed)")
        }
    }

    @Test func `blocks and arguments know where their parts stand`() throws {
        let text = "resource \"kind\" name {\n  b = 1 + 2\n}\n"
        let block = try #require(parse(text).body.blocks("resource").first)
        func shown(_ range: Range<Int>) -> String { String(decoding: Array(text.utf8)[range], as: UTF8.self) }
        #expect(block.labelRanges.map(shown) == ["\"kind\"", "name"])
        #expect(shown(block.headRange) == "resource \"kind\" name")
        let attribute = try #require(block.body[attribute: "b"])
        #expect(shown(attribute.range) == "b = 1 + 2" && shown(attribute.expression.range) == "1 + 2")
    }

    @Test func `places are found from an index as they are by counting`() {
        let source = HCLSource(name: "t", text: "a\n\nb\r\né👩‍👧x\n")
        let lines = HCLLines(source)
        for offset in 0...40 { #expect(lines.position(of: offset) == source.position(of: offset)) }
    }
}

extension Random {
    /// Bytes removed, doubled and changed.
    mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...next(4) {
            switch next(3) {
            case 0: bytes.remove(at: next(bytes.count))
            case 1: bytes.insert(bytes[next(bytes.count)], at: next(bytes.count))
            default: bytes[next(bytes.count)] = UInt8(next(256))
            }
        }
        return bytes
    }
}
