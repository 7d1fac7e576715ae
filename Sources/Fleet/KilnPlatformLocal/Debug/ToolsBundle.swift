import KilnDefinition
import KilnFleet
import KilnSystem
import SystemPackage

/// How tools run beside an instance: in its namespaces of processes, network, messages and name, on a root of their own, within
/// limits of their own, and with no more rights than looking needs.
struct ToolsBundle {
    /// Where the instance's root is seen.
    static let instanceRoot = "/instance"
    /// What is made in the tools' root to mount upon.
    static let mountPoints = ["proc", "dev", "sys", "tmp", "run", "root", "instance", "etc"]

    static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    let paths: InstancePaths
    let root: FilePath
    let process: ProcessIdentity
    let words: [String]
    /// Of the tools' image.
    let variables: [String]
    let hasTerminal: Bool
    let mayTrace: Bool
    let cgroup: FilePath
    let countsSwap: Bool

    private static let memory: Int64 = 512 << 20

    func runtimeSpec() -> RuntimeSpec {
        RuntimeSpec(
            process: RuntimeSpec.Process(
                terminal: hasTerminal,
                user: RuntimeSpec.User(uid: 0, gid: 0, additionalGids: []),
                args: words,
                env: environment,
                cwd: "/",
                capabilities: capabilities,
                rlimits: InheritedLimits.current.limits,
                oomScoreAdj: InheritedLimits.current.killScore
            ),
            root: RuntimeSpec.Root(path: root.string),
            hostname: paths.id.description,
            mounts: mounts,
            linux: RuntimeSpec.Linux(
                namespaces: namespaces,
                cgroupsPath: cgroup.string,
                resources: RuntimeSpec.Resources(
                    memory: RuntimeSpec.Memory(limit: Self.memory, swap: countsSwap ? Self.memory : nil),
                    cpu: RuntimeSpec.CPU(quota: 100_000, period: 100_000),
                    pids: RuntimeSpec.Pids(limit: 256)
                ),
                sysctl: [:],
                seccomp: .tools(mayTrace: mayTrace),
                maskedPaths: BundlePlan.maskedPaths,
                readonlyPaths: BundlePlan.readonlyPaths
            ),
            annotations: ["kiln.fleet": paths.fleet.fleet.description, "kiln.debug": paths.id.description]
        )
    }

    private var environment: [String] {
        var known = ["PATH": Self.path]
        for line in variables {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            known[String(parts[0])] = parts.count == 2 ? String(parts[1]) : ""
        }
        known["HOME"] = "/root"
        known["KILN_INSTANCE"] = paths.id.description
        known["PS1"] = "debug \(paths.id) # "
        if hasTerminal { known["TERM"] = known["TERM"] ?? "xterm" }
        return known.map { "\($0)=\($1)" }.sorted()
    }

    /// Reading what belongs to others, signals to the instance's processes, and raw sockets to see its traffic; other processes'
    /// memory only where that was asked for, since secrets are in it.
    private var capabilities: RuntimeSpec.Capabilities {
        let names = ["CAP_DAC_READ_SEARCH", "CAP_KILL", "CAP_NET_RAW"] + (mayTrace ? ["CAP_SYS_PTRACE"] : [])
        return RuntimeSpec.Capabilities(bounding: names, effective: names, permitted: names)
    }

    private var namespaces: [RuntimeSpec.Namespace] {
        let own = FilePath("/proc/\(process.pid)/ns")
        return [
            RuntimeSpec.Namespace(type: "pid", path: own.appending("pid").string),
            RuntimeSpec.Namespace(type: "network", path: own.appending("net").string),
            RuntimeSpec.Namespace(type: "ipc", path: own.appending("ipc").string),
            RuntimeSpec.Namespace(type: "uts", path: own.appending("uts").string),
            RuntimeSpec.Namespace(type: "mount"),
            RuntimeSpec.Namespace(type: "cgroup"),
        ]
    }

    private var mounts: [RuntimeSpec.Mount] {
        let own = ["/tmp", "/run", "/root"].map { target in
            RuntimeSpec.Mount(
                destination: target,
                type: "tmpfs",
                source: "tmpfs",
                options: ["rw", "nosuid", "nodev", "size=64m", "mode=\(target == "/tmp" ? "1777" : "755")"]
            )
        }
        // Its sealed root as it was mounted: secrets, volumes and what is in memory are mounted in the instance alone.
        let instance = RuntimeSpec.Mount(
            destination: Self.instanceRoot,
            type: "bind",
            source: paths.rootMount.string,
            options: ["bind", "ro", "nosuid", "nodev"]
        )
        return BundlePlan.systemMounts.filter { $0.type != "cgroup" } + own + [instance]
    }
}

extension SeccompProfile {
    /// That of instances, and raw sockets; with `mayTrace` also what debuggers call.
    static func tools(mayTrace: Bool) -> SeccompProfile {
        var profile = SeccompProfile.standard
        // AF_PACKET
        profile.syscalls.append(
            Rule(names: ["socket"], action: .allow, args: [Argument(index: 0, value: 17, op: .equal)])
        )
        if mayTrace {
            let calls = ["ptrace", "process_vm_readv", "process_vm_writev", "kcmp"]
            profile.syscalls.append(Rule(names: calls, action: .allow))
        }
        return profile
    }
}
