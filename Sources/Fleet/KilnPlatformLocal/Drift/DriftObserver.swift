import Glibc
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
        mounts: MountTable
    ) -> InstanceFacts {
        InstanceFacts(
            instance: spec.id,
            mounts: mounts.entries,
            processes: processes(of: paths, pid: pid),
            configFiles: configFiles(of: spec, at: paths, pid: pid),
            limits: cgroups.limits(paths.id, of: paths.fleet.fleet)
        )
    }

    /// Everything in the instance's cgroups or in its namespaces. What ends meanwhile is left out.
    private func processes(of paths: InstancePaths, pid: Int32) -> [ProcessFacts] {
        let own = cgroups.processes(paths.id, of: paths.fleet.fleet)
        // What a person has joined is written down, and gone with the instance.
        let tools = cgroups.toolsProcesses(of: paths.id)
        return own.union(namespaces.companions(of: pid)).subtracting(tools).sorted().compactMap {
            Self.process($0, isOwn: own.contains($0))
        }
    }

    private static func process(_ pid: Int32, isOwn: Bool) -> ProcessFacts? {
        let folder = FilePath("/proc/\(pid)")
        guard let identity = ProcessIdentity(pid: pid), let executable = ProcessLinks.target("exe", of: pid)
        else { return nil }
        let name = (try? Files.readText(folder.appending("comm"))) ?? ""
        return ProcessFacts(
            pid: pid,
            startTime: identity.startTicks,
            executable: executable,
            mountID: mountID(of: folder.appending("exe")),
            name: String(name.prefix { !$0.isNewline }),
            isOwn: isOwn
        )
    }

    /// The mount through which the file was opened (proc(5), fdinfo).
    private static func mountID(of path: FilePath) -> Int? {
        let descriptor = open(path.string, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let text = (try? Files.readText(FilePath("/proc/self/fdinfo/\(descriptor)"))) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("mnt_id:") }
        return line.flatMap { Int($0.filter { $0.isNumber }) }
    }

    private func configFiles(of spec: InstanceSpec, at paths: InstancePaths, pid: Int32) -> [String: Digest?]
    {
        let bundle = try? Files.read(paths.bundle.appending("config.json"))
        var files = [Self.bundleName: bundle.map { Digest(of: $0) }]
        // The root as the instance sees it, so that whatever was put over a file is what is read.
        let root = RootResolver(root: FilePath("/proc/\(pid)/root"))
        for file in spec.release.content.files {
            let content = root.bytes(FilePath(file.target))
            files[file.target] = .some(content.map { Digest(of: $0) })
        }
        return files
    }
}
