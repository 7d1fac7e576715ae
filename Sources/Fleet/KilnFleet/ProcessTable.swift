import Glibc
import KilnSystem
import SystemPackage

extension LeaseHolder {
    /// This process.
    package static var current: LeaseHolder {
        let pid = getpid()
        return LeaseHolder(bootID: BootInstant.bootID, pid: pid, startTicks: startTicks(of: pid) ?? 0)
    }

    /// Whether this very process still runs: not another one with its number, and not a zombie.
    package var isAlive: Bool {
        bootID == BootInstant.bootID && Self.startTicks(of: pid) == startTicks
    }

    /// Nil for no such process, and for one that ended and waits for its parent.
    private static func startTicks(of pid: Int32) -> UInt64? {
        guard let text = try? Files.readText(FilePath("/proc/\(pid)/stat"), limit: 1 << 16) else {
            return nil
        }
        // The name in parentheses may hold anything; what follows the last one is numbers (proc(5)).
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
        return UInt64(fields[19])
    }
}
