import KilnDefinition
import KilnFleet
import KilnOCI
import KilnSystem
import SystemPackage

/// Decides how an instance is run: the release's wishes within the limits that hold for every instance.
struct BundlePlan {
    let spec: InstanceSpec
    let image: ImageConfig
    let user: ImageUser
    let paths: InstancePaths
    /// Where each state path really is in the root, by the path as written.
    let statePaths: [String: FilePath]
    let cgroup: FilePath
    let countsSwap: Bool
    let inherited: InheritedLimits

    private var content: ReleaseContent { spec.release.content }

    func runtimeSpec() throws -> RuntimeSpec {
        RuntimeSpec(
            process: RuntimeSpec.Process(
                user: RuntimeSpec.User(uid: user.uid, gid: user.gid, additionalGids: user.additionalGroups),
                args: try arguments(),
                env: environment(),
                cwd: image.config?.workingDir.flatMap { $0.isEmpty ? nil : $0 } ?? "/",
                capabilities: .none,
                rlimits: inherited.limits,
                oomScoreAdj: inherited.killScore
            ),
            root: RuntimeSpec.Root(
                path: paths.rootMount.string,
                readonly: spec.release.content.writableRoot != true
            ),
            hostname: spec.id.description,
            mounts: Self.systemMounts + content.state.map(mount) + InstanceSecrets.binds(spec, at: paths),
            linux: linux(),
            annotations: [
                "kiln.fleet": spec.release.fleet.description,
                "kiln.release": spec.release.number.description,
                "kiln.image": content.image.description,
            ]
        )
    }

    private func arguments() throws -> [String] {
        if let command = spec.command { return command }
        let words = (image.config?.entrypoint ?? []) + (image.config?.cmd ?? [])
        guard words.isEmpty else { return words }
        throw LocalPlatformError(
            .image,
            "image \(content.imageName) has no entrypoint, so there is nothing to start",
            hint: "give the image an entrypoint: in the definition"
        )
    }

    /// The release's variables on top of the image's.
    private func environment() -> [String] {
        var variables = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        for line in image.config?.env ?? [] {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            variables[String(parts[0])] = parts.count == 2 ? String(parts[1]) : ""
        }
        variables.merge(content.env) { _, release in release }
        if variables["HOME"] == nil { variables["HOME"] = user.home ?? "/" }
        return variables.map { "\($0)=\($1)" }.sorted()
    }

    private func mount(_ state: StateDefinition) -> RuntimeSpec.Mount {
        let target = (statePaths[state.path] ?? FilePath(state.path)).string
        switch state.kind {
        case .volume(let name, let access):
            let volume = Volumes.path(name, access, slot: spec.slot, in: paths.fleet.volumes)
            return .init(
                destination: target,
                type: "bind",
                source: volume.string,
                options: ["bind", "rw", "nosuid", "nodev"]
            )
        case .tmpfs(let size):
            let mode = String(TopLayerPlan.temporaryMode(state) ?? 0o755, radix: 8)
            let owner = ["mode=\(mode)", "uid=\(user.uid)", "gid=\(user.gid)"]
            return .init(
                destination: target,
                type: "tmpfs",
                source: "tmpfs",
                options: ["rw", "noexec", "nosuid", "nodev", "size=\(size)"] + owner
            )
        }
    }

    private func linux() -> RuntimeSpec.Linux {
        let resources = content.resources
        return RuntimeSpec.Linux(
            namespaces: ["pid", "ipc", "uts", "mount", "cgroup"].map { RuntimeSpec.Namespace(type: $0) }
                + [RuntimeSpec.Namespace(type: "network", path: paths.networkNamespace.string)],
            cgroupsPath: cgroup.string,
            resources: RuntimeSpec.Resources(
                memory: RuntimeSpec.Memory(
                    limit: resources.memory,
                    swap: countsSwap ? resources.memory : nil
                ),
                cpu: RuntimeSpec.CPU(quota: max(1_000, Int64(resources.cpu * 100_000)), period: 100_000),
                pids: RuntimeSpec.Pids(limit: Int64(resources.pids))
            ),
            // In the instance's own network only: a port below 1024 needs no capability.
            sysctl: ["net.ipv4.ip_unprivileged_port_start": "0"],
            seccomp: .standard,
            maskedPaths: Self.maskedPaths,
            readonlyPaths: Self.readonlyPaths
        )
    }

    static let systemMounts = [
        RuntimeSpec.Mount(
            destination: "/proc",
            type: "proc",
            source: "proc",
            options: ["nosuid", "noexec", "nodev"]
        ),
        // Read-only once the runtime has put the devices there.
        RuntimeSpec.Mount(
            destination: "/dev",
            type: "tmpfs",
            source: "tmpfs",
            options: ["nosuid", "noexec", "strictatime", "mode=755", "size=64k", "ro"]
        ),
        RuntimeSpec.Mount(
            destination: "/dev/pts",
            type: "devpts",
            source: "devpts",
            options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]
        ),
        RuntimeSpec.Mount(
            destination: "/dev/shm",
            type: "tmpfs",
            source: "shm",
            options: ["nosuid", "noexec", "nodev", "mode=1777", "size=64m"]
        ),
        RuntimeSpec.Mount(
            destination: "/dev/mqueue",
            type: "mqueue",
            source: "mqueue",
            options: ["nosuid", "noexec", "nodev"]
        ),
        RuntimeSpec.Mount(
            destination: "/sys",
            type: "sysfs",
            source: "sysfs",
            options: ["nosuid", "noexec", "nodev", "ro"]
        ),
        RuntimeSpec.Mount(
            destination: "/sys/fs/cgroup",
            type: "cgroup",
            source: "cgroup",
            options: ["nosuid", "noexec", "nodev", "relatime", "ro"]
        ),
    ]

    static let maskedPaths = [
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats",
        "/sys/devices/virtual/powercap", "/sys/firmware",
    ]

    static let readonlyPaths = [
        "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
    ]
}
