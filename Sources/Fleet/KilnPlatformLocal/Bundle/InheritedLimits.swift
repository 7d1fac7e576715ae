import Glibc
import KilnSystem
import SystemPackage

/// What an instance would inherit from whoever runs the command: it gets the same wherever it is started, as far as the caller
/// may give it.
struct InheritedLimits: Sendable, Hashable {
    /// Most files that the caller may let a process have open.
    let files: UInt64
    /// How soon the caller is killed when memory runs out (proc(5), oom_score_adj).
    let callerKillScore: Int
    let mayLowerKillScore: Bool

    /// 1024 open files until a program asks for more, as services get: some go through all that they might have.
    var limits: [RuntimeSpec.ResourceLimit] {
        let most = min(files, 524_288)
        return [
            .init(type: "RLIMIT_CORE", soft: 0, hard: 0),
            .init(type: "RLIMIT_NOFILE", soft: min(1_024, most), hard: most),
        ]
    }

    /// Neither spared nor preferred; less than the caller's own takes a privilege.
    var killScore: Int { mayLowerKillScore ? 0 : max(0, callerKillScore) }

    static var current: InheritedLimits {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let score = (try? Files.readText("/proc/self/oom_score_adj")) ?? ""
        return InheritedLimits(
            files: UInt64(limit.rlim_max),
            callerKillScore: Int(score.prefix { !$0.isNewline }) ?? 0,
            mayLowerKillScore: hasResourceCapability
        )
    }

    /// CAP_SYS_RESOURCE (capabilities(7)), bit 24.
    private static var hasResourceCapability: Bool {
        let status = (try? Files.readText("/proc/self/status")) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        let mask = line.flatMap {
            UInt64($0.drop { !$0.isWhitespace }.drop(while: \.isWhitespace), radix: 16)
        }
        return (mask ?? 0) & 1 << 24 != 0
    }
}
