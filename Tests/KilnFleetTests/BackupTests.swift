import Glibc
import KilnCatalog
import KilnDefinition
import KilnFleet
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `A backup` {
    @Test func `brings back history and marks, and no lease`() async throws {
        try await Sandbox.with { sandbox in
            let home = KilnHome(root: sandbox.path.appending("home"))
            let token = try await fill(home)
            let file = sandbox.path.appending("kiln.backup")
            let manifest = try await HomeBackup(home: home).write(to: file, time: 7)
            #expect(manifest.fleets == ["shop"])
            #expect(manifest.files.map(\.name) == ["kiln.db", "revocations.json", "sources/a.json"])
            #expect(Files.facts(file)?.mode == 0o600)

            let other = KilnHome(root: sandbox.path.appending("other"))
            // A command that came first, and waits, has it open.
            let catalog = try Catalog(path: other.catalog)
            #expect(try await catalog.fleets().isEmpty)
            #expect(try await HomeBackup(home: other).restore(from: file) == manifest)
            #expect(try await catalog.fleets().map(\.name) == ["shop"])
            #expect(try await catalog.releaseEntries(of: "shop").count == 1)
            #expect(try await catalog.events(of: "shop", after: 0, limit: 10).map(\.message) == ["made"])
            #expect(try await catalog.lease(of: "shop") == nil)
            #expect(try Revocations(home: other).all().map(\.note.reason) == ["CVE-1"])
            #expect(try Files.readText(other.root.pushing("sources/a.json")) == "[]")
            let next = try await lease(catalog)
            #expect(next.token.value > token.value + 1 << 31, "above what was granted after the backup")
        }
    }

    @Test(arguments: ["image-history.json", "image-indexes.json", "revocations.json"])
    func `carries each of the files that say something of images`(name: String) async throws {
        try await Sandbox.with { sandbox in
            let home = KilnHome(root: sandbox.path.appending("home"))
            _ = try await fill(home)
            // As an earlier program may have left it: carried as it is.
            if !Files.exists(home.root.appending(name)) {
                try Files.write("{\"entries\":[]}", to: home.root.appending(name))
            }
            let file = sandbox.path.appending("kiln.backup")
            #expect(try await HomeBackup(home: home).write(to: file).files.map(\.name).contains(name))
            let other = KilnHome(root: sandbox.path.appending("other"))
            _ = try await HomeBackup(home: other).restore(from: file)
            #expect(Files.exists(other.root.appending(name)))
            guard name != "revocations.json" else { return }
            let restored = try Files.readText(other.root.appending(name))
            #expect(restored == (try Files.readText(home.root.appending(name))))
        }
    }

    @Test func `holds every file as it was at one moment, although it changes meanwhile`() async throws {
        try await Sandbox.with { sandbox in
            let home = KilnHome(root: sandbox.path.appending("home"))
            _ = try await fill(home)
            // Says something else each time that it is read.
            try Files.remove(home.sources.appending("a.json"))
            symlink("/proc/sys/kernel/random/uuid", home.sources.appending("a.json").string)
            let file = sandbox.path.appending("kiln.backup")
            _ = try await HomeBackup(home: home).write(to: file)
            let other = KilnHome(root: sandbox.path.appending("other"))
            _ = try await HomeBackup(home: other).restore(from: file)
            #expect(try Files.read(other.root.pushing("sources/a.json")).count == 37)
            #expect(try Files.list(sandbox.path).contains("kiln.backup.part") == false)
        }
    }

    @Test func `takes back no revocation and no newer mark`() async throws {
        try await Sandbox.with { sandbox in
            let home = KilnHome(root: sandbox.path.appending("home"))
            _ = try await fill(home)
            let revocations = Revocations(home: home)
            let file = sandbox.path.appending("kiln.backup")
            _ = try await HomeBackup(home: home).write(to: file)
            // Since then one was taken back, and another image revoked; then the catalog was lost.
            let note = Revocation.Note(reason: "a mistake", by: "me", time: 9)
            _ = try await revocations.lift(Digest(of: "1"), note)
            _ = try await revocations.revoke(
                Digest(of: "2"),
                name: nil,
                .init(reason: "CVE-2", by: "me", time: 8)
            )
            try Files.write("[1]", to: home.sources.appending("a.json"))
            for name in ["kiln.db", "kiln.db-wal", "kiln.db-shm"] {
                try Files.remove(home.root.appending(name))
            }
            _ = try await HomeBackup(home: home).restore(from: file)
            #expect(try revocations.holding().keys.map(\.self) == [Digest(of: "2")])
            #expect(try revocations.all().map(\.note.reason) == ["CVE-1", "CVE-2"])
            #expect(try Files.readText(home.sources.appending("a.json")) == "[1]")
            // Where they are lost too, they come back.
            let other = KilnHome(root: sandbox.path.appending("other"))
            _ = try await HomeBackup(home: other).restore(from: file)
            #expect(try Revocations(home: other).holding().keys.map(\.self) == [Digest(of: "1")])
        }
    }

    @Test func `is not restored while a command changes fleets, nor over what it made`() async throws {
        try await Sandbox.with { sandbox in
            let home = KilnHome(root: sandbox.path.appending("home"))
            _ = try await fill(home)
            let file = sandbox.path.appending("kiln.backup")
            _ = try await HomeBackup(home: home).write(to: file)
            let other = KilnHome(root: sandbox.path.appending("other"))
            let error = await #expect(throws: BackupError.self) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    try await StoreLock(other).shared {
                        group.addTask { _ = try await HomeBackup(home: other).restore(from: file) }
                        try await eventually("the restoration waits") {
                            try Files.list(other.scratch).contains { $0.hasPrefix("restore-") }
                        }
                        _ = try await fill(other)
                    }
                    try await group.waitForAll()
                }
            }
            #expect(error?.code == .history)
        }
    }

    @Test func `is not restored over a history`() async throws {
        try await Sandbox.with { sandbox in
            let home = KilnHome(root: sandbox.path.appending("home"))
            _ = try await fill(home)
            let file = sandbox.path.appending("kiln.backup")
            _ = try await HomeBackup(home: home).write(to: file)
            let error = await #expect(throws: BackupError.self) {
                try await HomeBackup(home: home).restore(from: file)
            }
            #expect(error?.code == .history)
        }
    }

    @Test func `that is damaged, or none, restores nothing`() async throws {
        try await Sandbox.with { sandbox in
            let home = KilnHome(root: sandbox.path.appending("home"))
            _ = try await fill(home)
            let file = sandbox.path.appending("kiln.backup")
            _ = try await HomeBackup(home: home).write(to: file)
            var bytes = try Files.read(file)
            bytes[bytes.count / 2] ^= 0x55
            let other = KilnHome(root: sandbox.path.appending("other"))
            for broken in [bytes, Array(bytes.prefix(bytes.count / 2)), Array("no backup".utf8), []] {
                let path = try sandbox.write("", to: "broken")
                try Files.write(broken, to: path)
                let error = await #expect(throws: BackupError.self) {
                    try await HomeBackup(home: other).restore(from: path)
                }
                #expect(error?.code == .unreadable)
                #expect(!Files.exists(other.catalog))
            }
            let missing = await #expect(throws: BackupError.self) {
                try await HomeBackup(home: other).restore(from: sandbox.path.appending("nothing"))
            }
            #expect(missing?.code == .missing)
        }
    }

    /// One fleet with a release and an event, under a lease; and some marks.
    private func fill(_ home: KilnHome) async throws -> FencingToken {
        let catalog = try Catalog(path: home.catalog)
        let lease = try await lease(catalog)
        let content = Stage.content("1")
        let release = Release(fleet: "shop", number: .init(rawValue: 1), content: content, created: 1)
        try await catalog.commit(
            [
                .putFleet(FleetRecord(name: "shop", policy: FleetPolicy(), created: 1)),
                .addRelease(ReleaseRecord(release: release, digest: try content.digest())),
                .addEvent(FleetEvent(time: 1, fleet: "shop", kind: .fleetCreated, message: "made")),
            ],
            under: lease
        )
        try Files.createDirectory(home.sources)
        try Files.write("[]", to: home.sources.appending("a.json"))
        _ = try await Revocations(home: home)
            .revoke(Digest(of: "1"), name: "shop", .init(reason: "CVE-1", by: "me", time: 5))
        return lease.token
    }

    private func lease(_ catalog: Catalog) async throws -> Lease {
        let request = LeaseRequest(
            fleet: "shop",
            holder: .current,
            reason: "test",
            now: .now,
            time: 1,
            isAlive: { _ in true }
        )
        guard case .granted(let lease) = try await catalog.acquireLease(request) else {
            throw CancellationError()
        }
        return lease
    }
}
