import Glibc
import KilnFleet
import KilnSystem
import SystemPackage

/// Sees what is really there of an instance, by files and `/proc` alone.
struct InstanceObserver: Sendable {
    func observe(_ paths: InstancePaths, traffic: InstanceObservation.Traffic) throws -> InstanceObservation?
    {
        guard let spec = try Record.read(InstanceSpec.self, from: paths.spec) else { return nil }
        let record = try? Record.read(ProcessRecord.self, from: paths.process)
        return InstanceObservation(
            spec: spec,
            process: process(record, paths),
            traffic: traffic,
            address: (try? Record.read(NetworkRecord.self, from: paths.network))?.address,
            started: record.flatMap { $0.started.bootID == BootInstant.bootID ? $0.started : nil }
                .map { BootInstant(nanoseconds: $0.nanoseconds) }
        )
    }

    func isRunning(_ paths: InstancePaths) -> Bool {
        (try? Record.read(ProcessRecord.self, from: paths.process))?.process.isAlive ?? false
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
