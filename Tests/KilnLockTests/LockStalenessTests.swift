import KilnDefinition
import KilnDiagnostics
import KilnLock
import KilnOCI
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@Suite struct `What a lock was made for` {
    private let encoder = EncoderName("zstd-1.5.4-level3-mt")
    private let platform = ImagePlatform(architecture: "amd64")

    private var definition: Definition {
        let text = "images:\n  base:\n    packages: [tzdata]\n  app:\n    packages: [curl]\n  other: {}\n"
        let source = SourceText(name: "kiln.yaml", text: text)
        var definition = Definition(source: source)
        definition.archives["debian"] = ArchiveDefinition(suites: ["bookworm", "bookworm-security"])
        var base = ImageDefinition(origin: .archive("debian"))
        base.packages = ["tzdata"]
        base.span = source.span(of: "base:")
        base.spans["packages"] = SourceSpan(source: source, line: 3, column: 5, length: 8)
        var app = ImageDefinition(origin: .image("base"))
        app.packages = ["curl"]
        app.span = source.span(of: "app:")
        definition.images = ["base": base, "app": app, "other": ImageDefinition(origin: .scratch)]
        return definition
    }

    private func digest(_ image: ImageName, _ change: (inout Definition) -> Void = { _ in }) throws -> Digest
    {
        var definition = definition
        change(&definition)
        return try LockRequest.digest(
            of: image,
            in: definition,
            platform: ImagePlatform(architecture: "amd64")
        )
    }

    @Test func `a request's digest is the same in every version of kiln`() throws {
        #expect(
            try digest("app").description
                == "sha256:d8adc9725c9d579716b8ca5fd7a4b87aee463320dbddcff82c15c5d2a90fcaa7"
        )
    }

    @Test func `what the resolution reads changes the request, here and above`() throws {
        let base = try digest("base")
        let app = try digest("app")
        let changes: [(inout Definition) -> Void] = [
            { $0.images["base"]?.packages = ["tzdata", "curl"] },
            { $0.archives["debian"]?.suites = ["bookworm"] },
            { $0.archives["debian"]?.suites.reverse() },
            { $0.archives["debian"]?.components = ["main", "contrib"] },
            { $0.archives["debian"]?.recommends = true },
        ]
        for change in changes {
            #expect(try digest("base", change) != base)
            #expect(try digest("app", change) != app)
        }
        #expect(try digest("base") { $0.images["app"]?.packages = [] } == base)
        #expect(
            try LockRequest.digest(of: "base", in: definition, platform: ImagePlatform(architecture: "arm64"))
                != base
        )
    }

    @Test func `what it doesn't read leaves the request alone`() throws {
        let app = try digest("app")
        let changes: [(inout Definition) -> Void] = [
            { $0.archives["debian"]?.mirror = .url("https://mirror.example/debian") },
            { $0.archives["debian"]?.keyring = "/elsewhere/keys.gpg" },
            { $0.images["base"]?.packages = ["tzdata", "tzdata"] },
            { $0.images["app"]?.env = ["A": "b"] },
            { $0.images["app"]?.version = "2" },
            { $0.images["app"]?.files = [FileDefinition(source: "a", target: "/a")] },
            { $0.directory = "/elsewhere" },
        ]
        for change in changes { #expect(try digest("app", change) == app) }
    }

    private func lock(for definition: Definition) throws -> Lock {
        var lock = Lock(encoder: encoder)
        for (name, image) in definition.images {
            let request = try LockRequest.digest(
                of: name,
                in: definition,
                platform: ImagePlatform(architecture: "amd64")
            )
            lock.images[name] = LockedImage(request: request, asked: image.packages.sorted())
        }
        return lock
    }

    private func staleness(_ change: (inout Definition, inout Lock) -> Void) throws -> String {
        var definition = definition
        var lock = try lock(for: definition)
        change(&definition, &lock)
        let found = try lock.staleness(against: definition, encoder: encoder, platform: platform)
        #expect(found.allSatisfy { $0.severity == .warning || $0.exitStatus == .usage })
        return DiagnosticRenderer().render(found)
    }

    @Test func `a lock of this definition is not stale`() throws {
        #expect(try staleness { _, _ in } == "")
    }

    @Test func `a stale lock says which image, why and what to run`() throws {
        let text = try staleness { definition, lock in
            definition.images["base"]?.packages = ["ca-certificates"]
            definition.images["new"] = ImageDefinition(origin: .image("app"))
            definition.images.removeValue(forKey: "other")
            lock.encoder = EncoderName("gzip-libdeflate1.14-level5-1m")
        }
        try Golden.expect(text + "\n", matches: Golden.directory().appending("stale.txt"))
    }

    @Test func `a changed archive is told once, for the lowest image`() throws {
        let text = try staleness { definition, _ in definition.archives["debian"]?.suites = ["trixie"] }
        try Golden.expect(text + "\n", matches: Golden.directory().appending("stale-archive.txt"))
    }

    @Test func `another version of the encoder is a warning`() throws {
        let text = try staleness { _, lock in lock.encoder = EncoderName("zstd-1.5.6-level3-mt") }
        #expect(text.hasPrefix("warning: kiln.lock names another version of the encoder"))
    }

    @Test func `a lock of a kiln that bakes other bits is stale, one that does not say so is not`() throws {
        var lock = try lock(for: definition)
        lock.behaviours = [BehaviourVersion("files", 2), BehaviourVersion("tar", 1)]
        func found(_ behaviours: [BehaviourVersion]) throws -> [Diagnostic] {
            try lock.staleness(
                against: definition,
                encoder: encoder,
                behaviours: behaviours,
                platform: platform
            )
        }
        #expect(try found([BehaviourVersion("files", 2), BehaviourVersion("step", 9)]).isEmpty)
        let stale = try found([BehaviourVersion("files", 3)])
        #expect(stale.map(\.severity) == [.error])
        #expect(stale.first?.causes == ["the lock says files/2, this kiln has files/3"])
        #expect(stale.first?.hint == "run: kiln lock")
        lock.behaviours = []
        #expect(try found([BehaviourVersion("files", 3)]).isEmpty)
    }

    @Test func `another architecture is named`() throws {
        var lock = try lock(for: definition)
        lock.images["base"]?.packages = [
            LockedPackage(
                name: "apt",
                version: "1",
                architecture: "amd64",
                archive: "debian",
                path: "pool/apt.deb",
                size: 1,
                sha256: Digest(of: "apt")
            )
        ]
        let found = try lock.staleness(
            against: definition,
            encoder: encoder,
            platform: ImagePlatform(architecture: "arm64"),
            exitStatus: .changesPending
        )
        #expect(found.first?.causes == ["it was locked for amd64, and this machine is arm64"])
        #expect(found.first?.exitStatus == .changesPending)
    }

    @Test func `a tar that was replaced, or that the lock holds no digest of, is told`() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("one", to: "root.tar")
            var definition = Definition(directory: sandbox.path)
            definition.images["vendor"] = ImageDefinition(origin: .tar("root.tar"))
            var lock = try lock(for: definition)
            func findings() async throws -> [Diagnostic] {
                try await lock.changedTars(
                    against: definition,
                    platform: platform,
                    exitStatus: .changesPending
                )
            }
            #expect(
                try await findings().first?.causes == [
                    "root.tar is \(Digest(of: "one")) of 3 bytes", "the lock holds no digest of it",
                ]
            )
            lock.images["vendor"]?.tar = LockedTar(path: "root.tar", size: 3, sha256: Digest(of: "one"))
            #expect(try await findings().isEmpty)
            try sandbox.write("two", to: "root.tar")
            let changed = try await findings()
            #expect(changed.map(\.exitStatus) == [.changesPending])
            #expect(changed.first?.causes.last == "the lock says \(Digest(of: "one")) of 3 bytes")
        }
    }

    @Test func `a chain that ends nowhere or in itself is an error`() throws {
        var definition = definition
        definition.images["base"]?.origin = .image("nowhere")
        #expect(throws: LockError.self) { try LockRequest.digest(of: "app", in: definition) }
        definition.images["base"]?.origin = .image("app")
        let error = #expect(throws: LockError.self) { try LockRequest.digest(of: "app", in: definition) }
        #expect(error?.code == .chain)
    }
}
