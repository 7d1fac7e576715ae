import KilnFleet
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnPlatformLocal

@Suite(.serialized) struct `What instances inherit` {
    @Test func `files, core dumps and the kill score do not depend on the caller`() async throws {
        try await LocalFleet.with { fleet, _ in
            let pid = try await fleet.pid(of: try await fleet.start("aaaa").spec.id)
            let limits = try Files.readText(FilePath("/proc/\(pid)/limits")).split(separator: "\n")
            func limit(_ name: String) -> [Substring] {
                let line = limits.first { $0.hasPrefix(name) } ?? ""
                return line.dropFirst(name.count).split(separator: " ").prefix(2).map { $0 }
            }
            #expect(limit("Max core file size") == ["0", "0"])
            let files = limit("Max open files")
            #expect(files.first == "1024")
            #expect(files.last.flatMap { UInt64($0) } == min(InheritedLimits.current.files, 524_288))
            #expect(try Files.readText(FilePath("/proc/\(pid)/oom_score_adj")) == "0\n")
        }
    }

    @Test func `nothing is asked for that the caller may not give`() {
        let few = InheritedLimits(files: 512, callerKillScore: 300, mayLowerKillScore: false)
        #expect(few.limits.last == .init(type: "RLIMIT_NOFILE", soft: 512, hard: 512))
        #expect(few.killScore == 300)
        let free = InheritedLimits(files: .max, callerKillScore: 300, mayLowerKillScore: true)
        #expect(free.limits.last == .init(type: "RLIMIT_NOFILE", soft: 1_024, hard: 524_288))
        #expect(free.killScore == 0)
    }
}
