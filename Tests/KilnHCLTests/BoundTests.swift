import KilnHCL
import Testing

/// Files that were written to use up memory or time: each ends soon, with a problem or an unknown.
@Suite struct BoundTests {
    /// Each local holds the one before twice.
    private func doubling(_ count: Int, _ form: (String) -> String) -> HCLBody {
        var text = "locals {\n  l0 = [1, 2]\n"
        for index in 1...count { text += "  l\(index) = " + form("local.l\(index - 1)") + "\n" }
        return parse(text + "}\n").body
    }

    @Test(
        arguments: [
            { "[\($0), \($0)]" }, { "{a = \($0), b = \($0)}" }, { "concat(\($0), \($0))" },
            { "[for x in [\($0), \($0)] : x]" },
            { "true ? [\($0), \($0)] : []" }, { "flatten([\($0), \($0)])" }, { "[\($0), \($0)][*]" },
            { "jsonencode([\($0), \($0)])" }, { "\"${jsonencode(\($0))}${jsonencode(\($0))}\"" },
            { "setproduct(\($0), \($0), [1])" }, { "tolist([\($0), \($0)])" },
        ] as [@Sendable (String) -> String]
    )
    func `values that double in every line are stopped`(form: @Sendable (String) -> String) {
        var limits = HCLEvaluator.Limits()
        (limits.parts, limits.stringBytes, limits.elements, limits.work) = (10_000, 100_000, 10_000, 500_000)
        let module = HCLModuleScope([doubling(100, form)], limits: limits)
        #expect(
            module.problems.contains { $0.problem.code == "hcl.limit" },
            "\(module.problems.map(\.problem.message))"
        )
    }

    @Test func `values nested by many lines are stopped`() {
        let module = HCLModuleScope([doubling(300) { "[\($0)]" }])
        #expect(module.problems.first?.problem.code == "hcl.limit")
    }

    /// Each by itself is allowed.
    @Test(arguments: [("+1", "("), (".a", "(")])
    func `chains in chains are stopped before they are too tall`(link: String, open: String) {
        var text = "a"
        for _ in 0..<90 { text = open + text + String(repeating: link, count: 390) + ")" }
        let result = Result { () throws(HCLProblem) in
            try HCLParser.expression(HCLSource(name: "n", text: text))
        }
        guard case .failure(let problem) = result else { return #expect(Bool(false), "it is parsed") }
        #expect(problem.code == "hcl.limit")
    }

    @Test func `nothing, repeated a thousand times a thousand times, is no pattern`() {
        let module = HCLModuleScope([
            parse(#"locals { x = regex("(?:(?:(?:(?:){1000}){1000}){1000}){1000}", "x") }"#).body
        ])
        #expect(!module.problems.isEmpty)
    }

    @Test func `a chain of names may be long`() {
        let module = HCLModuleScope([doubling(2000) { $0 }])
        #expect(module.problems.isEmpty)
        #expect(module.scope.variables["local"]?.attributes?["l2000"]?.elements?.count == 2)
    }

    @Test(arguments: [
        "1e999999999", "1e-999999999", "1e-9223372036854775808", "1e32768", "1e99999999999999999999",
        String(repeating: "9", count: 1_000_000),
        "0." + String(repeating: "1", count: 1_000_000),
    ])
    func `a number of no use is refused, or is zero`(text: String) {
        let result = Result { () throws(HCLProblem) in
            try HCLParser.expression(HCLSource(name: "n", text: text))
        }
        switch result {
        case .success(let expression): #expect(expression.literal?.number == .zero, "\(text.prefix(20))")
        case .failure(let problem): #expect(problem.code == "hcl.number")
        }
    }

    @Test(arguments: [
        "1e9000 * 1e9000", "pow(10, 1000)",
        "join(join(\",\", range(1000)), [for i in range(1000) : join(\",\", range(1000))])",
        "format(\"%999999999d\", 1)", "format(\"%.999999999f\", 1)", "indent(999999999, \"a\\nb\\nc\")",
        "setproduct(range(1000), range(1000), range(1000))",
        "replace(join(\"\", range(1000)), \"\", join(\"\", range(1000)))",
        "[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : 1]]]",
        "[for a in range(1000) : [for b in range(1000) : range(1000)]]",
        "[for a in range(1000) : \"${1e9000}${1e-9000}\"]",
        "range(0, 1, 0.0001)", "regex(\"((a{1000}){1000}){1000}\", \"a\")",
        "jsondecode(join(\"\", [for i in range(1000) : \"[[[[\"]))",
        "try([for a in range(1000) : [for b in range(1000) : b]], 1)",
        "can([for a in range(1000) : [for b in range(1000) : b]])",
        "yamldecode(\"a: &a [x,x,x,x,x,x,x,x,x]\\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\")",
    ])
    func `what would be huge is told and not made`(text: String) throws {
        var limits = HCLEvaluator.Limits()
        (limits.steps, limits.work) = (20_000, 200_000)
        var evaluator = HCLEvaluator(limits: limits)
        let expression = try HCLParser.expression(HCLSource(name: "t", text: text))
        _ = evaluator.value(expression, in: HCLScope(functions: StandardFunctions.table))
        #expect(!evaluator.problems.isEmpty)
    }

    /// An engine that goes back and tries again would take longer than the universe.
    @Test func `a pattern takes time as the text is long`() throws {
        let text = "regexall(\"(x+x+)+y\", join(\"\", [for i in range(200) : \"xxxxxxxxxx\"]))"
        let result = try evaluate(text)
        #expect(result.problems.isEmpty && result.value.elements?.isEmpty == true)
    }

    @Test func `a file has so many parts and no more`() {
        var limits = HCLParser.Limits()
        limits.parts = 100
        for text in [
            "a = [\(String(repeating: "1,", count: 200))]\n", String(repeating: "a {\n}\n", count: 200),
            "a = \"\(String(repeating: "${x}", count: 200))\"\n",
        ] {
            let file = HCLParser.parse(HCLSource(name: "t", text: text), limits: limits)
            #expect(file.problems.map(\.code) == ["hcl.limit"])
        }
    }

    @Test func `mistakes without end are not all told`() {
        let file = parse(
            String(repeating: "a = 1\n", count: 5000) + String(repeating: "b = )\n", count: 5000)
        )
        #expect(file.problems.count <= 51)
    }

    @Test func `a bound that was met in a branch not taken is told all the same`() throws {
        var limits = HCLEvaluator.Limits()
        limits.steps = 1000
        var evaluator = HCLEvaluator(limits: limits)
        let text = "true ? 1 : [for a in range(100) : [for b in range(100) : 1]]"
        let expression = try HCLParser.expression(HCLSource(name: "t", text: text))
        _ = evaluator.value(expression, in: HCLScope(functions: StandardFunctions.table))
        #expect(evaluator.problems.map(\.code) == ["hcl.limit"])
    }
}
