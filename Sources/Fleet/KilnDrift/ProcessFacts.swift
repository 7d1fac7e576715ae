/// One process of an instance: in its cgroups, or in one of its namespaces.
package struct ProcessFacts: Sendable, Hashable {
    /// How it came to be there.
    package enum Origin: Sendable, Hashable {
        /// Started by the instance's first process, or by what that started.
        case instance
        /// In the instance's cgroups, with a parent on the host: by the container runtime, or by somebody's hand.
        case session
        /// In a namespace of the instance alone. Nothing that the instance starts ever leaves its cgroups.
        case outside
    }

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
    package let origin: Origin
    /// The program's file is gone by now.
    package let isDeleted: Bool
    /// All that it may use or gain, one bit each (capabilities(7)).
    package let capabilities: UInt64
    package let isConfined: Bool
    /// By kind, the namespace's number.
    package let namespaces: [String: UInt64]
    /// Seconds since 1970.
    package let started: Int64?

    package init(
        pid: Int32,
        startTime: UInt64,
        executable: String,
        mountID: Int?,
        name: String,
        origin: Origin = .instance,
        isDeleted: Bool = false,
        capabilities: UInt64 = 0,
        isConfined: Bool = true,
        namespaces: [String: UInt64] = [:],
        started: Int64? = nil
    ) {
        self.pid = pid
        self.startTime = startTime
        self.executable = executable
        self.mountID = mountID
        self.name = name
        self.origin = origin
        self.isDeleted = isDeleted
        self.capabilities = capabilities
        self.isConfined = isConfined
        self.namespaces = namespaces
        self.started = started
    }

    package var subject: String { "\(name) (pid \(pid))" }
}

/// What an instance's first process was started with, as the kernel keeps it.
package struct StartFacts: Sendable, Hashable, Codable {
    /// Where the kernel put code, arguments and variables: moves with every execve(2), and with nothing else.
    package var image: [UInt64]
    package var arguments: [String]
    /// By name, a digest of the value: some are nobody's business.
    package var variables: [String: String]
    /// By name, soft and hard.
    package var limits: [String: [String]]

    package init(
        image: [UInt64],
        arguments: [String],
        variables: [String: String],
        limits: [String: [String]]
    ) {
        self.image = image
        self.arguments = arguments
        self.variables = variables
        self.limits = limits
    }
}
