import KilnDefinition
import KilnDiagnostics
import KilnRegistry
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

func definition(_ text: String, in directory: FilePath = "/srv/shop") throws -> Definition {
    try DefinitionReader.read(SourceText(name: "kiln.yaml", text: text), directory: directory)
}

@Suite struct `Reading a definition` {
    static func full() throws -> Definition {
        try definition(Files.readText(Golden.directory().appending("full.yaml")))
    }

    @Test func `archives`() throws {
        let full = try Self.full()
        #expect(full.compression == .gzip)
        #expect(full.archives.keys == ["debian", "own"])
        let debian = try #require(full.archives["debian"])
        #expect(debian.mirror == .host)
        #expect(debian.suites == ["bookworm", "bookworm-updates", "bookworm-security"])
        #expect(debian.components == ["main"] && !debian.recommends)
        #expect(debian.keyring == "/usr/share/keyrings/debian-archive-keyring.gpg")
        #expect(debian.span?.place == "kiln.yaml:5:3")
        let own = try #require(full.archives["own"])
        #expect(own.mirror == .url("file:///srv/archive") && own.recommends)
        #expect(own.keyring == "/srv/shop/keys/own.gpg")
    }

    @Test func `what images hold`() throws {
        let full = try Self.full()
        #expect(full.images.keys == ["base", "runtime", "shop", "blue", "bare", "old", "vendor"])
        let shop = try #require(full.images["shop"])
        #expect(shop.origin == .image("runtime") && shop.version == "1.10")
        #expect(shop.users.map(\.uid) == [10001, 10002])
        #expect(shop.users[0].home == "/nonexistent" && shop.users[1].home == "/var/lib/web")
        #expect(shop.files.map(\.source) == ["build/shop.jar", "conf"])
        #expect(shop.files.map(\.mode) == [0o644, nil])
        #expect(shop.files.map(\.owner) == ["shop", "root"])
        #expect(shop.steps.map(\.run) == ["scripts/install-app.sh", "playbooks/site.yml"])
        #expect(shop.steps.map(\.program) == [.script, .playbook])
        #expect(shop.steps[1].vars == ["greeting": "hello"])
        #expect(shop.checks.count == 7)
        #expect(full.resolvedImage("blue").checks.first?.title == "http :8081/healthz")
        #expect(shop.steps[0].inputs == ["data/words.txt", "data/more"])
        #expect(shop.span?.place == "kiln.yaml:26:3" && shop.span?.length == 4)
        #expect(shop.spans["steps"]?.line == 39)
        #expect(shop.files[1].span?.place == "kiln.yaml:37:9")
        #expect(full.images["old"]?.origin == .tar("old/root.tar.gz"))
        let vendor = try ImageReference(parsing: "registry.example.org/vendor/app:2.1")
        #expect(full.images["vendor"]?.origin == .oci(vendor))
        #expect(full.sources.map(\.description) == ["registry.example.org/shop", "127.0.0.1:5000/kept/shop"])
    }

    @Test func `texts stay as they are written`() throws {
        let shop = try #require(Self.full().images["shop"])
        #expect(
            shop.env == [
                "JAVA_TOOL_OPTIONS": "-XX:MaxRAMPercentage=75", "MODE": "no", "EMPTY": "", "PORT": "8080",
            ]
        )
    }

    @Test func `how images run`() throws {
        let full = try Self.full()
        let shop = try #require(full.images["shop"])
        #expect(shop.ports == ["http": 8080, "admin": 9000] && shop.trafficPort?.number == 8080)
        #expect(shop.health?.probe == .http(port: 8080, path: "/healthz"))
        #expect(shop.health?.interval == .milliseconds(500) && shop.health?.unhealthy == 5)
        #expect(
            shop.state == [
                StateDefinition(path: "/var/lib/shop", kind: .volume("data", .shared)),
                StateDefinition(path: "/var/lib/cache", kind: .volume("cache", .perSlot)),
                StateDefinition(path: "/tmp", kind: .tmpfs(size: 64 << 20)),
            ]
        )
        #expect(shop.stop == StopDefinition(signal: "TERM", grace: .seconds(60)))
        #expect(full.images["bare"]?.health?.probe == .command(["/app", "--check"]))
        #expect(full.images["old"]?.health?.probe == .tcp(port: 5432))
    }

    @Test func `fleets`() throws {
        let full = try Self.full()
        let shop = try #require(full.fleets["shop"])
        #expect(shop.image == "shop" && shop.instances == 3)
        #expect(shop.listen?.all.first?.address == ListenAddress(address: "127.0.0.1", port: 8080))
        #expect(shop.resources == ResourceDefinition(memory: 1 << 30, cpu: 0.5, pids: 512))
        #expect(shop.config.env == ["LOG_LEVEL": "info", "WHERE": "here"])
        #expect(shop.config.files.map(\.target) == ["/etc/shop/app.properties"])
        #expect(
            shop.rollout
                == RolloutDefinition(
                    surge: .count(1),
                    unavailable: .percent(10),
                    minHealthy: .seconds(5),
                    healthyDeadline: .seconds(120),
                    progressDeadline: .seconds(3600),
                    drain: .zero,
                    bake: .seconds(90),
                    onFailure: .freeze
                )
        )
        #expect(full.fleets["bare"]?.rollout == RolloutDefinition())
        #expect(full.fleets["bare"]?.needs == ["shop", "vendor"])
        #expect(full.fleets["shop"]?.secrets.map(\.place) == ["/run/secrets/db-password", "/etc/shop/token"])
    }

    @Test func `an exclusive volume makes room by ending the old instance first`() throws {
        let old = try #require(Self.full().fleets["old"])
        #expect(old.rollout.surge == .count(0) && old.rollout.unavailable == .count(1))
    }

    @Test func `JSON is YAML too`() throws {
        let read = try definition(
            #"{"kiln": 1, "images": {"app": {"from": "scratch", "entrypoint": ["/app"]}}}"#
        )
        #expect(read.images["app"]?.entrypoint == ["/app"])
    }

    @Test(arguments: ["kiln: 1", "kiln: 1\n", "---\nkiln: 1\n...\n", "\u{FEFF}kiln: 1\r\nimages: {}\r\n"])
    func `the smallest definitions`(text: String) throws {
        #expect(try definition(text).images.isEmpty)
    }

    @Test func `an ampersand and a star in a text are no anchor and alias`() throws {
        let stars = (0..<20).map { "      S\($0): \"see *x\"  # &x and *x" }.joined(separator: "\n")
        #expect(rendered("kiln: 1\nimages:\n  a:\n    from: scratch\n    env:\n" + stars) == nil)
        let questions = (0..<20).map { "      S\($0): \"x &b and *b?\"  # why?" }.joined(separator: "\n")
        #expect(rendered("kiln: 1\nimages:\n  a:\n    from: scratch\n    env:\n" + questions) == nil)
    }

    @Test(arguments: ["? [*a", "  ? [*a", "- ? [*a", "x: {? [*a", "x: [b, ?\t[*a", "- -\t? [*a"])
    func `many aliases beside a complex key are not handed to the parser`(start: String) {
        let aliases = String(repeating: ", *a", count: 20)
        #expect(rendered("x: &a b\n\(start)\(aliases)]\n")?.contains("anchors and aliases") == true)
    }
}

@Suite struct `Files of a definition` {
    @Test func `a file is named as it was given, and its folder is where paths start`() async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write("kiln: 1\n", to: "shop/kiln.yaml")
            let read = try DefinitionReader.read(file: file)
            #expect(read.directory == sandbox.path.appending("shop") && read.source.name == file.string)
        }
    }

    @Test func `a missing file, a folder and a huge file`() async throws {
        try await Sandbox.with { sandbox in
            #expect(told(sandbox.path.appending("kiln.yaml")) == "definition.missing")
            #expect(told(sandbox.path) == "definition.missing")
            let huge = try sandbox.write(String(repeating: "# padding\n", count: 110_000), to: "huge.yaml")
            #expect(told(huge) == "definition.too-large")
            let text = SourceText(name: "kiln.yaml", text: try Files.readText(huge))
            let error = #expect(throws: DiagnosticFailure.self) {
                try DefinitionReader.read(text, directory: ".")
            }
            #expect(error?.diagnostics.first?.code == "definition.too-large")
        }
    }

    @Test func `bytes that are no UTF-8 are shown where they are`() async throws {
        try await Sandbox.with { sandbox in
            let file = sandbox.path.appending("kiln.yaml")
            try Files.write(Array("kiln: 1\nimages:\n  caf".utf8) + [0xE9] + Array(": {}\n".utf8), to: file)
            let error = #expect(throws: DiagnosticFailure.self) { try DefinitionReader.read(file: file) }
            let diagnostic = try #require(error?.diagnostics.first)
            #expect(diagnostic.code == "definition.encoding" && diagnostic.exitStatus == .usage)
            #expect(diagnostic.span?.line == 3 && diagnostic.span?.column == 6)
        }
    }

    @Test func `an error in a file with Windows line ends shows its line alone`() {
        let text = rendered("kiln: 1\r\nimagse: {}\r\n")
        #expect(text?.contains(" 2 | imagse: {}\n   | ^^^^^^\n") == true)
    }

    @Test(arguments: ["a\rb", "a\u{85}b", "a\u{2028}b", "a\u{0}b", "a\u{FFFE}b", "a\u{7F}b"])
    func `characters that break lines unseen are refused`(value: String) {
        let told = rendered("kiln: 1\nimages: {a: {from: scratch, version: \(value)}}\n")
        #expect(told?.hasPrefix("error: a control character") == true)
    }

    private func told(_ file: FilePath) -> String? {
        do {
            _ = try DefinitionReader.read(file: file)
            return nil
        } catch {
            let diagnostic = error.asDiagnostics.first
            return diagnostic?.exitStatus == .usage ? diagnostic?.code : nil
        }
    }
}
