import KilnDefinition
import KilnDiagnostics
import KilnLock
import KilnOCI
import KilnRegistry
import KilnStore
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@Suite struct `Downloads` {
    /// A server of one folder, and a definition whose image downloads `app.bin` from it.
    private struct Stage {
        let sandbox: Sandbox
        let server: PackageServer
        var definition: Definition
        let encoder = EncoderName("zstd-1-level3")

        var url: String { server.url + "/app.bin" }
        var store: PackageStore { PackageStore(home: sandbox.home) }

        func serve(_ text: String) throws { try sandbox.write(text, to: "www/app.bin") }

        func lock(_ existing: Lock? = nil, update: LockUpdate = .none) async throws -> LockOutcome {
            let locker = Locker(
                home: sandbox.home,
                host: AptHost(etc: sandbox.path.appending("etc-apt")),
                registry: RegistryClient(home: sandbox.home)
            )
            return try await locker.lock(definition, existing: existing, encoder: encoder, update: update)
        }

        func fetch(_ download: LockedDownload) async throws {
            let host = AptHost(etc: sandbox.path.appending("etc-apt"))
            let registry = RegistryClient(home: sandbox.home)
            try await DownloadFetcher(home: sandbox.home, host: host, registry: registry)
                .fetch([download], of: definition.images["app"])
        }

        /// What a lock says of a text at the URL.
        func locked(_ text: String) -> LockedDownload {
            LockedDownload(url: url, size: Int64(text.utf8.count), sha256: Digest(of: text))
        }

        var partial: FilePath { sandbox.home.packages.appending("partial") }
    }

    private func with(login: String = "", _ body: (inout Stage) async throws -> Void) async throws {
        try await Sandbox.with { sandbox in
            let root = sandbox.path.appending("www")
            try Files.createDirectory(root)
            try Files.createDirectory(sandbox.path.pushing("etc-apt/apt.conf.d"))
            try await PackageServer.with(root, login: login) { server in
                var image = ImageDefinition(origin: .scratch)
                let source = SourceText(name: "kiln.yaml", text: "downloads")
                image.downloads = [
                    DownloadDefinition(
                        url: server.url + "/app.bin",
                        target: "/app",
                        span: SourceSpan(source: source, line: 1, column: 1)
                    )
                ]
                var definition = Definition(directory: sandbox.path)
                definition.images["app"] = image
                var stage = Stage(sandbox: sandbox, server: server, definition: definition)
                try await body(&stage)
            }
        }
    }

    private func error(_ body: () async throws -> Void) async throws -> LockError {
        try await #require(throws: LockError.self) { try await body() }
    }

    @Test func `are pinned by what comes, kept, and not asked for again`() async throws {
        try await with { stage in
            try stage.serve("one")
            let first = try await stage.lock()
            #expect(first.lock.images["app"]?.downloads == [stage.locked("one")])
            #expect(first.changes.map(\.new) == [Digest(of: "one").short])
            #expect(stage.store.contains(Digest(of: "one"), size: 3))
            let parsed = try LockFile.parse(
                SourceText(name: "kiln.lock", text: LockFile.render(first.lock))
            )
            #expect(parsed == first.lock)
            try stage.serve("two")
            #expect(try await stage.lock(first.lock).changes == [])
            try await stage.fetch(stage.locked("one"))
            #expect(stage.server.requests == ["/app.bin"])
            #expect(try Files.list(stage.partial) == [])
        }
    }

    @Test(arguments: [true, false])
    func `move with an update, which says so`(isNamed: Bool) async throws {
        try await with { stage in
            try stage.serve("one")
            let first = try await stage.lock()
            try stage.serve("two")
            let url = stage.url
            let moved = try await stage.lock(first.lock, update: isNamed ? .packages([url]) : .all)
            #expect(
                moved.changes == [
                    PackageMove(
                        image: "app",
                        name: url,
                        old: Digest(of: "one").short,
                        new: Digest(of: "two").short
                    )
                ]
            )
            let unknown = try await error {
                _ = try await stage.lock(first.lock, update: .packages([url + "x"]))
            }
            #expect(unknown.code == .update && unknown.diagnostic.hint?.contains(url) == true)
        }
    }

    @Test func `are what their publisher says, or no lock is made`() async throws {
        try await with { stage in
            try stage.serve("other")
            stage.definition.images["app"]?.downloads[0].sha256 = Digest(of: "wanted")
            let refused = try await error { _ = try await stage.lock() }
            #expect(refused.code == .digest && refused.diagnostic.span != nil)
            let told = refused.diagnostic.causes.joined(separator: "\n")
            #expect(told.contains(Digest(of: "wanted").hex) && told.contains(Digest(of: "other").hex))
            #expect(!stage.store.contains(Digest(of: "other"), size: 5))
            try stage.serve("wanted")
            let lock = try await stage.lock().lock
            #expect(lock.images["app"]?.downloads == [stage.locked("wanted")])
            #expect(try lock.staleness(against: stage.definition, encoder: stage.encoder).isEmpty)
            stage.definition.images["app"]?.downloads[0].sha256 = Digest(of: "third")
            let stale = try lock.staleness(against: stage.definition, encoder: stage.encoder)
            #expect(stale.first?.causes.last == "the lock says \(Digest(of: "wanted"))")
        }
    }

    @Test func `make a lock stale when they come and go`() async throws {
        try await with { stage in
            try stage.serve("one")
            let lock = try await stage.lock().lock
            stage.definition.images["app"]?.downloads[0].url += "2"
            let stale = try lock.staleness(against: stage.definition, encoder: stage.encoder)
            #expect(stale.map(\.code) == ["lock.stale"])
            #expect(
                stale.first?.causes == ["download added: \(stage.url)2", "download removed: \(stage.url)"]
            )
        }
    }

    @Test func `that are gone are told with their place`() async throws {
        try await with { stage in
            let gone = try await error { _ = try await stage.lock() }
            #expect(gone.code == .gone && gone.diagnostic.causes == ["the server answers 404"])
            #expect(gone.diagnostic.span?.place == "kiln.yaml:1:1")
            let later = try await error { try await stage.fetch(stage.locked("one")) }
            #expect(later.code == .gone)
        }
    }

    @Test func `are fetched by their digest alone once they are locked`() async throws {
        try await with { stage in
            try stage.serve("changed")
            let longer = try await error { try await stage.fetch(stage.locked("one")) }
            #expect(longer.code == .digest && longer.diagnostic.hint?.contains("--update") == true)
            let same = try await error { try await stage.fetch(stage.locked("CHANGED")) }
            #expect(same.code == .digest)
            #expect(try Files.list(stage.partial) == [])
            try stage.serve("CHANGED")
            try await stage.fetch(stage.locked("CHANGED"))
            #expect(stage.store.contains(Digest(of: "CHANGED"), size: 7))
        }
    }

    @Test func `that were cut off go on where they stopped`() async throws {
        try await with { stage in
            let text = String(repeating: "0123456789abcdef", count: 1000)
            try stage.serve(text)
            stage.server.truncate(after: 5000)
            let cut = try await error { try await stage.fetch(stage.locked(text)) }
            #expect(cut.code == .transfer)
            stage.server.truncate(after: nil)
            try await stage.fetch(stage.locked(text))
            #expect(stage.server.requests.last == "/app.bin bytes=5000-")
            #expect(stage.store.contains(Digest(of: text), size: 16000))
        }
    }

    @Test func `that nobody locked yet are never put together from two tries`() async throws {
        try await with { stage in
            let text = String(repeating: "0123456789abcdef", count: 1000)
            try stage.serve(text)
            stage.server.truncate(after: 5000)
            let cut = try await error { _ = try await stage.lock() }
            #expect(cut.code == .transfer)
            stage.server.truncate(after: nil)
            let lock = try await stage.lock().lock
            #expect(lock.images["app"]?.downloads == [stage.locked(text)])
            #expect(stage.server.requests.allSatisfy { !$0.contains("bytes=") })
        }
    }

    @Test func `whose partial file is another's start anew`() async throws {
        try await with { stage in
            try stage.serve("the right one")
            try Files.createDirectory(stage.partial)
            let wanted = stage.locked("the right one")
            try Files.write("wrong", to: stage.partial.appending(wanted.sha256.hex))
            try await stage.fetch(wanted)
            #expect(stage.store.contains(wanted.sha256, size: wanted.size))
        }
    }

    @Test func `follow a redirection to another place, and never to a file of the machine`() async throws {
        try await with { stage in
            try stage.sandbox.write("secret", to: "outside")
            try stage.sandbox.write("moved", to: "www/moved")
            stage.server.redirect("app.bin", to: "file://\(stage.sandbox.path)/outside")
            let refused = try await error { _ = try await stage.lock() }
            #expect(refused.code == .transfer && !refused.diagnostic.causes.isEmpty)
            stage.server.redirect("app.bin", to: stage.server.url + "/moved")
            #expect(try await stage.lock().lock.images["app"]?.downloads == [stage.locked("moved")])
        }
    }

    @Test func `that never end are ended`() async throws {
        try await with { stage in
            stage.server.flood("app.bin")
            let ended = try await error { try await stage.fetch(stage.locked("one")) }
            #expect(ended.code == .digest)
            #expect(try Files.list(stage.partial) == [])
        }
    }

    @Test func `take a login from the machine`() async throws {
        try await with(login: "me:secret") { stage in
            try stage.serve("one")
            let refused = try await error { _ = try await stage.lock() }
            #expect(refused.code == .unauthorized)
            try stage.sandbox.write(
                "machine \(stage.server.url) login me password secret\n",
                to: "etc-apt/auth.conf"
            )
            #expect(try await stage.lock().lock.images["app"]?.downloads == [stage.locked("one")])
        }
    }

    @Test func `of a publisher's digest that is kept need no network`() async throws {
        try await with { stage in
            let file = try stage.sandbox.write("kept", to: "kept")
            try await stage.store.adopt(file, expecting: Digest(of: "kept"), size: 4)
            stage.definition.images["app"]?.downloads[0].sha256 = Digest(of: "kept")
            #expect(try await stage.lock().lock.images["app"]?.downloads == [stage.locked("kept")])
            #expect(stage.server.requests == [])
        }
    }
}
