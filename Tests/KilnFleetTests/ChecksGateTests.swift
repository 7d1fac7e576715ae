import KilnDefinition
import KilnFleet
import KilnOCI
import KilnSystem
import KilnTestSupport
import Synchronization
import SystemPackage
import Testing

@Suite struct `The gate of an image's checks` {
    private static let checks = [CheckDefinition(.tcp(port: 8080))]

    @Test func `asks again once configuration, files or resources are others`() async throws {
        try await Sandbox.with { sandbox in
            let asked = Asked()
            func check(_ change: (inout ReleaseContent) -> Void = { _ in }) async throws {
                var content = Stage.content("1")
                change(&content)
                try await Self.gate(sandbox.home, asked, passing: true).check(content)
            }
            try await check()
            try await check()
            #expect(asked.count == 1)
            try await check { $0.env["MODE"] = "other" }
            try await check {
                let text = Array("x".utf8)
                $0.files = [ConfigFile(target: "/x", userID: 0, groupID: 0, mode: 0o644, content: text)]
            }
            try await check { $0.resources.memory += 1 }
            #expect(asked.count == 4)
        }
    }

    @Test func `lets a failure of other circumstances keep nothing out`() async throws {
        try await Sandbox.with { sandbox in
            let asked = Asked()
            let failed = try Self.verdict(Stage.content("1"), passed: false, time: 1)
            try CheckVerdicts(home: sandbox.home).record(failed)
            try await Self.gate(sandbox.home, asked, passing: true).check(Self.configured)
            #expect(asked.count == 1)
        }
    }

    @Test func `keeps a failure until the checks are asked elsewhere again`() async throws {
        try await Sandbox.with { sandbox in
            let asked = Asked()
            let verdicts = CheckVerdicts(home: sandbox.home)
            try verdicts.record(Self.verdict(Self.configured, passed: false, time: 5))
            try verdicts.record(Self.verdict(Stage.content("1"), passed: false, time: 4))
            let gate = Self.gate(sandbox.home, asked, passing: true)
            await #expect(throws: FleetError.self) { try await gate.check(Self.configured) }
            #expect(asked.count == 0)
            try verdicts.record(Self.verdict(Stage.content("1"), passed: false, time: 6))
            try await gate.check(Self.configured)
            #expect(asked.count == 1)
        }
    }

    @Test func `does not take a verdict's file for what its name says`() async throws {
        try await Sandbox.with { sandbox in
            let verdicts = CheckVerdicts(home: sandbox.home)
            try verdicts.record(Self.verdict(Stage.content("1"), passed: true, time: 1))
            let folder = sandbox.home.root.appending("verdicts")
            let name = try #require(try Files.list(folder).first)
            let other = Stage.content("2")
            let renamed = name.replacing(Stage.content("1").image.short, with: other.image.short)
            try Files.rename(folder.appending(name), to: folder.appending(renamed))
            #expect(try verdicts.verdict(on: other, Self.checks) == nil)
        }
    }

    private final class Asked: Sendable {  // a class: the gate's closure counts for the test
        private let times = Atomic<Int>(0)

        var count: Int { times.load(ordering: .relaxed) }

        func note() {
            times.add(1, ordering: .relaxed)
        }
    }

    private static var configured: ReleaseContent {
        var content = Stage.content("1")
        content.env["MODE"] = "configured"
        return content
    }

    private static func gate(_ home: KilnHome, _ asked: Asked, passing: Bool) -> ChecksGate {
        ChecksGate(verdicts: CheckVerdicts(home: home), checks: checks) { content in
            asked.note()
            return try verdict(content, passed: passing, time: 10)
        }
    }

    private static func verdict(
        _ content: ReleaseContent,
        passed: Bool,
        time: Int64
    ) throws -> CheckVerdict {
        let result = CheckResult(check: "tcp :8080", passed: passed, expected: "a", seen: "b", seconds: 0)
        return try CheckVerdict(of: content, checks: checks, time: time, results: [result], log: [])
    }
}
