import KilnDefinition
import KilnDiagnostics
import KilnLock
import KilnOCI
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@Suite struct `The lock file` {
    private func parse(_ text: String) throws -> Lock {
        try LockFile.parse(SourceText(name: "kiln.lock", text: text))
    }

    @Test func `its layout is one line per package`() throws {
        try Golden.expect(
            LockFile.render(.sample),
            matches: Golden.directory().appending("kiln.lock")
        )
    }

    @Test func `an empty lock is read back`() throws {
        let empty = Lock(encoder: EncoderName("zstd"))
        #expect(try parse(LockFile.render(empty)) == empty)
    }

    @Test func `behaviours stand on one line, and a lock without them is read as before`() throws {
        var lock = Lock.sample
        lock.behaviours = [BehaviourVersion("files", 2), BehaviourVersion("apt-caches", 11)]
        let text = LockFile.render(lock)
        #expect(text.contains("\nbehaviour: [files/2, apt-caches/11]\n"))
        #expect(try parse(text) == lock)
        lock.behaviours = []
        #expect(!LockFile.render(lock).contains("behaviour"))
        #expect(try parse(LockFile.render(lock)) == lock)
    }

    @Test(arguments: [
        "files", "files/", "files/0", "files/02", "files/-1", "/2", "files/2, files/3", "a b/2", "",
    ])
    func `behaviours that are none are refused with their place`(_ text: String) throws {
        let whole = LockFile.render(.sample).replacing("images:", with: "behaviour: [\(text)]\nimages:")
        let error = #expect(throws: LockError.self) {
            try LockFile.parse(SourceText(name: "kiln.lock", text: whole))
        }
        #expect(error?.diagnostic.span?.line == 4)
    }

    @Test func `what is written is read back, for any lock`() throws {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<200 {
            let lock = Lock.random(using: &generator)
            let text = LockFile.render(lock)
            let parsed = try parse(text)
            #expect(parsed == lock)
            #expect(LockFile.render(parsed) == text)
        }
    }

    @Test func `comments, blank lines and line endings of other systems do no harm`() throws {
        let text = LockFile.render(.sample)
        let edited = text.replacing("images:", with: "\n  # a note\nimages:").replacing("\n", with: "\r\n")
        #expect(try parse(edited) == .sample)
    }

    @Test(arguments: [
        ("2.6.1", "2.6.1"), ("2.10", #""2.10""#), ("12", #""12""#), ("1:2.0", #""1:2.0""#),
        ("1e5", #""1e5""#),
        ("0x1f", #""0x1f""#), ("2024-01-02", #""2024-01-02""#), ("1.0-1", "1.0-1"), ("7a", "7a"),
        ("1.5e+3", #""1.5e+3""#), ("1e5f", "1e5f"),
    ])
    func `a version is quoted where a YAML reader would take it for something else`(
        version: String,
        written: String
    ) throws {
        var lock = Lock.sample
        lock.images["base"]?.packages[0].version = version
        #expect(LockFile.render(lock).contains(", version: \(written), arch:"))
        #expect(try parse(LockFile.render(lock)) == lock)
    }

    @Test(.enabled("python3 has no yaml module here") { await hasYAMLReader() })
    func `other YAML readers see the same values`() async throws {
        var lock = Lock.sample
        lock.images["base"]?.packages[0].version = "2.10"
        lock.images["vendor"]?.tar?.path = "with \"quotes\", {braces}: # and \u{E9}\u{1}\ttab.tar"
        let script = """
            import sys, json, yaml
            print(json.dumps(yaml.safe_load(sys.stdin)))
            """
        let output = try await ToolRunner().run(
            ToolInvocation("python3", ["-c", script], input: Array(LockFile.render(lock).utf8))
        )
        #expect(output.text.contains(#""version": "2.10""#))
        #expect(output.text.contains(#"with \"quotes\", {braces}: # and \u00e9\u0001\ttab.tar"#))
    }

    @Test func `the same bytes are not written again`() async throws {
        try await Sandbox.with { sandbox in
            let file = sandbox.path.appending("kiln.lock")
            let wasWritten = try LockFile.write(.sample, to: file)
            #expect(wasWritten)
            let before = Files.facts(file)
            #expect(try !LockFile.write(.sample, to: file))
            #expect(Files.facts(file) == before)
            var other = Lock.sample
            other.images["base"]?.epoch += 1
            #expect(try LockFile.write(other, to: file))
            #expect(try LockFile.read(file) == other)
        }
    }

    @Test func `a damaged file gives an error with a place, never a crash`() throws {
        var generator = SeededGenerator(seed: 7)
        let text = Array(LockFile.render(.sample).utf8)
        let pieces: [[UInt8]] = [
            "{", "}", "\"", ": ", ", ", "\n", "  ", "- ", "\\U", "\u{0}", "é", "<<<<<<< ",
        ]
        .map { Array($0.utf8) }
        for _ in 0..<3000 {
            var bytes = text
            for _ in 0...Int.random(in: 0...2, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0...3, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.removeSubrange(place..<min(bytes.count, place + 40))
                case 2: bytes.insert(contentsOf: pieces.randomElement(using: &generator) ?? [], at: place)
                default: bytes.removeSubrange(place...)
                }
                if bytes.isEmpty { bytes = [0x0A] }
            }
            let source = SourceText(name: "kiln.lock", text: String(decoding: bytes, as: UTF8.self))
            do throws(LockError) {
                let lock = try LockFile.parse(source)
                // What is still a lock has one layout only.
                #expect((try? parse(LockFile.render(lock))) == lock)
            } catch {
                let span = error.diagnostic.span
                #expect(span.map { $0.column >= 1 && $0.line >= 1 } == true, "\(error)")
                #expect(!DiagnosticRenderer().render(error.diagnostic).isEmpty)
            }
        }
    }

    @Test func `a lock past the limit is refused`() throws {
        let comments = String(repeating: "#\n", count: 8 << 20)
        let text = LockFile.render(.sample)
        #expect(try parse(text + comments.dropLast(text.utf8.count)) == .sample)
        let error = #expect(throws: LockError.self) { try parse(text + comments) }
        #expect(error?.diagnostic.message == "kiln.lock has more than 16 MiB: it is no lock")
    }

    @Test func `an image may ask for more names than fit on a page`() async throws {
        try await Sandbox.with { sandbox in
            var lock = Lock.sample
            lock.images["base"]?.asked = (0..<2000).map { "package-with-a-long-name-\(10_000 + $0)" }
            let file = sandbox.path.appending("kiln.lock")
            _ = try LockFile.write(lock, to: file)
            #expect(try LockFile.read(file) == lock)
        }
    }

    @Test func `what could not be read again is not written`() async throws {
        try await Sandbox.with { sandbox in
            let file = sandbox.path.appending("kiln.lock")
            _ = try LockFile.write(.sample, to: file)
            var lock = Lock.sample
            lock.images["base"]?.epoch = 253_402_300_800
            let error = #expect(throws: LockError.self) { try LockFile.write(lock, to: file) }
            #expect(error?.code == .unreadable)
            #expect(try LockFile.read(file) == .sample)
        }
    }

    /// The text of the sample with something replaced, and the golden file of the error.
    static let refused: [(file: String, from: String, to: String)] = [
        (
            "merge", "    epoch: 1700000000\n",
            "<<<<<<< HEAD\n    epoch: 1\n=======\n    epoch: 2\n>>>>>>> b\n"
        ),
        ("newer", "lock: 1", "lock: 2"),
        ("unknown-key", "    asked:", "    aksed:"),
        ("missing-request", "    request: sha256:1", "    # sha256:1"),
        ("short-digest", "sha256: 2", "sha256: "),
        ("bad-version", "version: 2.6.1", "version: 2.6_1"),
        ("escape", "path: pool/main/a/apt_2.6.1_amd64.deb", "path: ../../etc/passwd"),
        (
            "twice", "- {package: libc6, version: 2.36-9+deb12u4, arch: amd64",
            "- {package: apt, version: 1, arch: amd64"
        ),
        ("order", "package: apt,", "package: zlib1g,"),
        ("field", "size: 1443024, ", ""),
        ("quote", "\"1:2.0\"", "\"1:2.0"),
        ("cut", "  base:\n", "  base\n"),
        ("tail", "images:\n", "image:\n"),
    ]

    @Test(arguments: refused)
    func `an edit is refused with its place`(file: String, from: String, to: String) throws {
        let text = LockFile.render(.sample)
        try #require(text.contains(from))
        let range = try #require(text.firstRange(of: from))
        let edited = text.replacingCharacters(in: range, with: to)
        let error = #expect(throws: LockError.self) {
            try parse(edited)
        }
        let rendered = DiagnosticRenderer().render(error?.diagnostics ?? []) + "\n"
        try Golden.expect(rendered, matches: Golden.directory().appending("lock-\(file).txt"))
    }

    @Test func `a lock that isn't there says what to run`() async throws {
        try await Sandbox.with { sandbox in
            let file = sandbox.path.appending("kiln.lock")
            let absent = try LockFile.read(file)
            #expect(absent == nil)
            let error = #expect(throws: LockError.self) { try LockFile.require(file, name: "kiln.lock") }
            #expect(error?.code == .absent)
            #expect(error?.exitStatus == .usage)
            #expect(error?.diagnostic.hint == "run: kiln lock")
        }
    }

    @Test func `400 packages are read within a blink`() throws {
        var lock = Lock(encoder: EncoderName("zstd-1.5.4-level3-mt"))
        var generator = SeededGenerator(seed: 3)
        var image = LockedImage(request: Digest(of: "request"))
        image.packages = (0..<400).map { .random(named: "package\(1000 + $0)", using: &generator) }
        lock.images["base"] = image
        let source = SourceText(name: "kiln.lock", text: LockFile.render(lock))
        let start = ContinuousClock.now
        let parsed = try LockFile.parse(source)
        let took = ContinuousClock.now - start
        #expect(parsed == lock)
        // Generous: an unoptimized build on a busy machine.
        #expect(took < .seconds(2), "took \(took)")
    }
}

private func hasYAMLReader() async -> Bool {
    let probe = ToolInvocation("python3", ["-c", "import yaml"])
    return (try? await ToolRunner().run(probe)) != nil
}
