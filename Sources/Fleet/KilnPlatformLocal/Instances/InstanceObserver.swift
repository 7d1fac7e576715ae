import Glibc
import KilnFleet
import KilnSystem
import SystemPackage

/// Sees what is really there of an instance, by files and `/proc` alone.
struct InstanceObserver: Sendable {
    /// nil for one whose spec cannot be read: nobody knows what it should be.
    func observe(_ paths: InstancePaths, share: BalancerShare?) -> InstanceObservation? {
        guard let spec = Record.readable(InstanceSpec.self, from: paths.spec) else { return nil }
        let record = Record.readable(ProcessRecord.self, from: paths.process)
        return InstanceObservation(
            spec: spec,
            process: process(record, paths),
            traffic: share?.traffic ?? .none,
            weight: share?.weight ?? 100,
            address: Record.readable(NetworkRecord.self, from: paths.network)?.address,
            started: record.flatMap { $0.started.bootID == BootInstant.bootID ? $0.started : nil }
                .map { BootInstant(nanoseconds: $0.nanoseconds) }
        )
    }

    func isRunning(_ paths: InstancePaths) -> Bool {
        Record.readable(ProcessRecord.self, from: paths.process)?.process.isAlive ?? false
    }

    /// Whether it was made to its end, and its records still tell of it.
    func isWhole(_ paths: InstancePaths) -> Bool {
        Record.readable(ProcessRecord.self, from: paths.process) != nil
            && Record.readable(InstanceSpec.self, from: paths.spec) != nil
    }

    private func process(_ record: ProcessRecord?, _ paths: InstancePaths) -> InstanceObservation.Process {
        guard let record else { return .incomplete }
        if record.process.isAlive { return .running(pid: record.process.pid) }
        let status = (try? Files.readText(paths.exitStatus)).flatMap { text in
            Int32(text.prefix { !$0.isWhitespace })
        }
        return .exited(status: status)
    }
}
