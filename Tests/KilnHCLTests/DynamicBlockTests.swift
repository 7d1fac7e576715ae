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

    @Test(arguments: [
        ("reverse([1, 2])", "tolist([2, 1])"), ("sort([\"b\", \"a\"])", "tolist([\"a\", \"b\"])"),
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
