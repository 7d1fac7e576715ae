import Glibc
import KilnDrift
import KilnFleet
import KilnOCI
import KilnPlatformLocal
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// Every kind of mutation is made in one instance with a writable root, and each is looked for by Kiln and by what others would use.
@Suite(.serialized) struct `Mutations of what runs` {
    @Test func `are all found, and what changes nothing is not`() async throws {
        try await LocalFleet.with { fleet, sandbox in
            let stage = try await MutationStage(fleet, sandbox)
            #expect(try await stage.findings().filter { $0.weight == .harmful } == [])
            let peers = MutationPeers(root: stage.paths.rootMount, scratch: sandbox.path)
            if MutationPeers.areHere { try await peers.prepare() }
            for mutation in Mutation.files + Mutation.harmless { try await stage.make(mutation) }
            var others: [Set<String>] = []
            if MutationPeers.areHere {
                others = [
                    try await peers.aide(), try await peers.debsums(),
                    try await peers.listing(stage.paths.changes),
                ]
            }
            for mutation in Mutation.running { try await stage.make(mutation) }
            let findings = try await stage.findings() + stage.audit()
            for mutation in Mutation.files + Mutation.running {
                #expect(mutation.isFound(in: findings), "\(mutation.name)")
            }
            for mutation in Mutation.harmless {
                let alarms = findings.filter { $0.weight == .harmful && $0.subject == mutation.path }
                #expect(alarms == [], "\(mutation.name)")
            }
            #expect(Mutation.files.count + Mutation.running.count >= 40)
            try await stage.end()
            if others.isEmpty { return }
            let table = MutationTable(findings: findings, columns: others)
            try Golden.expect(table.page, matches: Golden.project.pushing("docs/drift-corpus.md"))
        }
    }

    @Test func `show what differs as text, and who did it when nobody watched is not told`() async throws {
        try await LocalFleet.with { fleet, sandbox in
            let stage = try await MutationStage(fleet, sandbox)
            try await stage.run("sed -i 's/second/2nd/' $A/append")
            let finding = try #require(try await stage.findings().first { $0.subject == "/opt/app/append" })
            #expect(finding.diff?.contains("-second line of append\n+2nd line of append\n") == true)
            #expect(finding.before?.contains(" bytes, sha256:") == true, "\(finding)")
            #expect(finding.release == ReleaseNumber(rawValue: 1))
            #expect(finding.since.map { abs($0 - WallClock.now) < 60 } == true)
            #expect(finding.actor == nil)
        }
    }
}

/// The table of who finds what.
private struct MutationTable {
    let findings: [DriftFinding]
    let columns: [Set<String>]

    var page: String {
        """
        # Who finds what

        Written by the test that makes each of these mutations in one instance with a writable root and then asks Kiln, AIDE (with \
        every attribute that it can compare but inode numbers and times of change), debsums, and a plain listing of the layer that \
        the instance's changes go to. All look from the host, as its root.

        ## \(Mutation.files.count + Mutation.running.count) mutations

        | mutation | Kiln | AIDE | debsums | listing |
        |---|---|---|---|---|
        \((Mutation.files + Mutation.running).map { row($0, "found", "-") }.joined(separator: "\n"))

        ## What changes nothing

        | what was done | Kiln | AIDE | debsums | listing |
        |---|---|---|---|---|
        \(Mutation.harmless.map { row($0, "false alarm", "quiet") }.joined(separator: "\n"))

        """
    }

    private func row(_ mutation: Mutation, _ yes: String, _ no: String) -> String {
        let own =
            mutation.kinds.isEmpty
            ? findings.contains { $0.weight == .harmful && $0.subject == mutation.path }
            : mutation.isFound(in: findings)
        let cells = [own] + columns.map { mutation.isNamed(in: $0) }
        return "| \(mutation.name) | " + cells.map { $0 ? yes : no }.joined(separator: " | ") + " |"
    }
}
