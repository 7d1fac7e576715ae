import KilnHCL
import Testing

@Suite struct ModuleScopeTests {
    private func value(_ text: String, _ module: HCLModuleScope) throws -> HCLValue {
        try evaluate(text, module.scope).value
    }

    @Test func `variables have their defaults, locals follow from them`() throws {
        let files = [
            "variable \"n\" {\n  type = number\n  default = \"3\"\n}\nvariable \"u\" {\n  type = list(string)\n}\nvariable \"s\" {\n  default = \"x\"\n  sensitive = true\n}\n",
            "locals {\n  b = \"${local.a}-${var.u[0]}\"\n  a = var.n + 1\n  c = [for x in [1, 2] : x * local.a]\n  d = data.x.y.z\n}\n",
        ].map { parse($0).body }
        let module = HCLModuleScope(files)
        #expect(module.problems.isEmpty)
        #expect(try value("local.a", module).number?.int == 4)
        #expect(try value("local.c[1]", module).number?.int == 8)
        #expect(try value("local.b", module).isUnknown && value("local.d", module).isUnknown)
        #expect(try value("var.u", module).type == .list(.string))
        #expect(try value("\"${var.s}\"", module).isSensitive)
        let missing = try evaluate("var.nobody.x + local.nobody", module.scope)
        #expect(missing.value.isUnknown && missing.problems.isEmpty)
        #expect(module.declaredVariables["u"]?.file == 0)
    }

    @Test func `Packer's ways and JSON are read too`() throws {
        let native = parse(
            "variables {\n  a = 1\n}\nlocal \"b\" {\n  expression = var.a + 1\n  sensitive = true\n}\n"
        ).body
        let json = HCLJSON.parse(
            HCLSource(
                name: "m.json",
                text:
                    #"{"variable": {"c": {"type": "list(string)", "default": ["${d}"]}}, "locals": {"//": "", "e": "${local.b + 1}"}}"#
            )
        ).body
        let module = HCLModuleScope([native, json])
        #expect(module.problems.isEmpty, "\(module.problems)")
        #expect(try value("local.b", module).isSensitive)
        #expect(try value("local.e", module).number?.int == 3)
        #expect(module.declaredVariables.keys.sorted() == ["a", "c"])
    }

    @Test func `locals in a circle are told and unknown`() throws {
        let module = HCLModuleScope([
            parse("locals {\n  a = local.b\n  b = local.c\n  c = [local.a]\n  d = local.d\n  e = 1\n}\n").body
        ])
        #expect(module.problems.map(\.problem.code) == ["hcl.cycle", "hcl.cycle"])
        #expect(try value("local.a", module).isUnknown && value("local.e", module).number?.int == 1)
    }

    @Test func `a given value stands before a default`() throws {
        let body = parse("variable \"a\" {\n  default = 1\n}\nlocals {\n  b = var.a\n}\n").body
        let module = HCLModuleScope([body], given: ["a": .number(7)])
        #expect(try value("local.b", module).number?.int == 7)
    }

    @Test func `a default that is not of its type is told`() {
        let module = HCLModuleScope([parse("variable \"a\" {\n  type = number\n  default = \"x\"\n}\n").body])
        #expect(module.problems.map(\.problem.code) == ["hcl.type"])
    }
}
