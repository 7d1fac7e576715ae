import KilnDiagnostics
import KilnOCI
import KilnRegistry
import KilnStore
import KilnSystem
import KilnTestSupport
import OrderedCollections
import Synchronization
import SystemPackage
import Testing

@testable import KilnDefinition
@testable import KilnLock

/// A registry by script. A class: the client's tasks share what it was asked.
private final class RegistryScript: HTTPTransport, Sendable {
    private let asked = Mutex<[HTTPRequest]>([])
    private let answer: @Sendable (HTTPRequest) throws -> HTTPResponse

    init(_ answer: @escaping @Sendable (HTTPRequest) throws -> HTTPResponse) {
        self.answer = answer
    }

    var urls: [String] { asked.withLock { $0.map(\.url) } }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        asked.withLock { $0.append(request) }
        return try answer(request)
    }

    var client: RegistryClient {
        RegistryClient(transport: self, credentials: RegistryCredentials(files: []))
    }
}

@Suite struct `Registries that keep sources` {
    /// Gives the token `old`, which is worth something for one question, then `new`.
    private func tokens(of host: String, _ server: PackageServer, isRefused: Bool) -> RegistryScript {
        let isOld = Mutex(true)
        return RegistryScript { request in
            if request.url.hasPrefix("https://auth.example.org/") {
                let token = isOld.withLock { $0 } ? "old" : "new"
                // From now on the registry gives what it has, unless it never will.
                if token == "new", !isRefused { server.fail("/nothing/", status: 404) }
                return HTTPResponse(status: 200, body: Array(#"{"token": "\#(token)"}"#.utf8))
            }
            let header = request.headers["Authorization"]
            let wasOld = isOld.withLock { old in
                defer { if header == "Bearer old" { old = false } }
                return old
            }
            if header == "Bearer new" || (header == "Bearer old" && wasOld) {
                return HTTPResponse(status: 200)
            }
            let challenge = #"Bearer realm="https://auth.example.org/t",service="\#(host)""#
            return HTTPResponse(status: 401, headers: ["www-authenticate": challenge])
        }
    }

    /// Files of a test, by digest, behind a server that wants a new token for them.
    private func with(
        isRefused: Bool = false,
        _ body: (Sandbox, Repository, RegistryScript) async throws -> Void
    ) async throws {
        try await Sandbox.with { sandbox in
            try Files.createDirectory(sandbox.path.pushing("etc-apt/apt.conf.d"))
            let blobs = sandbox.path.pushing("www/v2/kept/blobs")
            try Files.createDirectory(blobs)
            for text in ["one", "two"] { try Files.write(text, to: blobs.appending("\(Digest(of: text))")) }
            try await PackageServer.with(sandbox.path.appending("www")) { server in
                server.fail("/blobs/", status: 401)
                let host = String(server.url.dropFirst("http://".count))
                let script = tokens(of: host, server, isRefused: isRefused)
                try await body(sandbox, Repository(registry: host, path: "kept"), script)
            }
        }
    }

    private func fetcher(
        _ sandbox: Sandbox,
        _ repository: Repository,
        _ script: RegistryScript
    ) throws -> PackageFetcher {
        var definition = Definition(directory: sandbox.path)
        definition.sources = [repository]
        definition.archives["own"] = ArchiveDefinition(
            mirror: try ArchiveDefinition.Mirror(parsing: "file://\(sandbox.path)/nowhere"),
            suites: ["test"]
        )
        return PackageFetcher(
            home: sandbox.home,
            definition: definition,
            host: AptHost(etc: sandbox.path.appending("etc-apt")),
            registry: script.client
        )
    }

    private func package(_ text: String) -> LockedPackage {
        LockedPackage(
            name: text,
            version: "1",
            architecture: "all",
            archive: "own",
            path: "pool/\(text)_1_all.deb",
            size: Int64(text.utf8.count),
            sha256: Digest(of: text)
        )
    }

    @Test func `give packages after their token has run out`() async throws {
        try await with { sandbox, repository, script in
            let packages = ["one", "two"].map(package)
            try await fetcher(sandbox, repository, script).fetch(packages)
            let store = PackageStore(home: sandbox.home)
            #expect(packages.allSatisfy { store.contains($0.sha256, size: $0.size) })
        }
    }

    @Test func `give downloads after their token has run out`() async throws {
        try await with { sandbox, repository, script in
            let fetcher = DownloadFetcher(try fetcher(sandbox, repository, script))
            let one = LockedDownload(url: "http://127.0.0.1:9/one", size: 3, sha256: Digest(of: "one"))
            try await fetcher.fetch([one])
            #expect(fetcher.keptSize(of: one.sha256) == 3)
        }
    }

    @Test func `that refuse a login are named, and not the archive`() async throws {
        try await with(isRefused: true) { sandbox, repository, script in
            let fetcher = try fetcher(sandbox, repository, script)
            let error = await #expect(throws: LockError.self) { try await fetcher.fetch([package("one")]) }
            #expect(error?.code == .unauthorized)
            #expect(error?.diagnostic.message == "\(repository) does not give one 1 to this machine's login")
            #expect(error?.diagnostic.hint?.contains("skopeo login \(repository.registry)") == true)
        }
    }

    @Test func `that send a wrong file are named, and not the archive`() async throws {
        try await with { sandbox, repository, script in
            let blob = sandbox.path.pushing("www/v2/kept/blobs").appending("\(Digest(of: "one"))")
            try Files.write("won", to: blob)
            let fetcher = try fetcher(sandbox, repository, script)
            let error = await #expect(throws: LockError.self) { try await fetcher.fetch([package("one")]) }
            #expect(error?.code == .digest)
            #expect(error?.diagnostic.message == "\(repository) sent a wrong file for one 1")
            #expect(error?.diagnostic.hint?.contains("the registry is damaged") == true)
        }
    }

    @Test func `that are down are asked once, whatever is fetched`() async throws {
        try await Sandbox.with { sandbox in
            try Files.createDirectory(sandbox.path.pushing("etc-apt/apt.conf.d"))
            for text in ["one", "two"] { try sandbox.write(text, to: "www/\(text)") }
            try await PackageServer.with(sandbox.path.appending("www")) { server in
                let script = RegistryScript { _ in throw TransportFailure(words: "down", .other) }
                let repository = Repository(registry: "r.example.org", path: "kept")
                let fetcher = DownloadFetcher(try fetcher(sandbox, repository, script))
                try await fetcher.fetch(
                    ["one", "two"].map {
                        LockedDownload(url: "\(server.url)/\($0)", size: 3, sha256: Digest(of: $0))
                    }
                )
                #expect(script.urls.count == 1)
            }
        }
    }
}

@Suite struct `Bases of a registry` {
    private static let reference = ImageReference(
        Repository(registry: "r.example.org", path: "base"),
        tag: "1",
        digest: nil
    )

    private func image(_ name: String, in store: ImageStore) throws -> Descriptor {
        try store.prepare()
        var config = ImageConfig(platform: .host, diffIDs: [])
        config.created = name
        let blob = try store.put(try CanonicalJSON.encode(config), mediaType: .config)
        let manifest = ImageManifest(config: blob, layers: [])
        return try store.put(try CanonicalJSON.encode(manifest), mediaType: .manifest)
    }

    @Test func `stay when images are renamed or added, and are asked for once when they may move`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let far = ImageStore(home: KilnHome(root: sandbox.path.appending("far")))
            let first = try image("2026-01-01T00:00:00Z", in: far)
            let second = try image("2026-01-02T00:00:00Z", in: far)
            let tag = Mutex(first)
            let script = RegistryScript { request in
                let name = String(request.url.split(separator: "/").last ?? "")
                let tagged = tag.withLock(\.digest)
                guard let digest = name == "1" ? tagged : try? Digest(parsing: name) else {
                    return HTTPResponse(status: 404)
                }
                let bytes = try Files.read(far.blobPath(digest))
                if case .file(let file, _, _) = request.destination { try Files.write(bytes, to: file) }
                return HTTPResponse(status: 200, body: bytes)
            }
            let locker = Locker(home: sandbox.home, registry: script.client)
            func bases(_ names: [ImageName], _ old: Lock?, _ update: LockUpdate = .none) async throws -> Lock
            {
                var definition = Definition(directory: sandbox.path)
                for name in names { definition.images[name] = ImageDefinition(origin: .oci(Self.reference)) }
                let encoder = EncoderName("zstd-1-level3")
                return try await locker.lock(definition, existing: old, encoder: encoder, update: update).lock
            }
            func asked() -> Int { script.urls.filter { $0.hasSuffix("/manifests/1") }.count }
            func digests(_ lock: Lock) -> Set<Digest> { Set(lock.images.values.compactMap(\.base?.digest)) }

            let lock = try await bases(["one", "two"], nil)
            #expect(digests(lock) == [first.digest] && asked() == 1)
            tag.withLock { $0 = second }
            let renamed = try await bases(["uno", "two", "three"], lock)
            #expect(digests(renamed) == [first.digest] && renamed.images.count == 3 && asked() == 1)
            let moved = try await bases(["uno", "two"], renamed, .packages([Self.reference.description]))
            #expect(digests(moved) == [second.digest] && asked() == 2)
        }
    }
}

@Suite struct `Two kilns that lock the same file` {
    @Test func `take turns, and the second starts from what the first wrote`() async throws {
        try await Sandbox.with { sandbox in
            let file = sandbox.path.appending("kiln.lock")
            let definition = Definition(directory: sandbox.path)
            let home = sandbox.home
            try home.makePrivate(home.scratch)
            let (waiting, continuation) = AsyncStream.makeStream(of: Void.self)
            let outcome = try await withThrowingTaskGroup(of: LockOutcome.self) { group in
                try await FileLock.with(Locker.turn(at: file, in: home)) {
                    group.addTask {
                        try await Progress.$receiver.withValue(WaitingSignal(continuation)) {
                            try await Locker(home: home, registry: RegistryClient(home: home))
                                .lock(definition, file: file, encoder: EncoderName("zstd-2-level3"))
                        }
                    }
                    for await _ in waiting { break }
                    _ = try LockFile.write(Lock(encoder: EncoderName("zstd-1-level3")), to: file)
                }
                return try await group.next()
            }
            #expect(outcome?.lock.encoder.description == "zstd-1-level3")
        }
    }
}

/// Says that somebody waits for a lock.
private struct WaitingSignal: ProgressReceiver {
    let continuation: AsyncStream<Void>.Continuation

    init(_ continuation: AsyncStream<Void>.Continuation) {
        self.continuation = continuation
    }

    func receive(_ fact: ProgressFact) {
        if case .diagnostic(let note) = fact, note.code == "lock.waiting" { continuation.yield() }
    }
}

@Suite struct `Passwords of apt's sources` {
    @Test func `are in no error, wherever the URL comes from`() async throws {
        try await Sandbox.with { sandbox in
            try sandbox.write("deb ftp://me:secret@h/d sid main\n", to: "apt/sources.list")
            let host = AptHost(etc: sandbox.path.appending("apt"))
            let none = #expect(throws: LockError.self) {
                try host.sources(for: ArchiveDefinition(suites: ["sid"]), named: "own", architecture: "amd64")
            }
            #expect(none?.diagnostic.causes.joined().contains("ftp://h/d") == true)
            let archive = AptArchive(
                name: "own",
                definition: ArchiveDefinition(suites: ["sid"]),
                keyring: [],
                sources: []
            )
            let settings = AptRoot.Settings(
                archives: [archive],
                host: AptHostSettings(dump: "", etc: "/etc/apt"),
                architecture: "amd64"
            )
            try await AptRoot.with(in: sandbox.home, settings) { root in
                let archives = AptArchives(members: [archive], root: root, runner: ToolRunner())
                let unread = #expect(throws: LockError.self) {
                    try AptChoice.parse("'https://me:secret@h/d/a.deb' a_1_all.deb odd", archives)
                }
                #expect(unread?.diagnostic.causes == ["'https://h/d/a.deb' a_1_all.deb odd"])
            }
        }
    }
}
