import KilnHCL
import Testing

/// The value of an expression, and what was wrong.
func evaluate(
    _ text: String,
    _ scope: HCLScope = HCLScope(functions: StandardFunctions.table)
) throws -> (value: HCLValue, problems: [HCLProblem]) {
    var evaluator = HCLEvaluator()
    let expression = try HCLParser.expression(HCLSource(name: "test", text: text))
    return (evaluator.value(expression, in: scope), evaluator.problems)
}

@Suite struct ExpressionTests {
    /// Each written in HCL, so that both sides go through types and equality.
    @Test(arguments: [
        ("1 + 2 * 3", "7"), ("(1 + 2) * 3", "9"), ("10 / 4 - 1", "1.5"), ("-2 - -3", "1"),
        ("-7 % 3", "-1"), ("1.5 % 0.4 == 0.3", "false"),
        ("0.1 + 0.2 == 0.3", "true"), ("1 == \"1\"", "false"), ("!(1 < 2) || 2 >= 2 && true", "true"),
        ("1 < 2 ? \"a\" : \"b\"", "\"a\""), ("true ? 1 : \"b\"", "\"1\""), ("null == null", "true"),
        ("\"%{ if true }yes%{ else }no%{ endif }\"", "\"yes\""),
        ("\"%{ for x in [1, 2] }${x},%{ endfor }\"", "\"1,2,\""),
        ("\"%{ for x in [1, 2] ~}  ${x}  %{~ endfor }\"", "\"12\""),
        ("\"a ${~ 1 ~} b\"", "\"a1b\""), ("\"${[1]}\"", "[1]"), ("\"\\u00e9\"", "\"e\\u0301\""),
        ("[for i, x in [\"a\", \"b\"] : \"${i}${x}\" if i > 0]", "[\"1b\"]"),
        ("{for k, v in {a = 1, b = 2} : v => k}", "{\"1\" = \"a\", \"2\" = \"b\"}"),
        ("{for x in [\"a\", \"b\", \"a\"] : x => 1...}", "{a = [1, 1], b = [1]}"),
        ("[{a = [1]}, {a = [2]}][*].a[0]", "[1, 2]"), ("[{a = [1]}, {a = [2]}].*.a[0]", "[1]"),
        ("null[*]", "[]"),
        ("[[1, 2], 3].0[1]", "2"), ("{a = {b = 1}}.a[\"b\"]", "1"),
        ("max([1, 5, 3]...)", "5"), ("join(\"-\", [1, 2])", "\"1-2\""), ("lookup({a = 1}, \"b\", 2)", "2"),
        ("1e3 + 0.5E-1", "1000.05"),
        ("115792089237316195423570985008687907853269984665640564039457584007913129639936 + 1 > 2", "true"),
    ])
    func `an expression has the value of the other`(text: String, wanted: String) throws {
        let (left, right) = (try evaluate(text), try evaluate(wanted))
        #expect(left.problems.isEmpty && right.problems.isEmpty)
        #expect(left.value.equals(right.value) == true, "\(left.value) and \(right.value)")
    }

    @Test(arguments: [
        "var.a", "var.a + 1", "\"x${var.a}\"", "[for x in var.a : x]", "var.a ? 1 : 2", "upper(var.a)",
        "provider::p::f(1)", "var.a[0].*.b",
        "1 == var.a",
    ])
    func `what is not known stays unknown`(text: String) throws {
        let result = try evaluate(text, HCLScope(functions: StandardFunctions.table, unresolved: .unknown))
        #expect(result.value.isUnknown)
        #expect(result.problems.isEmpty)
    }

    @Test(arguments: [
        "1 / 0", "missing", "{a = 1}.b", "[1][1]", "null + 1", "\"a\" - 1", "nofunction(1)", "upper()",
        "true ? [] : {}",
    ])
    func `a mistake is told with its place`(text: String) throws {
        let result = try evaluate(text)
        #expect(result.problems.count == 1)
        #expect(result.value.isUnknown)
    }

    @Test func `the branch that is not taken may fail`() throws {
        let result = try evaluate("length([]) > 0 ? [][0] : \"none\"")
        #expect(result.problems.isEmpty)
        #expect(result.value.string == "none")
    }

    @Test func `variables are what stands outside of loops`() throws {
        let text = "[for x in var.list : x.y + local.z[0] if each.key]"
        let expression = try HCLParser.expression(HCLSource(name: "test", text: text))
        #expect(expression.variables.map(\.root) == ["var", "local", "each"])
        #expect(expression.variables[0].steps == [.string("list")])
    }

    @Test(arguments: ["(", "[", "{a=", "!", "-", "f(", "\"${", "a ? b : ", "1 + ("])
    func `depth is bounded`(piece: String) {
        let text = String(repeating: piece, count: 100_000)
        #expect(throws: HCLProblem.self) { try HCLParser.expression(HCLSource(name: "test", text: text)) }
    }

    @Test func `values that double are stopped`() throws {
        let depth = 12
        let open = String(repeating: "[for x in [concat(x, x)] : ", count: depth)
        let text = "[for x in [[1]] : " + open + "1" + String(repeating: "]", count: depth + 1)
        var limits = HCLEvaluator.Limits()
        limits.elements = 1000
        var evaluator = HCLEvaluator(limits: limits)
        let expression = try HCLParser.expression(HCLSource(name: "test", text: text))
        _ = evaluator.value(expression, in: HCLScope(functions: StandardFunctions.table))
        #expect(evaluator.problems.map(\.code) == ["hcl.limit"])
    }

    @Test func `what comes from a secret is one`() throws {
        let scope = HCLScope(variables: ["s": HCLValue.number(1).markedSensitive()])
        for text in ["s + 1", "-s", "\"x${s}\"", "s == 1", "s < 2 ? 1 : 2"] {
            #expect(try evaluate(text, scope).value.isSensitive, "\(text)")
        }
    }
}
