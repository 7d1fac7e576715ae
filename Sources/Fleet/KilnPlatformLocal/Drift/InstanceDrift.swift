import KilnDrift
import KilnFleet
import KilnSystem
import SystemPackage

/// Compares a fleet's running instances with their releases.
struct InstanceDrift: Sendable {
    let paths: FleetPaths
    /// The fleet's own records.
    let releases: [Release]
    let cgroups: Cgroups
    let namespaces: NamespaceMemory
    let memory: InstanceMemory

    struct Running: Sendable {
        /// nil when it cannot be read.
        let spec: InstanceSpec?
        let paths: InstancePaths
        let process: ProcessIdentity

        var isStillThere: Bool { process.isAlive && Files.exists(paths.spec) }
    }

    func running() throws -> [Running] {
        try memory.instances(of: paths).compactMap { instance in
            guard let record = instance.process.value, record.process.isAlive else { return nil }
            let spec = instance.spec.value
            // Work that does one thing is no member of its fleet.
            if spec?.isOneShot == true { return nil }
            return Running(spec: spec, paths: instance.paths, process: record.process)
        }
    }

    func findings(_ running: [Running]) async throws -> [DriftFinding] {
        guard !running.isEmpty else { return [] }
        let first = try look(running, namespaces.recent())
        guard first.contains(where: { $0.kind == .foreignProcess }) else { return first }
        // A process on its way into an instance (a health command) shows its runtime's program for a moment.
        try await Task.sleep(for: .milliseconds(300))
        let later = Set(try look(running, NamespaceMembers.look()))
        return first.filter { $0.kind != .foreignProcess || later.contains($0) }
    }

    /// Instances in whose cgroups something runs, and whose record of the process is gone or damaged.
    func incomplete() throws -> [DriftFinding] {
        try paths.instances().compactMap { instance in
            guard Record.readable(ProcessRecord.self, from: instance.process) == nil else { return nil }
            let count = cgroups.processes(instance.id, of: paths.fleet).count
            guard count > 0 else { return nil }
            let detail = "cannot be read, and \(count) \(count == 1 ? "process runs" : "processes run")"
            return DriftFinding(
                .configChanged,
                instance: instance.id,
                subject: "process.json",
                detail: detail
            )
        }
    }

    private func look(_ running: [Running], _ namespaces: NamespaceMembers) throws -> [DriftFinding] {
        let observer = DriftObserver(cgroups: cgroups, namespaces: namespaces)
        return try running.flatMap { try look($0, observer) }
    }

    private func look(_ instance: Running, _ observer: DriftObserver) throws -> [DriftFinding] {
        guard let spec = instance.spec else { return [changed(instance, "spec.json", "cannot be read")] }
        let number = spec.release.number
        guard let release = releases.first(where: { $0.number == number }), release == spec.release else {
            let detail = "its folder names a release that the fleet does not have"
            return [changed(instance, "release \(number)", detail)]
        }
        guard let baseline = Record.readable(DriftBaseline.self, from: DriftBaseline.path(instance.paths))
        else {
            return [changed(instance, "baseline", "there is no record of how it was started")]
        }
        do {
            let pid = instance.process.pid
            let mounts = try MountTable.of(processID: pid)
            let actual = observer.facts(of: spec, at: instance.paths, pid: pid, mounts: mounts)
            return InstanceComparison(expected: baseline.facts(of: spec, now: mounts), actual: actual)
                .findings()
        } catch let error as SystemError where Self.endings.contains(error.errno) {
            // It ended meanwhile, or is a corpse by now: a dead one is not drift.
            return []
        }
    }

    private static let endings: [Errno] = [.noSuchFileOrDirectory, .noSuchProcess, .invalidArgument]

    private func changed(_ instance: Running, _ subject: String, _ detail: String) -> DriftFinding {
        DriftFinding(.configChanged, instance: instance.paths.id, subject: subject, detail: detail)
    }
}
