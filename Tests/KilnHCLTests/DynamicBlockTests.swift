import KilnHCL
import Testing

@Suite struct DynamicBlockTests {
    private func expand(_ text: String) -> (blocks: [DynamicBlocks.Expanded?], problems: [HCLProblem]) {
        var dynamic = DynamicBlocks()
        let blocks = dynamic.expand(parse(text).body, in: HCLScope(unresolved: .unknown))
        return (blocks, dynamic.problems)
    }

    @Test func `a dynamic block becomes one for each element`() throws {
        let text =
            "a {}\ndynamic \"b\" {\n  for_each = [\"x\", \"y\"]\n  iterator = it\n  labels = [it.value]\n  content {\n    c = it.key\n  }\n}\n"
        let result = expand(text)
        #expect(result.problems.isEmpty)
        #expect(result.blocks.map { $0?.block.labels } == [[], ["x"], ["y"]])
        let last = try #require(result.blocks.last ?? nil)
        var evaluator = HCLEvaluator()
        let attribute = try #require(last.block.body[attribute: "c"])
        #expect(evaluator.value(attribute.expression, in: last.scope).equals(.number(1)) == true)
    }

    @Test func `as many as nobody knows are not guessed`() {
        let result = expand("dynamic \"b\" {\n  for_each = var.many\n  content {}\n}\n")
        #expect(result.blocks.count == 1 && result.blocks[0] == nil)
        #expect(result.problems.isEmpty)
    }

    private let schema = HCLSchema(attributes: ["a": false], blocks: [.init("b"), .init("c", labels: ["x"])])

    private static let native =
        "a = 1\nb {}\ndynamic \"b\" {\n  for_each = {k = [1, 2]}\n  content {\n    n = b.key\n    dynamic \"c\" {\n      for_each = b.value\n      iterator = it\n      labels = [\"l${it.value}\"]\n      content {\n        v = \"${b.key}${it.key}\"\n      }\n    }\n  }\n}\n"
    private static let json = #"""
        {"a": 1, "b": {}, "dynamic": {"b": {"for_each": {"k": [1, 2]}, "content": {"n": "${b.key}",
        "dynamic": {"c": {"for_each": "${b.value}", "iterator": "it", "labels": ["l${it.value}"], "content": {"v": "${b.key}${it.key}"}}}}}}}
        """#

    @Test(arguments: [
        parse(DynamicBlockTests.native).body,
        HCLJSON.parse(HCLSource(name: "j", text: DynamicBlockTests.json)).body,
    ])
    func `dynamic blocks nest, in both syntaxes`(body: HCLBody) throws {
        var dynamic = DynamicBlocks()
        let outer = dynamic.content(body, schema, in: HCLScope())
        #expect(dynamic.problems.isEmpty, "\(dynamic.problems)")
        #expect(outer.attributes.keys.sorted() == ["a"] && outer.blocks.count == 2)
        let made = try #require(outer.blocks.last ?? nil)
        let inside = HCLSchema(attributes: ["n": false], blocks: [.init("c", labels: ["x"])])
        let inner = dynamic.content(made.block.body, inside, in: made.scope)
        #expect(dynamic.problems.isEmpty, "\(dynamic.problems)")
        #expect(inner.blocks.map { $0?.block.labels } == [["l1"], ["l2"]])
        let last = try #require(inner.blocks.last ?? nil)
        let content = last.block.body.content(HCLSchema(attributes: ["v": true]))
        var evaluator = HCLEvaluator()
        let expression = try #require(content.attributes["v"]).expression
        #expect(evaluator.value(expression, in: last.scope).string == "k1")
    }

    @Test(arguments: [
        ("dynamic \"z\" {\n  for_each = []\n  content {}\n}\n", "hcl.unsupported"),
        ("dynamic \"b\" {\n  content {}\n}\n", "hcl.missing"),
        ("dynamic \"b\" {\n  for_each = []\n}\n", "hcl.missing"),
        ("dynamic \"b\" {\n  for_each = 1\n  content {}\n}\n", "hcl.value"),
        ("dynamic \"b\" {\n  for_each = [1]\n  iterator = a.b\n  content {}\n}\n", "hcl.value"),
        ("dynamic \"c\" {\n  for_each = [1]\n  content {}\n}\n", "hcl.labels"),
        ("dynamic \"c\" {\n  for_each = [1]\n  labels = [\"a\", \"b\"]\n  content {}\n}\n", "hcl.labels"),
        ("dynamic \"b\" {\n  for_each = [1]\n  content {}\n  content {}\n}\n", "hcl.duplicate"),
        ("dynamic \"b\" {\n  for_each = range(1024)\n  content {}\n}\n", "hcl.limit"),
        ("dynamic \"b\" {\n  for_each = sensitive([1])\n  content {}\n}\n", "hcl.value"),
    ])
    func `a mistake in a dynamic block is told`(text: String, code: String) {
        var dynamic = DynamicBlocks()
        dynamic.limit = 1000
        _ = dynamic.content(parse(text).body, schema, in: HCLScope(functions: StandardFunctions.table))
        #expect(dynamic.problems.map(\.code) == [code])
    }

    @Test(arguments: [
        ("reverse([1, 2])", "[2, 1]"), ("sort([\"b\", \"a\"])", "tolist([\"a\", \"b\"])"),
        ("distinct([1, 1, 2])", "tolist([1, 2])"),
        ("flatten([1, [2, [3]]])", "[1, 2, 3]"), ("contains([1, 2], 2)", "true"), ("element([1, 2], 3)", "2"),
        ("range(1, 7, 3)", "tolist([1, 4])"), ("zipmap([\"a\"], [1])", "{a = 1}"),
        ("split(\", \", \"a, b\")", "tolist([\"a\", \"b\"])"),
        ("coalesce(null, \"\", \"c\")", "\"c\""), ("compact([\"a\", \"\", null])", "tolist([\"a\"])"),
    ])
    func `a function gives what Terraform's gives`(text: String, wanted: String) throws {
        let (left, right) = (try evaluate(text), try evaluate(wanted))
        #expect(left.problems.isEmpty, "\(left.problems)")
        #expect(left.value.equals(right.value) == true, "\(left.value) and \(right.value)")
    }
}
