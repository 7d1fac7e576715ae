import KilnDefinition
import KilnDrift
import KilnFleet
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnPlatformLocal

@Suite struct `What an instance wrote` {
    private static let letPassLimit = 1200

    private func findings(_ drift: DriftDefinition, _ sandbox: Sandbox) throws -> [DriftFinding] {
        let (changes, sealed) = (sandbox.path.appending("changes"), sandbox.path.appending("sealed"))
        try Files.createDirectory(changes.appending("cache"))
        try Files.createDirectory(sealed.appending("cache"))
        for number in 0...Self.letPassLimit {
            try Files.write("", to: changes.appending("cache/\(number)"), synced: false)
        }
        try Files.write("", to: changes.appending("intruder"), synced: false)
        let rules = DriftRules(drift, today: "2026-11-26")
        var walk = UpperWalk(instance: InstanceID("a-1-0"), changes: changes, sealed: sealed, rules: rules)
        walk.letPassLimit = Self.letPassLimit
        try walk.walk()
        #expect(walk.changedFiles.contains("/cache/7"))
        return rules.judged(DriftReport(fleet: "a", checked: 1, findings: walk.findings)).findings
    }

    @Test func `hides nothing behind a crowd of files that are let pass`() async throws {
        try await Sandbox.with { sandbox in
            let allow = DriftDefinition.Allowance(
                path: try PathPattern(parsing: "/cache/**"),
                reason: "a cache",
                expires: "2099-01-01"
            )
            let found = try findings(DriftDefinition(allow: [allow]), sandbox)
            #expect(found.filter { $0.weight == .harmful }.map(\.subject) == ["/intruder"])
            #expect(found.count { $0.weight == .allowed } <= Self.letPassLimit)
        }
    }

    @Test func `is learned file by file`() async throws {
        try await Sandbox.with { sandbox in
            let found = try findings(DriftDefinition(learnUntil: "2099-01-01"), sandbox)
            #expect(found.allSatisfy { $0.weight != .harmful && $0.subject != "/" })
            #expect(found.contains { $0.weight == .noise && $0.detail.hasPrefix("more than ") })
        }
    }

    @Test func `is cut where it is harmful`() async throws {
        try await Sandbox.with { sandbox in
            let found = try findings(DriftDefinition(), sandbox)
            #expect(found.count == UpperWalk.findingLimit + 1 && found.allSatisfy { $0.weight == .harmful })
        }
    }
}
