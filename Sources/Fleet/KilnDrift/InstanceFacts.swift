package import KilnFleet
package import KilnOCI
package import KilnSystem

/// What an instance is made of, seen from outside. Taken once right after its start and compared with what is seen later.
package struct InstanceFacts: Sendable, Hashable {
    package let instance: InstanceID
    /// Its mount namespace, in the order of mounting.
    package var mounts: [MountEntry]
    package var processes: [ProcessFacts]
    /// By path inside the instance (and the bundle's own file); nil where there is no such file any more.
    package var configFiles: [String: Digest?]
    /// By name, in the kernel's spelling: `memory.limit_in_bytes`, `pids.max`, …
    package var limits: [String: String]

    package init(
        instance: InstanceID,
        mounts: [MountEntry] = [],
        processes: [ProcessFacts] = [],
        configFiles: [String: Digest?] = [:],
        limits: [String: String] = [:]
    ) {
        self.instance = instance
        self.mounts = mounts
        self.processes = processes
        self.configFiles = configFiles
        self.limits = limits
    }
}

/// One process of an instance: in its cgroups, or in one of its namespaces.
package struct ProcessFacts: Sendable, Hashable {
    /// On the host.
    package let pid: Int32
    /// Clock ticks after boot (proc(5), stat field 22): with the pid, names one process for good.
    package let startTime: UInt64
    /// As the kernel shows it: inside its own mount namespace.
    package let executable: String
    /// The mount that the program was opened through (fdinfo `mnt_id`): no other evidence says so surely where it came
    /// from, since overlays and bind mounts all show the same paths.
    package let mountID: Int?
    package let name: String
    /// In the instance's cgroups, which nothing that it starts ever leaves. What is only in a namespace came from outside.
    package let isOwn: Bool

    package init(
        pid: Int32,
        startTime: UInt64,
        executable: String,
        mountID: Int?,
        name: String,
        isOwn: Bool = true
    ) {
        self.pid = pid
        self.startTime = startTime
        self.executable = executable
        self.mountID = mountID
        self.name = name
        self.isOwn = isOwn
    }
}
