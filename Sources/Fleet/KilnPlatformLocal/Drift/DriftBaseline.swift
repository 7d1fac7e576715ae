import KilnDrift
import KilnFleet
import KilnOCI
import KilnSystem
import SystemPackage

/// What an instance was right after its start; kept beside it for later comparison.
///
/// Mounts and limits are recorded as the kernel showed them, since both the runtime and the kernel add to and round what
/// was asked for. Configuration is known from the release itself.
struct DriftBaseline: Sendable, Codable {
    /// `/proc/<pid>/mountinfo`.
    let mounts: String
    let limits: [String: String]
    /// Of the bundle's `config.json`.
    let bundle: Digest
    /// By kind, their numbers; nil in what an earlier program wrote.
    let namespaces: [String: UInt64]?

    /// Looks at an instance whose container was just made.
    static func record(_ paths: InstancePaths, pid: Int32, cgroups: Cgroups) throws {
        let baseline = DriftBaseline(
            mounts: try Files.readText(FilePath("/proc/\(pid)/mountinfo")),
            limits: cgroups.limits(paths.id, of: paths.fleet.fleet),
            bundle: Digest(of: try Files.read(paths.bundle.appending("config.json"))),
            namespaces: ProcessObserver.namespaces(of: pid)
        )
        try Record.write(baseline, to: path(paths))
    }

    /// What the instance should look like, given its release. `now` is how its mounts look, which most often is how they were.
    func facts(of spec: InstanceSpec, now: MountTable, start: StartFacts?) -> InstanceFacts {
        var files = [DriftObserver.bundleName: Optional(bundle)]
        for file in spec.release.content.files { files[file.target] = Digest(of: file.content) }
        return InstanceFacts(
            instance: spec.id,
            mounts: now.text == mounts ? now.entries : MountTable(parsing: mounts).entries,
            configFiles: files,
            limits: limits,
            namespaces: namespaces ?? [:],
            start: start
        )
    }

    static func path(_ paths: InstancePaths) -> FilePath {
        paths.directory.appending("baseline.json")
    }
}
