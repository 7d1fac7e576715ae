import KilnDefinition
import KilnDrift
import KilnFleet
import KilnOCI
import KilnSystem
import SystemPackage

/// Looks at a running instance from the host, without entering it.
struct DriftObserver: Sendable {
    static let bundleName = "config.json of the bundle"

    let cgroups: Cgroups
    let namespaces: NamespaceMembers

    func facts(
        of spec: InstanceSpec,
        at paths: InstancePaths,
        pid: Int32,
        mounts: MountTable,
        bundle: Digest?
    ) -> InstanceFacts {
        InstanceFacts(
            instance: spec.id,
            mounts: mounts.entries,
            processes: processes(of: spec, at: paths, pid: pid),
            configFiles: configFiles(of: spec, pid: pid, bundle: bundle),
            limits: cgroups.limits(paths.id, of: paths.fleet.fleet),
            start: ProcessStart.facts(of: pid),
            first: pid
        )
    }

    /// Everything in the instance's cgroups or in its namespaces. What ends meanwhile is left out.
    private func processes(of spec: InstanceSpec, at paths: InstancePaths, pid: Int32) -> [ProcessFacts] {
        let own = cgroups.processes(paths.id, of: paths.fleet.fleet)
        // What a person has joined is written down, and gone with the instance.
        let tools = cgroups.toolsProcesses(of: paths.id)
        var command: [String]?
        if case .command(let words)? = spec.release.content.health?.probe { command = words }
        let observer = ProcessObserver(instance: paths.id, first: pid, own: own, healthCommand: command)
        return observer.facts(of: own.union(namespaces.companions(of: pid)).subtracting(tools))
    }

    private func configFiles(of spec: InstanceSpec, pid: Int32, bundle: Digest?) -> [String: Digest?] {
        var files = [Self.bundleName: bundle]
        let targets = spec.release.content.files.map(\.target)
        for target in targets { files[target] = .some(nil) }
        guard !targets.isEmpty else { return files }
        // The root as the instance sees it, so that whatever was put over a file is what is read.
        try? InstanceRoot.with(FilePath("/proc/\(pid)/root")) { root in
            for target in targets {
                files[target] = .some(root.bytes(FilePath(target)).map { Digest(of: $0) })
            }
        }
        return files
    }
}
