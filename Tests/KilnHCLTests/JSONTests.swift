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

    @Test(arguments: [
        (#"{"a": "x.y[0]"}"#, "x"), (#"{"a": "${x}.y"}"#, nil), (#"{"a": "x"}"#, "x"),
        (#"{"a": ["x"]}"#, nil),
    ])
    func `a string is a reference for those who ask for one`(text: String, root: String?) throws {
        let expression = try #require(parse(text).body.content(schema).attributes["a"]).expression
        #expect(expression.staticTraversal?.root == root)
    }

    @Test func `without names a string is itself`() throws {
        let content = parse(#"{"a": ["${x}", "%{ y", {"k": -1.5, "l": null}]}"#).body.content(schema)
        #expect(content.problems.map(\.code) == ["hcl.syntax"])
        let known = parse(#"{"a": ["${x}", {"k": -1.5, "l": true}]}"#).body.content(schema)
        let literal = try #require(known.attributes["a"]).expression.literal
        #expect(try literal?.equals(evaluate(#"["$${x}", {k = -1.5, l = true}]"#).value) == true)
    }

    @Test func `a body of arguments only takes any name, save comments`() {
        let (attributes, problems) = parse(#"{"//": 1, "x": 1, "y": "z", "x": 2}"#).body.justAttributes
        #expect(attributes.map(\.name) == ["x", "y"])
        #expect(problems.map(\.code) == ["hcl.duplicate"])
    }

    @Test func `a damaged file is read to its end`() {
        let text =
            #"{"a": [1.5e3, "x${y}", {"//": null, "\u00e9": true}], "b": {"l": {"m": [{}, {"a": "%{ if x }b%{ endif }"}]}}}"#
        let seed = UInt64.random(in: .min ... .max)
        print("KilnHCL JSON fuzz seed: \(seed)")
        var random = Random(seed)
        for _ in 0..<2000 {
            let bytes = random.damaged(Array(text.utf8))
            let file = HCLJSON.parse(HCLSource(name: "fuzz", bytes: bytes))
            let content = file.body.content(schema)
            let problems = file.problems + content.problems
            #expect(problems.allSatisfy { $0.range.upperBound <= bytes.count }, "seed \(seed)")
            var evaluator = HCLEvaluator()
            for attribute in content.attributes.values {
                #expect(attribute.range.upperBound <= bytes.count, "seed \(seed)")
                _ = evaluator.value(attribute.expression, in: HCLScope(functions: StandardFunctions.table))
            }
            #expect(evaluator.problems.allSatisfy { $0.range.upperBound <= bytes.count }, "seed \(seed)")
        }
    }
}
