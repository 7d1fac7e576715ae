import KilnDefinition
import KilnDiagnostics
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@Suite struct `Schema and reference` {
    @Test func `the schema is what it was`() throws {
        try Golden.expect(DefinitionSchema.jsonSchema(), matches: Golden.directory().appending("schema.json"))
    }

    @Test func `the reference is what it was`() throws {
        try Golden.expect(
            DefinitionSchema.referencePage(),
            matches: Golden.directory().appending("reference.md")
        )
    }

    @Test func `the example with every key is read`() throws {
        let text = DefinitionSchema.annotatedExample()
        let read = try definition(text)
        #expect(read.fleets["shop"]?.image == "shop")
        #expect(DefinitionSchema.referencePage().contains(text))
    }

    @Test func `every example line of the reference is read`() throws {
        let example = DefinitionSchema.annotatedExample()
        _ = try definition(example)
        let live = Set(example.split(separator: "\n").map { $0.drop { " -".contains($0) } })
        let lines = DefinitionSchema.referencePage().matches(of: /Example: `([^`]+)`/).map(\.output.1)
        #expect(lines.count > 50)
        // The others stand there as comments; the next test reads them.
        #expect(
            Set(lines.filter { !live.contains($0) }) == [
                "archive: debian", "version: \"8.*\"", "command: [/opt/shop/is-well]", "tmpfs: 64MiB",
                "ansible: playbooks/site.yml", "vars: {greeting: hello}", "status: 200", "contains: ready",
                "path: /etc/shop.conf", "exists: true", "etcd: https://etcd.example.org:2379",
                "prefix: /shop/prod/", "ca: /etc/kiln/etcd-ca.pem", "certificate: /etc/kiln/etcd.pem",
                "private_key: /etc/kiln/etcd-key.pem", "user: kiln",
                "password_file: /etc/kiln/etcd-password", "redirect: https",
                "base_signed_by: [shop-ci]",
            ]
        )
    }

    @Test func `alternatives in comments are read when they take the place of what stands`() throws {
        let example = DefinitionSchema.annotatedExample()
        let tmpfs = example.replacing(/\n *- path: [^\n]*\n/) { $0.output }
            .replacing(/\n( *)volume: data\n/) { "\n\($0.output.1)tmpfs: 64MiB\n" }
            .replacing(/\n *access: shared\n/, with: "\n")
        let pin = example.replacing(/\n( *)suite: bookworm-security\n/) {
            "\n\($0.output.1)archive: debian\n"
        }
        #expect(try definition(pin).images["shop"]?.pins.first?.target == .archive("debian"))
        let version = example.replacing(/\n( *)suite: bookworm-security\n/) {
            "\n\($0.output.1)version: \"8.*\"\n"
        }
        #expect(try definition(version).images["shop"]?.pins.first?.target == .version("8.*"))
        #expect(try definition(tmpfs).images["shop"]?.state.first?.kind == .tmpfs(size: 64 << 20))
        let command = example.replacing(/\n( *)http:\n(?: +[#a-z][^\n]*\n){4,6}?(?= *# Asked by opening)/) {
            "\n\($0.output.1)command: [/opt/shop/is-well]\n"
        }
        #expect(try definition(command).images["shop"]?.health?.probe == .command(["/opt/shop/is-well"]))
        let tcp = example.replacing(/\n( *)http:\n(?: +[#a-z][^\n]*\n){4,6}?(?= *# Asked by opening)/) {
            "\n\($0.output.1)tcp:\n\($0.output.1)  port: http\n"
        }
        #expect(try definition(tcp).images["shop"]?.health?.probe == .tcp(port: 8080))
        // With a base like that goes much else of the example, which is about packages.
        let signed = """
            kiln: 1
            trust: {shop-ci: [keys/shop-ci.pub]}
            images:
              shop:
                from: oci:registry.example.org/base:1
                base_signed_by: [shop-ci]
            """
        #expect(try definition(signed).images["shop"]?.baseSignedBy == ["shop-ci"])
        var etcd = example.replacing("- store: shop/prod\n", with: "- etcd: https://etcd.example.org:2379\n")
        for key in ["ca", "certificate", "private_key", "user", "password_file"] {
            etcd = etcd.replacing("          # \(key): ", with: "          \(key): ")
        }
        let source = try #require(try definition(etcd).fleets["shop"]?.config.sources.first)
        guard case .etcd(let endpoint) = source.store else {
            Issue.record("\(source)")
            return
        }
        #expect(endpoint.url == "https://etcd.example.org:2379" && endpoint.user == "kiln")
        #expect(endpoint.privateKey == "/etc/kiln/etcd-key.pem" && source.use == .file(key: "app.conf"))
    }
}

/// Debian's python3-jsonschema judges by the schema alone.
@Suite(.enabled(if: PythonSchema.isHere, "python3-jsonschema is not installed"))
struct `JSON Schema, judged by another` {
    /// Bad definitions that are bad in shape or spelling; the others only the reader can find.
    static let badShapes = [
        "amounts", "choices", "durations", "empty-image", "empty-lists", "empty-value", "health-keys",
        "health-with-two-probes", "health-without-probe", "key-of-another-object", "later-features", "listen",
        "memory", "missing-from", "modes", "names", "newer-version", "no-version", "not-a-mapping",
        "packages",
        "ports", "quoted-version", "request-path", "resources", "signals", "sizes", "state-kinds", "top-list",
        "downloads", "environments", "step-secrets", "unknown-image-key", "unknown-key", "unknown-key-far",
        "user-paths", "users",
        "variables",
        "wrong-types",
    ]

    @Test func `it takes what the reader takes, and refuses what is bad in shape`() async throws {
        try await Sandbox.with { sandbox in
            let schema = try sandbox.write(DefinitionSchema.jsonSchema(), to: "schema.json")
            let example = try sandbox.write(DefinitionSchema.annotatedExample(), to: "example.yaml")
            let template = DefinitionTemplate(codename: "bookworm").files[0].content
            let good = [
                example, Golden.directory().appending("full.yaml"),
                try sandbox.write(template, to: "kiln.yaml"),
            ]
            // Numbers may stand in quotes, as the reader has them.
            let quoted = """
                kiln: 1
                images:
                  a:
                    from: scratch
                    files: [{source: f, target: /f, owner: "10001"}]
                    entrypoint: [/a]
                    health: {tcp: {port: "8080"}}
                fleets:
                  a: {image: a, rollout: {surge: "1", unavailable: "0"}}

                """
            _ = try definition(quoted)
            let written = try sandbox.write(quoted, to: "quoted.yaml")
            #expect(try await PythonSchema.verdicts(schema, [written]) == ["good"])
            let bad = Self.badShapes.map { `Bad definitions`.folder.appending("\($0).yaml") }
            #expect(try await PythonSchema.verdicts(schema, good) == good.map { _ in "good" })
            let verdicts = try await PythonSchema.verdicts(schema, bad)
            #expect(zip(Self.badShapes, verdicts).filter { $0.1 != "bad" }.map(\.0) == [])
        }
    }
}

enum PythonSchema {
    static let isHere =
        Files.exists("/usr/lib/python3/dist-packages/jsonschema")
        && Files.exists("/usr/lib/python3/dist-packages/yaml")

    /// One word per file; the first check is that the schema itself is one.
    static func verdicts(_ schema: FilePath, _ files: [FilePath]) async throws -> [String] {
        let script = """
            import json, sys, yaml
            from jsonschema import Draft202012Validator
            schema = json.load(open(sys.argv[1]))
            Draft202012Validator.check_schema(schema)
            for name in sys.argv[2:]:
                value = yaml.safe_load(open(name))
                print("good" if Draft202012Validator(schema).is_valid(value) else "bad")
            """
        let invocation = ToolInvocation(
            "/usr/bin/python3",
            ["-c", script, schema.string] + files.map(\.string)
        )
        return try await ToolRunner().run(invocation).text.split(separator: "\n").map(String.init)
    }
}
