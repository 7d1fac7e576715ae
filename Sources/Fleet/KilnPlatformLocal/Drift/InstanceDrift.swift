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
    let rules: DriftRules
    /// How old a first process is when what it was started with counts.
    let settling: Duration

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
        guard first.contains(where: { Self.passing.contains($0.kind) }) else { return first }
        // A process on its way into an instance shows its runtime's program and rights for a moment. One that is there again and
        // again, each time as another process, is no passer-by.
        var (keys, habits) = (Set(first.map(\.key)), Set(first.map(\.habit)))
        for _ in 0..<2 {
            try await Task.sleep(for: .milliseconds(300))
            let now = try look(running, NamespaceMembers.look())
            keys.formIntersection(now.map(\.key))
            habits.formIntersection(now.map(\.habit))
        }
        return first.filter {
            !Self.passing.contains($0.kind) || keys.contains($0.key) || habits.contains($0.habit)
        }
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
        let records = memory.drift(of: instance.paths)
        guard let baseline = records.baseline.value else {
            return [changed(instance, "baseline", "there is no record of how it was started")]
        }
        do {
            let pid = instance.process.pid
            let mounts = try MountTable.of(processID: pid)
            var actual = observer.facts(
                of: spec,
                at: instance.paths,
                pid: pid,
                mounts: mounts,
                bundle: records.bundle.digest
            )
            let start = try ProcessStart(paths: instance.paths)
                .settled(actual.start, known: records.start.value, of: instance.process, after: settling)
            let files = try files(of: spec, at: instance.paths)
            actual.changedFiles = files?.changedFiles ?? []
            let expected = baseline.facts(of: spec, now: mounts, start: start)
            let findings = InstanceComparison(expected: expected, actual: actual).findings()
            let changes = RootEventLog(instance.paths).explained(files?.findings ?? [])
            return (findings + changes).map { finding in
                var finding = finding
                finding.release = number
                return finding
            }
        } catch let error as SystemError where Self.endings.contains(error.errno) {
            // It ended meanwhile, or is a corpse by now: a dead one is not drift.
            return []
        }
    }

    /// What it wrote to its root; nil where it cannot.
    private func files(of spec: InstanceSpec, at paths: InstancePaths) throws -> UpperWalk? {
        guard spec.release.content.writableRoot == true else { return nil }
        var walk = UpperWalk(
            instance: spec.id,
            changes: paths.changes,
            sealed: paths.sealedRoot,
            rules: rules
        )
        try walk.walk()
        return walk
    }

    /// What is seen for a moment where nothing is wrong.
    private static let passing: Set<DriftFinding.Kind> = [.foreignProcess, .processChanged, .session]
    private static let endings: [Errno] = [.noSuchFileOrDirectory, .noSuchProcess, .invalidArgument]

    private func changed(_ instance: Running, _ subject: String, _ detail: String) -> DriftFinding {
        DriftFinding(.configChanged, instance: instance.paths.id, subject: subject, detail: detail)
    }
}
