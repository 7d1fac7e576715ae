import Glibc
import KilnDefinition
import KilnDrift
import KilnFleet
import KilnPlatformLocal
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized) struct `An instance with a writable root` {
    private static func writable(_ content: inout ReleaseContent) { content.writableRoot = true }

    private func findings(_ fleet: LocalFleet, _ rules: DriftRules = .none) async throws -> [DriftFinding] {
        try await fleet.platform.drift(
            of: fleet.name,
            releases: [fleet.spec("any", Self.writable).release],
            rules: rules
        ).findings
    }

    @Test func `starts unchanged, within its memory, and leaves nothing behind`() async throws {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa", routed: true, Self.writable).spec.id
            #expect(try await findings(fleet) == [])
            let paths = fleet.paths.instance(id)
            let root = try #require(Files.facts(paths.rootMount))
            let sealed = try #require(Files.facts(paths.sealedRoot))
            #expect(root.mode == sealed.mode)
            #expect(root.userID == sealed.userID)
            let full = try await fleet.inside(id, "dd if=/dev/zero of=/tmp/x bs=1M count=70")
            #expect(full.status != .exited(0))
            let table = try MountTable.current()
            let upper = try #require(table.entries.first { $0.target == paths.upperMount })
            #expect(upper.type == "tmpfs" && upper.superOptions.contains("size=65536k"))
            try await fleet.replace(id, by: "bbbb")
            #expect(!Files.exists(paths.runtime))
        }
    }

    @Test func `may differ where the policy says so, and only there`() async throws {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa", Self.writable).spec.id
            let root = fleet.paths.instance(id).rootMount
            for name in ["srv/cache/a", "srv/cache/b", "srv/other"] {
                try Files.createDirectory(root.pushing(FilePath(name)).removingLastComponent())
                try Files.write("x", to: root.pushing(FilePath(name)), synced: false)
            }
            let allow = DriftDefinition.Allowance(
                path: try PathPattern(parsing: "/srv/cache/**"),
                reason: "a cache",
                expires: "2030-01-01"
            )
            let found = try await findings(
                fleet,
                DriftRules(DriftDefinition(allow: [allow]), today: "2026-01-01")
            )
            #expect(found.filter { $0.weight == .harmful }.map(\.subject) == ["/srv/cache", "/srv/other"])
            #expect(
                found.filter { $0.weight == .allowed }.map(\.subject) == ["/srv/cache/a", "/srv/cache/b"]
            )
            let learning = DriftRules(DriftDefinition(learnUntil: "2026-12-31"), today: "2026-01-01")
            #expect(try await findings(fleet, learning).allSatisfy { $0.weight == .learned })
        }
    }

    @Test func `tells at once who wrote what`() async throws {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa", Self.writable).spec.id
            let changes = fleet.platform.changes()
            _ = try await fleet.platform.observe(fleet.name)
            let began = BootInstant.now
            let output = try await fleet.inside(id, "echo changed > /srv/www/index.html || exit 1")
            // The image's user may not: the host's root does it in its place.
            #expect(output.status != .exited(0))
            let page = fleet.paths.instance(id).rootMount.appending("srv/www/index.html")
            try await ToolRunner().run(ToolInvocation("sh", ["-c", "echo changed > \(page)"]))
            var told: FleetName?
            for await fleet in changes {
                told = fleet
                break
            }
            #expect(told == fleet.name)
            #expect(began.duration(to: .now) < .seconds(2))
            let finding = try #require(try await findings(fleet).first { $0.kind == .fileChanged })
            #expect(finding.subject == "/srv/www/index.html")
            #expect(finding.actor != nil)
            #expect(finding.diff?.contains("-hello\n+changed\n") == true)
        }
    }

    @Test func `keeps evidence of what differs, and the newest of it`() async throws {
        try await LocalFleet.with { fleet, sandbox in
            let id = try await fleet.start("aaaa", Self.writable).spec.id
            let root = fleet.paths.instance(id).rootMount
            try Files.write("planted\n", to: root.appending("srv/planted"), synced: false)
            try Files.remove(root.appending("etc/group"))
            let report = try await fleet.platform.drift(
                of: fleet.name,
                releases: [fleet.spec("any", Self.writable).release]
            )
            try await fleet.platform.keepEvidence(of: report, now: 1_800_000_000)
            let store = EvidenceStore(home: fleet.home)
            let entry = try #require(try store.entry(of: id))
            #expect(entry.record.findings == report.findings)
            #expect(entry.record.processes.contains { $0.arguments.contains("httpd") })
            #expect(Set(entry.files.keys).isSuperset(of: ["changes.tar.gz", "mounts.txt", "log.txt"]))
            #expect(Files.facts(entry.folder)?.mode == 0o700)
            let listed = try await ToolRunner().run(
                ToolInvocation("tar", ["-tvf", entry.folder.appending("changes.tar.gz").string])
            )
            #expect(listed.text.contains("srv/planted"))
            #expect(listed.text.contains("c"), "what is gone is a device 0,0: \(listed.text)")
            try store.prune(fleet.name, now: 1_800_000_000 + EvidenceStore.ageLimit + 1)
            #expect(try store.entries().isEmpty)
        }
    }

    @Test func `keeps its first evidence when more of it is kept`() async throws {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa", Self.writable).spec.id
            let planted = fleet.paths.instance(id).rootMount.appending("srv/planted")
            func keep(at time: Int64) async throws {
                let releases = [fleet.spec("any", Self.writable).release]
                let report = try await fleet.platform.drift(of: fleet.name, releases: releases)
                try await fleet.platform.keepEvidence(of: report, now: 1_800_000_000 + time)
            }
            let store = EvidenceStore(home: fleet.home)
            try Files.write("planted\n", to: planted, synced: false)
            try await keep(at: 0)
            // Whoever planted it tidies up.
            try Files.write("other\n", to: planted.removingLastComponent().appending("other"), synced: false)
            try Files.remove(planted)
            try await keep(at: 30)
            #expect(try store.entries().count == 1, "not again so soon")
            try await keep(at: 61)
            try await keep(at: 200)
            let entries = try store.entries()
            #expect(entries.map(\.name) == ["\(id).2", "\(id)"])
            let first = try #require(try store.entry(of: id))
            #expect(first.record.time == 1_800_000_000)
            #expect(first.record.findings.contains { $0.subject == "/srv/planted" })
        }
    }

    @Test func `is cut off and frozen, and destroyed without running again`() async throws {
        try await LocalFleet.with { fleet, _ in
            let started = try await fleet.start("aaaa", routed: true, Self.writable)
            let (id, pid) = (started.spec.id, try await fleet.pid(of: started.spec.id))
            try await fleet.platform.drain(id, of: fleet.name, token: fleet.token)
            try await fleet.platform.detach(id, of: fleet.name, token: fleet.token)
            try await fleet.platform.isolate(id, of: fleet.name, token: fleet.token)
            let address = try #require(started.address)
            let answer = try await ToolRunner().runUnchecked(
                ToolInvocation("curl", ["-s", "-m", "1", "http://\(address):8080/index.html"])
            )
            #expect(answer.status != .exited(0))
            try await fleet.platform.isolate(id, of: fleet.name, token: fleet.token)
            let process = try #require(ProcessIdentity(pid: pid))
            #expect(process.isAlive)
            // What it says when it is told to end would be here.
            try await fleet.platform.destroy(id, of: fleet.name, token: fleet.token)
            #expect(!process.isAlive)
        }
    }
}
