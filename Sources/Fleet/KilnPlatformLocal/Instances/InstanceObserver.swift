import Glibc
import KilnFleet
import KilnSystem
import SystemPackage

/// Sees what is really there of an instance, by files and `/proc` alone.
struct InstanceObserver: Sendable {
    /// Processes that need no look.
    var alive: Set<ProcessIdentity> = []

    /// nil for one whose spec cannot be read: nobody knows what it should be.
    func observe(_ files: InstanceFiles, share: BalancerShare?) -> InstanceObservation? {
        guard let spec = files.spec.value else { return nil }
        let record = files.process.value
        let process = process(record, files.paths)
        return InstanceObservation(
            spec: spec,
            process: process,
            traffic: share?.traffic ?? .none,
            weight: share?.weight ?? 100,
            address: files.network.value?.address,
            started: record.flatMap { $0.started.bootID == BootInstant.bootID ? $0.started : nil }
                .map { BootInstant(nanoseconds: $0.nanoseconds) },
            isSupervised: record.map { $0.supervisor.map(isAlive) ?? false } ?? true,
            ended: ended(process, files.paths)
        )
    }

    /// The supervisor writes how it ended as soon as it did.
    private func ended(_ process: InstanceObservation.Process, _ paths: InstancePaths) -> Int64? {
        guard case .exited = process else { return nil }
        return Files.facts(paths.exitStatus).map { $0.modified / 1_000_000 }
    }

    func isRunning(_ paths: InstancePaths) -> Bool {
        Record.readable(ProcessRecord.self, from: paths.process)?.process.isAlive ?? false
    }

    /// Whether it was made to its end, and its records still tell of it.
    func isWhole(_ paths: InstancePaths) -> Bool {
        Record.readable(ProcessRecord.self, from: paths.process) != nil
            && Record.readable(InstanceSpec.self, from: paths.spec) != nil
    }

    private func isAlive(_ process: ProcessIdentity) -> Bool {
        alive.contains(process) || process.isAlive
    }

    private func process(_ record: ProcessRecord?, _ paths: InstancePaths) -> InstanceObservation.Process {
        guard let record else { return .incomplete }
        if isAlive(record.process) { return .running(pid: record.process.pid) }
        let status = (try? Files.readText(paths.exitStatus)).flatMap { text in
            Int32(text.prefix { !$0.isWhitespace })
        }
        return .exited(status: status)
    }
}
