import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@Suite struct `Variables and environments` {
    private func full(_ environment: EnvironmentName? = nil) throws -> Definition {
        let text = try Files.readText(Golden.directory().appending("full.yaml"))
        return try DefinitionReader.read(
            SourceText(name: "kiln.yaml", text: text),
            directory: "/srv/shop",
            environment: environment
        )
    }

    @Test func `a variable's value is read as if it were written there`() throws {
        let full = try full()
        #expect(full.environment == nil && full.environments == ["staging", "prod"])
        #expect(full.fleets["shop"]?.instances == 3)
        #expect(
            full.images["shop"]?.steps[0].env == ["PREFIX": "/opt/shop", "TEXT": "${HOME} and ${literal}"]
        )
    }

    @Test func `an environment sets variables and keys of fleets, and nothing of images`() throws {
        let (plain, prod) = (try full(), try full("prod"))
        #expect(prod.environment == "prod")
        #expect(prod.images.mapValues(\.env) == plain.images.mapValues(\.env))
        let shop = try #require(prod.fleets["shop"])
        #expect(shop.instances == 12 && shop.resources.memory == 1 << 30)
        #expect(shop.listen == Listeners(ListenAddress(address: "0.0.0.0", port: 80)))
        #expect(shop.config.env == ["LOG_LEVEL": "warn", "WHERE": "here", "EXTRA": "warning"])
        #expect(shop.config.files.isEmpty)
        #expect(shop.rollout.surge == .count(2) && shop.rollout.drain == .zero)
        #expect(prod.fleets["bare"] == plain.fleets["bare"])
    }

    @Test func `downloads and secrets of steps`() throws {
        let bare = try #require(try full().images["bare"])
        #expect(
            bare.downloads.map(\.url) == [
                "https://example.org/app-1.4.bin", "http://example.org/app.tar.xz?raw=1",
            ]
        )
        #expect(bare.downloads.map(\.mode) == [0o755, nil] && bare.downloads.map(\.owner) == ["7", "root"])
        #expect(bare.downloads.map(\.unpack) == [false, true] && bare.downloads[1].strip == 1)
        #expect(bare.downloads[1].sha256?.hex.hasPrefix("e3b0c44298fc") == true)
        #expect(bare.steps[0].secrets.map(\.name) == ["token", "key"])
        #expect(bare.steps[0].secrets.map(\.source) == [.variable("TOKEN"), .file("/run/keys/app.pem")])
    }

    @Test func `an environment that says nothing changes nothing`() throws {
        #expect(try full("staging").fleets == full().fleets)
    }

    @Test func `an environment that there is not is told with those that there are`() {
        let error = #expect(throws: DiagnosticFailure.self) { try full("prd") }
        #expect(error?.diagnostics.map(\.code) == ["definition.unknown-environment"])
        #expect(error?.diagnostics.first?.hint == "did you mean \"prod\"?")
    }

    @Test(
        arguments: [
            ("a$$${x}b", "a$${x}b"), ("$", "$"), ("$x", "$x"), ("${x}$", "1$"), ("${x}${x}", "11"),
            ("$$", "$$"),
            ("$${", "${"),
        ]
    )
    func `dollars that name nothing stay`(written: String, read: String) throws {
        let text = "kiln: 1\nvars: {x: 1}\nimages: {a: {from: scratch, env: {V: \"\(written)\"}}}\n"
        #expect(try definition(text).images["a"]?.env["V"] == read)
    }

    @Test func `a value that quotes decide over is decided by the variable`() throws {
        let text = """
            kiln: 1
            vars: {mode: "0600", count: 4, nothing: ""}
            images:
              a:
                from: scratch
                entrypoint: [/a, "${nothing}"]
                files: [{source: a, target: /a, mode: "${mode}"}]
            fleets:
              a: {image: a, instances: "${count}", resources: {pids: "${count}0"}}

            """
        let read = try definition(text)
        #expect(read.images["a"]?.files[0].mode == 0o600 && read.images["a"]?.entrypoint == ["/a", ""])
        #expect(read.fleets["a"]?.instances == 4 && read.fleets["a"]?.resources.pids == 40)
    }

    @Test func `values cannot blow a file up`() {
        let value = String(repeating: "x", count: 4096)
        let uses = String(repeating: "${v}", count: 5000)
        let text = "kiln: 1\nvars: {v: \(value)}\nimages: {a: {from: scratch, env: {V: \"\(uses)\"}}}\n"
        #expect(rendered(text)?.contains("more than 16 MiB") == true)
    }

    @Test(.timeLimit(.minutes(1)))
    func `names that nobody knows are told in no time, however many and wherever they stand`() {
        let environments = (0..<8).map { "  e\($0): {}\n" }.joined()
        let head = "kiln: 1\nenvironments:\n\(environments)images: {a: {from: scratch, env: {V: \""
        let far = String(repeating: "x", count: 1 << 17)
        let unknown = (0..<2000).map { "${u\($0)}" }.joined()
        // As they are written, and escaped, so that they cannot be found in the file.
        for names in [unknown, unknown.replacing("$", with: "\\x24")] {
            let told = rendered(head + far + names + "\"}}}\n")
            #expect(told?.contains("there is no variable \"u0\"") == true)
        }
    }

    @Test func `each use of an unknown name is told at its place`() throws {
        let text = "kiln: 1\nimages: {a: {from: scratch, env: {V: \"${u} ${u}\"}}}\n"
        let error = #expect(throws: DiagnosticFailure.self) {
            try DefinitionReader.read(SourceText(name: "kiln.yaml", text: text), directory: "/nowhere")
        }
        #expect(error?.diagnostics.compactMap(\.span?.column) == [39, 44])
    }

    @Test func `there are at most as many environments as can be judged`() {
        let names = (0...64).map { "  e\($0): {}\n" }.joined()
        #expect(rendered("kiln: 1\nenvironments:\n" + names)?.contains("more than 64 environments") == true)
    }
}
