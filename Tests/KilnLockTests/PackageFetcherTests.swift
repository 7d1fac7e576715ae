import KilnDefinition
import KilnDiagnostics
import KilnLock
import KilnOCI
import KilnRegistry
import KilnStore
import KilnSystem
import KilnTestSupport
import OrderedCollections
import Synchronization
import SystemPackage
import Testing

@Suite struct `Fetching packages` {
    /// An archive with two packages of some size, the lock's view of them, and nothing fetched yet.
    private func with(
        _ body: (Sandbox, TestArchive, [LockedPackage]) async throws -> Void
    ) async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.make(in: sandbox)
            try await archive.add("big", "1", content: String(repeating: "0123456789abcdef\n", count: 40_000))
            try await archive.add("small+er", "1:2~a")
            let packages = try ["big": "1", "small+er": "1:2~a"].sorted { $0.key < $1.key }.map {
                name,
                version in
                let file = archive.deb(name, version)
                let bytes = try Files.read(file)
                return LockedPackage(
                    name: name,
                    version: version,
                    architecture: "all",
                    archive: "own",
                    path: "pool/" + (file.lastComponent?.string ?? ""),
                    size: Int64(bytes.count),
                    sha256: Digest(of: bytes)
                )
            }
            try Files.createDirectory(archive.host.etc.appending("apt.conf.d"))
            try await body(sandbox, archive, packages)
        }
    }

    private func fetcher(_ archive: TestArchive, mirror: String) throws -> PackageFetcher {
        PackageFetcher(
            home: archive.home,
            definition: try archive.definition([], mirror: mirror),
            host: archive.host,
            platform: archive.platform,
            registry: RegistryClient(home: archive.home)
        )
    }

    /// One that asks the hosts of the machine's suites `one` and `two`.
    private func machineFetcher(_ archive: TestArchive) throws -> PackageFetcher {
        var definition = try archive.definition([], suites: ["one", "two"])
        definition.archives["own"]?.mirror = .host
        return PackageFetcher(
            home: archive.home,
            definition: definition,
            host: archive.host,
            platform: archive.platform,
            registry: RegistryClient(home: archive.home)
        )
    }

    private func expectKept(_ packages: [LockedPackage], _ archive: TestArchive) throws {
        let store = PackageStore(home: archive.home)
        for package in packages {
            #expect(try Digest(of: Files.read(store.path(package.sha256))) == package.sha256)
        }
        #expect(try Files.list(archive.home.packages.appending("partial")).isEmpty)
    }

    @Test func `packages come by HTTP once, with progress in bytes`() async throws {
        try await with { _, archive, packages in
            try await PackageServer.with(archive.root) { server in
                let facts = FactList()
                let fetcher = try fetcher(archive, mirror: server.url)
                try await Progress.$receiver.withValue(facts) {
                    try await fetcher.fetch(packages + packages)
                    try await fetcher.fetch(packages)
                }
                try expectKept(packages, archive)
                #expect(server.requests.count == 2)
                let total = packages.map(\.size).reduce(0, +)
                #expect(facts.all.first == .started(WorkID("fetch"), label: "fetch 2 packages", total: total))
                #expect(facts.all.last == .finished(WorkID("fetch"), cached: false, detail: nil))
            }
        }
    }

    @Test func `a transfer that was cut off goes on where it stopped`() async throws {
        try await with { _, archive, packages in
            try await PackageServer.with(archive.root) { server in
                let big = packages[0]
                server.stall(after: 100_000)
                let fetcher = try fetcher(archive, mirror: server.url)
                let partial = archive.home.packages.appending("partial").appending(big.sha256.hex)
                // As on Ctrl-C or a kill: the bytes that curl has written so far stay.
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await fetcher.fetch([big]) }
                    try await eventually("some of it is here") { (Files.facts(partial)?.size ?? 0) >= 80_000 }
                    group.cancelAll()
                    await #expect(throws: (any Error).self) { try await group.waitForAll() }
                }
                let size = try #require(Files.facts(partial)?.size)
                server.stall(after: nil)
                try await fetcher.fetch([big])
                try expectKept([big], archive)
                #expect(server.requests.last == "/pool/big_1_all.deb bytes=\(size)-")
            }
        }
    }

    @Test func `a whole but unchecked file is taken up without a request`() async throws {
        try await with { _, archive, packages in
            try await PackageServer.with(archive.root) { server in
                try plant(Files.read(archive.deb("big", "1")), packages[0], archive)
                try await fetcher(archive, mirror: server.url).fetch([packages[0]])
                try expectKept([packages[0]], archive)
                #expect(server.requests.isEmpty)
            }
        }
    }

    @Test(arguments: [false, true])
    func `a partial file of something else costs a second try and no more`(resumes: Bool) async throws {
        try await with { _, archive, packages in
            try await PackageServer.with(archive.root, resumes: resumes) { server in
                try plant(Array("not the beginning of it".utf8), packages[0], archive)
                try await fetcher(archive, mirror: server.url).fetch(packages)
                try expectKept(packages, archive)
            }
        }
    }

    @Test func `a wrong file is deleted and named`() async throws {
        try await with { _, archive, packages in
            var bytes = try Files.read(archive.deb("big", "1"))
            bytes[bytes.count - 1] ^= 1
            try Files.write(bytes, to: archive.deb("big", "1"))
            try await expectError(.digest, "fetch-digest", archive, packages)
            #expect(try Files.list(archive.home.packages.appending("partial")).isEmpty)
            // What was fine stays.
            #expect(PackageStore(home: archive.home).contains(packages[1].sha256, size: packages[1].size))
        }
    }

    @Test func `a file that says that it is longer is not read`() async throws {
        try await with { _, archive, packages in
            let bytes = try Files.read(archive.deb("big", "1"))
            try Files.write(bytes + bytes, to: archive.deb("big", "1"))
            try await PackageServer.with(archive.root) { server in
                // Who waits for more than the head of the answer waits in vain, and tells another error.
                server.stall(after: 0)
                let fetcher = try fetcher(archive, mirror: server.url)
                let error = await #expect(throws: LockError.self) { try await fetcher.fetch([packages[0]]) }
                #expect(error?.code == .digest)
            }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a file without an end is not waited for, and spoils no other`() async throws {
        try await with { _, archive, packages in
            try await PackageServer.with(archive.root) { server in
                server.flood("big")
                let fetcher = try fetcher(archive, mirror: server.url)
                let error = await #expect(throws: LockError.self) { try await fetcher.fetch(packages) }
                #expect(error?.code == .digest)
                #expect(try Files.list(archive.home.packages.appending("partial")).isEmpty)
                try expectKept([packages[1]], archive)
            }
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a host with a good file comes after one with a file without an end`() async throws {
        try await with { sandbox, archive, packages in
            try await PackageServer.with(archive.root) { bad in
                try await PackageServer.with(archive.root) { good in
                    bad.flood("big")
                    try sandbox.write(
                        "deb \(bad.url) one main\ndeb \(good.url) two main\n",
                        to: "etc-apt/sources.list"
                    )
                    try await machineFetcher(archive).fetch(packages)
                    try expectKept(packages, archive)
                    #expect(good.requests == ["/pool/big_1_all.deb"])
                }
            }
        }
    }

    @Test func `what may come later is told before what is gone`() async throws {
        try await with { _, archive, packages in
            try Files.remove(archive.deb("big", "1"))
            try await PackageServer.with(archive.root) { server in
                server.fail("small", status: 503)
                let fetcher = try fetcher(archive, mirror: server.url)
                let error = await #expect(throws: LockError.self) { try await fetcher.fetch(packages) }
                #expect(error?.code == .transfer)
                #expect(error?.diagnostic.message.contains("small+er 1:2~a from") == true)
            }
        }
    }

    @Test func `a superseded package says how to go on`() async throws {
        try await with { _, archive, packages in
            for name in [("big", "1"), ("small+er", "1:2~a")] {
                try Files.remove(archive.deb(name.0, name.1))
            }
            try await expectError(.gone, "fetch-gone", archive, packages)
        }
    }

    @Test func `a host that doesn't answer is named`() async throws {
        try await with { _, archive, packages in
            let fetcher = try fetcher(archive, mirror: "http://127.0.0.1:9/debian")
            let error = await #expect(throws: LockError.self) { try await fetcher.fetch([packages[0]]) }
            #expect(error?.code == .transfer)
            if let error {
                try Golden.expect(
                    archive.rendered(error),
                    matches: Golden.directory().appending("fetch-transfer.txt")
                )
            }
        }
    }

    @Test func `the second of two hosts is asked for what the first lacks`() async throws {
        try await with { sandbox, archive, packages in
            try Files.createDirectory(sandbox.path.appending("empty"))
            try sandbox.write(
                "deb file:\(sandbox.path)/empty one main\ndeb file:\(archive.root) two main\n",
                to: "etc-apt/sources.list"
            )
            try await machineFetcher(archive).fetch(packages)
            try expectKept(packages, archive)
        }
    }

    @Test func `a login goes to the server, not into an argument`() async throws {
        try await with { sandbox, archive, packages in
            try await PackageServer.with(archive.root, login: "me:secret") { server in
                try sandbox.write("machine \(server.url) login me password secret\n", to: "etc-apt/auth.conf")
                try await fetcher(archive, mirror: server.url).fetch(packages)
                try expectKept(packages, archive)
            }
        }
    }

    @Test func `what is kept needs neither archive nor apt`() async throws {
        try await with { _, archive, packages in
            try await fetcher(archive, mirror: "file://\(archive.root)").fetch(packages)
            let nowhere = PackageFetcher(
                home: archive.home,
                definition: Definition(),
                host: AptHost(etc: "/nonexistent"),
                registry: RegistryClient(home: archive.home)
            )
            try await nowhere.fetch(packages)
        }
    }

    private func plant(_ bytes: [UInt8], _ package: LockedPackage, _ archive: TestArchive) throws {
        let directory = archive.home.packages.appending("partial")
        try Files.createDirectory(directory)
        try Files.write(bytes, to: directory.appending(package.sha256.hex))
    }

    private func expectError(
        _ code: LockError.Code,
        _ file: String,
        _ archive: TestArchive,
        _ packages: [LockedPackage]
    ) async throws {
        try await PackageServer.with(archive.root) { server in
            let fetcher = try fetcher(archive, mirror: server.url)
            let error = await #expect(throws: LockError.self) { try await fetcher.fetch(packages) }
            #expect(error?.code == code)
            if let error {
                try Golden.expect(
                    archive.rendered(error),
                    matches: Golden.directory().appending("\(file).txt")
                )
            }
        }
    }
}

/// Facts as they came.
private final class FactList: ProgressReceiver {  // a class: the test reads what the callee reports
    private let facts = Mutex<[ProgressFact]>([])

    var all: [ProgressFact] { facts.withLock { $0 } }

    func receive(_ fact: ProgressFact) {
        facts.withLock { $0.append(fact) }
    }
}
