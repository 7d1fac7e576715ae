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
    /// By kind, the number of the namespace that its processes are in.
    package var namespaces: [String: UInt64]
    /// Of its first process; nil until that has settled.
    package var start: StartFacts?
    /// On the host.
    package var first: Int32?
    /// Files of a writable root that are not the image's.
    package var changedFiles: Set<String>

    package init(
        instance: InstanceID,
        mounts: [MountEntry] = [],
        processes: [ProcessFacts] = [],
        configFiles: [String: Digest?] = [:],
        limits: [String: String] = [:],
        namespaces: [String: UInt64] = [:],
        start: StartFacts? = nil,
        first: Int32? = nil,
        changedFiles: Set<String> = []
    ) {
        self.instance = instance
        self.mounts = mounts
        self.processes = processes
        self.configFiles = configFiles
        self.limits = limits
        self.namespaces = namespaces
        self.start = start
        self.first = first
        self.changedFiles = changedFiles
    }
}
