import KilnHCL
import Testing

@Suite struct JSONTests {
    private func parse(_ text: String) -> HCLFile {
        HCLJSON.parse(HCLSource(name: "main.tf.json", text: text))
    }

    private let schema = HCLSchema(
        attributes: ["a": false],
        blocks: [.init("b", labels: ["x", "y"]), .init("c")]
    )

    @Test(arguments: [
        #"{"b": {"x": {"y": {}, "z": {}}}}"#, #"{"b": [{"x": {"y": {}}}, {"x": {"z": {}}}]}"#,
        #"{"b": {"x": {"y": {}}, "x": {"z": [{}]}}}"#,
        #"[{"b": {"x": {"y": []}}}, {"b": {"x": [{"y": [{}, {}]}]}}]"#,
    ])
    func `labels are levels, objects and arrays alike`(text: String) {
        let content = parse(text).body.content(schema)
        #expect(content.problems.isEmpty)
        #expect(content.blocks.count == 2)
        #expect(content.blocks.allSatisfy { $0.labels.first == "x" && $0.labels.count == 2 })
    }

    @Test(arguments: [
        (#""a${1 + 1}""#, #""a2""#), (#""${1 + 1}""#, "2"),
        (#"[1, "x", null, true]"#, #"[1, "x", null, true]"#),
        (#"{"${"k"}": 1e2}"#, "{k = 100}"), (#""\ud83d\ude00\n""#, #""😀\n""#), ("1.50", "1.5"),
        (#""%{ for x in [1, 2] }${x}%{ endfor }""#, #""12""#),
    ])
    func `values are expressions, strings are templates`(text: String, wanted: String) throws {
        let escaped = text.hasPrefix("{\"${") ? #"{"${\"k\"}": 1e2}"# : text
        let content = parse("{\"//\": \"about\", \"a\": \(escaped)}").body.content(schema)
        #expect(content.problems.isEmpty)
        var evaluator = HCLEvaluator()
        let value = evaluator.value(try #require(content.attributes["a"]).expression, in: HCLScope())
        #expect(try value.equals(evaluate(wanted).value) == true, "\(value)")
    }

    @Test(arguments: [
        "", "{", "{\"a\" 1}", "{\"a\": 01}", "{\"a\": 1,}", "nul", "{\"a\": \"\\q\"}", "{} {}", "[1]", "3",
        "{\"a\": \"x",
    ])
    func `what is not JSON is told`(text: String) {
        #expect(parse(text).problems.count == 1)
    }

    @Test func `mistakes behind the schema have their place`() {
        let content = parse(#"{"a": "${", "d": 1, "c": 5}"#).body.content(schema)
        #expect(content.problems.map(\.range) == [6..<10, 25..<26, 12..<15])
    }

    @Test func `a string refers to what its template refers to`() throws {
        let content = parse(#"{"a": "x.y[0]"}"#).body.content(schema)
        let expression = try #require(content.attributes["a"]).expression
        #expect(expression.variables.isEmpty)
        let reference = try #require(parse(#"{"a": "${x.y}"}"#).body.content(schema).attributes["a"])
            .expression
        #expect(reference.variables.map(\.root) == ["x"])
    }

    @Test func `depth is bounded`() {
        #expect(parse(String(repeating: "[", count: 100_000)).problems.map(\.code) == ["hcl.limit"])
    }
}
