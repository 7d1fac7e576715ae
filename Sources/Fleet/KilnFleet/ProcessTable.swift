import Glibc
import KilnSystem

extension LeaseHolder {
    /// This process.
    package static var current: LeaseHolder {
        let pid = getpid()
        return LeaseHolder(bootID: BootInstant.bootID, pid: pid, startTicks: startTicks(of: pid) ?? 0)
    }

    /// This process, as one that drives several fleets.
    package static var controller: LeaseHolder {
        let current = current
        return LeaseHolder(
            bootID: current.bootID,
            pid: current.pid,
            startTicks: current.startTicks,
            isController: true
        )
    }

    /// Whether this very process still runs: not another one with its number, and not a zombie.
    package var isAlive: Bool {
        bootID == BootInstant.bootID && Self.startTicks(of: pid) == startTicks
    }

    /// Nil for no such process, and for one that ended and waits for its parent.
    private static func startTicks(of pid: Int32) -> UInt64? {
        ProcessStat(of: pid).flatMap { $0.isCorpse ? nil : $0.startTicks }
    }
}
