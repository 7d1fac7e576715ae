import KilnHCL
import Testing

@Suite struct TypeTests {
    private func constraint(_ text: String) throws -> HCLTypeConstraint {
        try TypeExpression.constraint(HCLParser.expression(HCLSource(name: "t", text: text)))
    }

    @Test(arguments: [
        ("object({a = string, b = optional(number, 5)})", "{a = 1}", "{a = \"1\", b = 5}"),
        (
            "object({a = optional(string), b = optional(bool, true)})", "{b = null, c = 1}",
            "{a = tostring(null), b = true}"
        ),
        ("list(object({a = optional(number, 1)}))", "[{}, {a = 2}]", "tolist([{a = 1}, {a = 2}])"),
        ("map(object({a = optional(string, \"x\")}))", "{k = {}}", "tomap({k = {a = \"x\"}})"),
        ("object({a = optional(object({b = optional(number, 2)}), {})})", "{}", "{a = {b = 2}}"),
        (
            "tuple([string, object({a = optional(list(string), [1])})])", "[1, {}]",
            "[\"1\", {a = tolist([\"1\"])}]"
        ),
        ("set(number)", "[\"1\", 1, 2]", "toset([1, 2])"), ("any", "[1]", "[1]"),
        ("list(any)", "[1, \"a\"]", "tolist([\"1\", \"a\"])"),
        ("map(any)", "{a = 1, b = true, c = \"x\"}", "tomap({a = \"1\", b = \"true\", c = \"x\"})"),
        ("object({a = any})", "{a = [1]}", "{a = [1]}"),
    ])
    func `a value takes a type, with what was left out`(type: String, value: String, wanted: String) throws {
        let result = try constraint(type).applied(to: evaluate(value).value)
        let expected = try evaluate(wanted).value
        #expect(result.equals(expected) == true, "\(result)")
        #expect(result.type == expected.type)
    }

    @Test(arguments: [
        ("object({a = string})", "{}"), ("number", "\"x\""), ("list(number)", "[\"x\"]"),
        ("tuple([string])", "[]"), ("map(number)", "{a = []}"),
        ("list(any)", "[1, []]"), ("object({a = optional(number, 1)})", "[]"),
    ])
    func `a value that is of no such type is told`(type: String, value: String) throws {
        #expect(throws: ConversionError.self) { try constraint(type).applied(to: evaluate(value).value) }
    }

    @Test(arguments: [
        "strin", "list()", "optional(string)", "object({a = optional(number, \"x\")})", "object([])",
        "tuple(string)",
        "object({a = string, a = number})", "object({a = optional(number, var.x)})", "1", "set",
    ])
    func `what is no type is told`(text: String) {
        #expect(throws: HCLProblem.self) { try constraint(text) }
    }
}
