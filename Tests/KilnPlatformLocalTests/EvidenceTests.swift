import Glibc
import KilnArchive
import KilnDefinition
import KilnDrift
import KilnFleet
import KilnOCI
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnPlatformLocal

@Suite struct `Evidence of changed files` {
    @Test func `is never read through a link`() async throws {
        try await Sandbox.with { sandbox in
            _ = try sandbox.write("secret\n", to: "host/shadow")
            _ = try sandbox.write("mine\n", to: "changes/b")
            let host = sandbox.path.appending("host").string
            try #require(symlink(host, sandbox.path.appending("changes/a").string) == 0)
            let paths = ["/a/shadow", "/a", "/b", "/../host/shadow", "//\(host)/shadow"]
            let (index, omitted) = try kept(paths, sandbox)
            #expect(omitted == ["/a/shadow", "/../host/shadow", "//\(host)/shadow"])
            #expect(index.entries.map(\.path) == ["a", "b"])
            #expect(index.lookup("a")?.kind == .symlink(target: host))
        }
    }

    @Test(.enabled(if: geteuid() == 0, "needs root"))
    func `has links, devices, deletions, owners and attributes`() async throws {
        try await Sandbox.with { sandbox in
            let changes = sandbox.path.appending("changes")
            let script = """
                mkdir \(changes); cd \(changes); mkdir -m 1777 folder; echo x > folder/file; chown 7:8 folder/file
                chmod 4750 folder/file; ln folder/file other; ln -s nowhere link; mkfifo pipe
                mknod gone c 0 0; mknod disk b 7 1
                """
            try await ToolRunner().run(ToolInvocation("sh", ["-ec", script]))
            // cap_net_bind_service, permitted (linux/capability.h).
            let capability: [UInt8] = [1, 0, 0, 2, 0, 4, 0, 0] + [UInt8](repeating: 0, count: 12)
            let file = open(changes.pushing("folder/file").string, O_RDONLY | O_CLOEXEC)
            defer { close(file) }
            try ExtendedAttributes.set("security.capability", capability, of: file, path: "file")
            let paths = ["/folder", "/folder/file", "/other", "/link", "/pipe", "/gone", "/disk"]
            let (index, omitted) = try kept(paths, sandbox)
            #expect(omitted == [])
            let entry = try #require(index.lookup("folder/file"))
            #expect(entry.kind == .file(size: 2, digest: Digest(of: Array("x\n".utf8))))
            #expect(entry.uid == 7 && entry.gid == 8 && entry.mode == 0o4750)
            #expect(entry.xattrs["security.capability"] == capability)
            #expect(index.lookup("folder")?.mode == 0o1777)
            #expect(index.lookup("other")?.digest == entry.digest)
            #expect(index.lookup("link")?.kind == .symlink(target: "nowhere"))
            #expect(index.lookup("pipe")?.kind == .fifo)
            #expect(index.lookup("gone")?.kind == .characterDevice(major: 0, minor: 0))
            #expect(index.lookup("disk")?.kind == .blockDevice(major: 7, minor: 1))
        }
    }

    @Test func `says what it has not`() async throws {
        try await Sandbox.with { sandbox in
            _ = try sandbox.write(String(repeating: "x", count: 2000), to: "changes/big")
            _ = try sandbox.write("small\n", to: "changes/small")
            let changes = sandbox.path.appending("changes")
            let script = "cd \(changes); printf x > \"$(printf 'bad\\377')\""
            try await ToolRunner().run(ToolInvocation("sh", ["-ec", script]))
            try #require(mknod(changes.appending("socket").string, S_IFSOCK | 0o600, 0) == 0)
            let paths = ["/bad\u{FFFD}", "/big", "/small", "/gone", "/socket", "/small"]
            let (index, omitted) = try kept(paths, sandbox, limit: 1000)
            #expect(omitted == ["/bad\u{FFFD}", "/big", "/gone", "/socket", "/small"])
            #expect(index.entries.map(\.path) == ["small"])
        }
    }

    @Test func `is whole, whatever is written to the files meanwhile`() async throws {
        try await Sandbox.with { sandbox in
            _ = try sandbox.write("steady\n", to: "changes/steady")
            let busy = try sandbox.write("", to: "changes/busy")
            let script = "while :; do truncate -c -s 3M \(busy); truncate -c -s 0 \(busy); done"
            _ = try await Background.start(["sh", "-c", script], sandbox)
            for _ in 0..<20 {
                // The whole archive is read again.
                let (index, omitted) = try kept(["/busy", "/steady"], sandbox)
                #expect(omitted == [])
                #expect(index.entries.map(\.path) == ["busy", "steady"])
                #expect(index.lookup("steady")?.size == 7)
            }
        }
    }

    private func kept(
        _ paths: [String],
        _ sandbox: Sandbox,
        limit: Int64 = EvidenceArchive.sizeLimit
    ) throws -> (index: LayerIndex, omitted: [String]) {
        let archive = sandbox.path.appending("changes.tar.gz")
        try Files.remove(archive)
        let omitted = try EvidenceArchive.write(
            paths,
            beneath: sandbox.path.appending("changes"),
            to: archive,
            limit: limit
        )
        #expect(Files.facts(archive)?.mode == 0o600)
        #expect(!Files.exists(sandbox.path.appending("changes.part")))
        return (try LayerScanner.scan(archive).index, omitted)
    }
}

@Suite struct `The evidence of a fleet` {
    @Test func `has each instance's first, whatever was kept of one later`() async throws {
        try await Sandbox.with { sandbox in
            let store = EvidenceStore(home: sandbox.home)
            try await keep(store, "web-1-aaaa", at: 1000)
            for time in 1001...1030 { try await keep(store, "web-1-bbbb", at: Int64(time)) }
            let entries = try store.entries(of: "web")
            #expect(entries.count == EvidenceStore.countLimit)
            #expect(entries.first?.record.time == 1030)
            #expect(entries.first?.name == "web-1-bbbb.30")
            #expect(try store.entry(of: "web-1-aaaa")?.record.time == 1000)
            #expect(try store.entry(of: "web-1-bbbb")?.record.time == 1001)
            #expect(try store.entry(of: "web-1-bbbb")?.name == "web-1-bbbb")
            let ends = try store.firstAndLast(of: "web-1-bbbb", in: "web")
            #expect(ends.map(\.record.time) == [1001, 1030])
        }
    }

    @Test func `is bounded in size`() async throws {
        try await Sandbox.with { sandbox in
            let store = EvidenceStore(home: sandbox.home)
            for time in 1...4 { try await keep(store, "web-1-aaaa", at: Int64(time), size: 100 << 20) }
            let entries = try store.entries(of: "web")
            #expect(entries.map(\.record.time) == [4, 1])
            #expect(entries.reduce(0) { $0 + $1.size } <= EvidenceStore.sizeLimit)
        }
    }

    @Test
    func `goes when it is old, in fleets that nobody drives any more too, and so does what a crash left`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let store = EvidenceStore(home: sandbox.home)
            let now = WallClock.now
            try await keep(store, "web-1-aaaa", at: now)
            let folder = sandbox.home.evidence.appending("web")
            let whole = folder.appending("web-1-aaaa").appending(EvidenceStore.recordName)
            for name in [".web-1-bbbb.7.new", "web-1-cccc"] {
                try Files.createDirectory(folder.appending(name))
                try Files.write("part", to: folder.appending(name).appending("log.txt"), synced: false)
            }
            try Files.write(
                try Files.read(whole),
                to: folder.appending(".web-1-bbbb.7.new").appending(EvidenceStore.recordName),
                synced: false
            )
            try store.prune(now: now + 60)
            #expect(try Files.list(folder) == [".web-1-bbbb.7.new", "web-1-aaaa", "web-1-cccc"])
            #expect(try store.entries().map(\.name) == ["web-1-aaaa"])
            #expect(try store.surplus(now: now + 7200).map(\.reason) == [.leftover, .leftover])
            try store.prune(now: now + 7200)
            #expect(try Files.list(folder) == ["web-1-aaaa"])
            try store.prune(now: now + EvidenceStore.ageLimit + 1)
            #expect(try Files.list(folder) == [])
        }
    }

    private func keep(
        _ store: EvidenceStore,
        _ instance: InstanceID,
        at time: Int64,
        size: Int64 = 0
    ) async throws {
        try await store.keep(instance, of: "web", now: time) { folder in
            let record = EvidenceRecord(
                fleet: "web",
                instance: instance,
                release: nil,
                image: nil,
                time: time,
                findings: [],
                processes: [],
                omitted: []
            )
            let file = folder.appending("changes.tar.gz")
            try Files.write("", to: file, synced: false)
            try #require(truncate(file.string, off_t(size)) == 0)
            try Files.write(
                try CanonicalJSON.encode(record),
                to: folder.appending(EvidenceStore.recordName),
                synced: false
            )
        }
    }
}
