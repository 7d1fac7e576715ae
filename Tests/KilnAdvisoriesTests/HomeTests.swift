import KilnAdvisories
import KilnDiagnostics
import KilnOCI
import KilnRegistry
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `The home of advisories` {
    private static func record(_ id: String, _ package: String) -> String {
        #"{"id":"\#(id)","modified":"2026-01-02T00:00:00Z","affected":[{"package":{"ecosystem":"PyPI","name":"\#(package)"},"versions":["1.0"]}]}"#
            + "\n"
    }

    private static let tracker =
        #"{"curl":{"CVE-2024-0001":{"description":"d","releases":{"bookworm":{"status":"resolved","fixed_version":"8","urgency":"high","repositories":{"bookworm":"9"}}}}}}"#

    private static let curl = InventoryPackage(Ecosystem("Debian:12"), "curl", "7")

    @Test func `without a database says how to get one`() async throws {
        try await Sandbox.with { sandbox in
            let home = AdvisoryHome(KilnHome(root: sandbox.path))
            #expect(try home.openIfThere() == nil)
            let error = #expect(throws: DatabaseError.self) { try home.open() }
            let diagnostic = try #require(error?.diagnostics.first)
            #expect(diagnostic.exitStatus == .usage)
            #expect(diagnostic.hint?.contains("kiln db update") == true)
        }
    }

    @Test func `takes files in, each in the place of its name, and swaps the whole at once`() async throws {
        try await Sandbox.with { sandbox in
            let home = AdvisoryHome(KilnHome(root: sandbox.path.appending("home")))
            let one = try sandbox.write(Self.record("PYSEC-1", "a"), to: "one.jsonl")
            let two = try sandbox.write(Self.record("PYSEC-2", "b"), to: "two.jsonl")
            _ = try await home.importFiles([one, two])
            let old = try home.open()
            #expect(old.advisoryCount == 2)
            try old.verify()
            #expect(try Files.list(home.root).contains("\(old.digest.hex).db"))

            try Files.write(Self.record("PYSEC-3", "a") + Self.record("PYSEC-4", "a"), to: one)
            _ = try await home.importFiles([one])
            let new = try home.open()
            #expect(new.advisoryCount == 3 && new.digest != old.digest)
            // Whoever has the old one open keeps it, although it is gone from the folder.
            #expect(old.advisoryCount == 2)
            try old.verify()
            #expect(try Files.list(home.root).filter { $0.hasSuffix(".db") } == ["\(new.digest.hex).db"])
            #expect(try Files.list(home.sourceFolder).count == 2)

            _ = try await home.importFiles([two], replaces: true)
            #expect(try home.open().advisoryCount == 1)
            #expect(try home.sources().map(\.name) == ["two.jsonl"])
        }
    }

    @Test func `keeps the database when a file cannot be read`() async throws {
        try await Sandbox.with { sandbox in
            let home = AdvisoryHome(KilnHome(root: sandbox.path.appending("home")))
            let good = try sandbox.write(Self.record("PYSEC-1", "a"), to: "good.jsonl")
            _ = try await home.importFiles([good])
            let digest = try home.open().digest
            let other = try sandbox.write(Self.record("PYSEC-9", "a"), to: "other.jsonl")
            let bad = try sandbox.write("hello", to: "bad.json")
            await #expect(throws: ImportError.self) { try await home.importFiles([other, bad]) }
            #expect(try home.open().digest == digest)
            #expect(try home.sources().map(\.name) == ["good.jsonl"])
        }
    }

    @Test func `is the same bytes for the same files, whatever their order`() async throws {
        try await Sandbox.with { sandbox in
            let files = try ["a", "b", "c"].map {
                try sandbox.write(Self.record("PYSEC-\($0)", $0), to: "\($0).jsonl")
            }
            var digests: Set<Digest> = []
            for (number, order) in [files, files.reversed()].enumerated() {
                let home = AdvisoryHome(KilnHome(root: sandbox.path.appending("home\(number)")))
                _ = try await home.importFiles(order)
                digests.insert(try home.open().digest)
            }
            #expect(digests.count == 1)
        }
    }

    // MARK: Fetching

    private func fetcher(
        _ server: PackageServer,
        _ home: AdvisoryHome,
        limit: Int64 = 1 << 20
    ) -> AdvisoryFetcher {
        var mirrors = AdvisoryMirrors()
        mirrors.debian = server.url + "/tracker.json"
        mirrors.osv = server.url + "/osv"
        mirrors.exploited = server.url + "/kev.txt"
        return AdvisoryFetcher(
            home: home,
            mirrors: mirrors,
            transport: CurlTransport(scratch: home.root.appending("scratch")),
            clock: Impatience(),
            limit: limit
        )
    }

    @Test(.enabled(if: Peers.has("curl") && Peers.has("python3"), "needs curl and python3"))
    func `fetches feeds, and what did not move only once`() async throws {
        try await Sandbox.with { sandbox in
            let home = AdvisoryHome(KilnHome(root: sandbox.path.appending("home")))
            try sandbox.write(Self.tracker, to: "www/tracker.json")
            try sandbox.write(Self.record("PYSEC-1", "a"), to: "www/osv/PyPI/all.zip")
            try sandbox.write("CVE-2024-0001\n", to: "www/kev.txt")
            try await PackageServer.with(sandbox.path.appending("www")) { server in
                let fetcher = self.fetcher(server, home)
                let feeds = [AdvisoryFeed(.debian), AdvisoryFeed(.osv("PyPI")), AdvisoryFeed(.exploited)]
                #expect(try await fetcher.update(feeds).map(\.isUnchanged) == [false, false, false])
                let database = try home.open()
                // The tracker's own date is when the server says that it was written.
                #expect(database.date.description == "2026-11-25T07:28:00Z")
                let found = try Matcher(database).match([Self.curl]).findings
                #expect(found.map(\.vulnerability) == ["CVE-2024-0001"])
                #expect(found.first?.advisory.isExploited == true && found.first?.severity == .high)
                let before = server.requests.count
                #expect(try await fetcher.update(feeds).map(\.isUnchanged) == [true, true, true])
                #expect(server.requests.dropFirst(before).allSatisfy { $0.hasPrefix("HEAD ") })
                #expect(try home.open().digest == database.digest)
            }
        }
    }

    @Test(.enabled(if: Peers.has("curl") && Peers.has("python3"), "needs curl and python3"))
    func `goes on with what came in part, at the next call too`() async throws {
        try await Sandbox.with { sandbox in
            let home = AdvisoryHome(KilnHome(root: sandbox.path.appending("home")))
            let text = (0..<500).map { Self.record("PYSEC-\($0)", "p\($0)") }.joined()
            try sandbox.write(text, to: "www/osv/PyPI/all.zip")
            try await PackageServer.with(sandbox.path.appending("www")) { server in
                let feeds = [AdvisoryFeed(.osv("PyPI"))]
                server.truncate(after: 10_000)
                // Each attempt brings another piece, and all of them not enough.
                await #expect(throws: DiagnosticFailure.self) {
                    try await self.fetcher(server, home).update(feeds)
                }
                #expect(!Files.exists(home.current))
                server.truncate(after: nil)
                _ = try await self.fetcher(server, home).update(feeds)
                #expect(try home.open().advisoryCount == 500)
                #expect(server.requests.last == "/osv/PyPI/all.zip bytes=40000-")
                // Another version's rest is never put behind this one's beginning.
                server.truncate(after: 10_000)
                try sandbox.write(text + Self.record("PYSEC-X", "x"), to: "www/osv/PyPI/all.zip")
                await #expect(throws: DiagnosticFailure.self) {
                    try await self.fetcher(server, home).update(feeds)
                }
                server.truncate(after: nil)
                try sandbox.write(Self.record("PYSEC-Y", "y") + text, to: "www/osv/PyPI/all.zip")
                _ = try await self.fetcher(server, home).update(feeds)
                #expect(try home.open().advisoryCount == 501)
                #expect(server.requests.last == "/osv/PyPI/all.zip")
            }
        }
    }

    @Test(.enabled(if: Peers.has("curl") && Peers.has("python3"), "needs curl and python3"))
    func `keeps the old database when a feed is gone, refused or endless`() async throws {
        try await Sandbox.with { sandbox in
            let home = AdvisoryHome(KilnHome(root: sandbox.path.appending("home")))
            try sandbox.write(Self.tracker, to: "www/tracker.json")
            try await PackageServer.with(sandbox.path.appending("www")) { server in
                _ = try await self.fetcher(server, home).update([AdvisoryFeed(.debian)])
                let digest = try home.open().digest
                for feed in [AdvisoryFeed(.osv("npm")), AdvisoryFeed(.exploited)] {
                    let error = await #expect(throws: DiagnosticFailure.self) {
                        try await self.fetcher(server, home).update([feed])
                    }
                    #expect(
                        error?.diagnostics.first?.causes.first?.hasSuffix("the server answers 404") == true
                    )
                }
                server.flood("/kev")
                let error = await #expect(throws: DiagnosticFailure.self) {
                    try await self.fetcher(server, home, limit: 100_000).update([AdvisoryFeed(.exploited)])
                }
                #expect(error?.diagnostics.first?.causes.first?.contains("longer than 100000 bytes") == true)
                #expect(try home.open().digest == digest)
                #expect(try home.sources().map(\.name) == ["debian"])
            }
        }
    }

    @Test(arguments: [
        ("debian", "debian"), ("kev", "kev"), ("osv:PyPI", "osv:PyPI"), ("osv:crates.io", "osv:crates.io"),
        ("nvd:2024", "nvd:2024"), ("osv:Mystery", nil), ("osv:../x", nil), ("nvd:x", nil), ("osv", nil),
        ("", nil),
        ("debian:12", nil),
    ])
    func `knows its feeds by name`(_ text: String, _ shown: String?) {
        #expect(AdvisoryFeed(parsing: text)?.description == shown)
    }
}

/// A clock on which no time passes.
private struct Impatience: Clock {
    var now: ContinuousClock.Instant { .now }
    var minimumResolution: Duration { .zero }
    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {}
}
