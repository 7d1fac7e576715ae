import Glibc
import KilnSystem
import SystemPackage

/// A command beside an instance's own process, with everything that it started: the runtime gives it a session of its own, which
/// pipelines and background jobs share.
struct CommandSession: Sendable {
    let paths: InstancePaths
    /// Where the runtime notes the command's process number.
    let processFile: FilePath

    var hasBegun: Bool { number != nil }

    /// Kills all of it, also once the command itself has ended. Only in the instance's cgroups: nothing that it starts leaves
    /// them, and no number names another session there while one of this is left.
    func end() {
        guard let number, let cgroups = try? Cgroups.current(of: paths.fleet.home) else { return }
        // Again for what was begun while the first were told.
        for _ in 1...10 {
            let left = cgroups.processes(paths.id, of: paths.fleet.fleet).filter { pid in
                ProcessStat(of: pid).map { $0.session == number && !$0.isCorpse } ?? false
            }
            if left.isEmpty { return }
            for pid in left { kill(pid, SIGKILL) }
        }
    }

    private var number: Int32? {
        (try? Files.readText(processFile)).flatMap { Int32($0.prefix { $0.isNumber }) }
    }
}
