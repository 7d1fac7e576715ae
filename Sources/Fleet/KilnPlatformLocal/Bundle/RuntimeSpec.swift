/// What a container runtime is told of one instance: the parts of the OCI runtime spec (config.md, config-linux.md) that Kiln uses.
package struct RuntimeSpec: Sendable, Hashable, Codable {
    package var ociVersion = "1.0.2"
    package var process: Process
    package var root: Root
    package var hostname: String
    package var mounts: [Mount]
    package var linux: Linux
    package var annotations: [String: String]

    package struct Root: Sendable, Hashable, Codable {
        package var path: String
        package var readonly = true
    }

    package struct Process: Sendable, Hashable, Codable {
        package var terminal = false
        package var user: User
        package var args: [String]
        package var env: [String]
        package var cwd: String
        package var capabilities: Capabilities
        package var noNewPrivileges = true
        package var rlimits: [ResourceLimit]
        package var oomScoreAdj: Int
    }

    /// `setrlimit(2)`.
    package struct ResourceLimit: Sendable, Hashable, Codable {
        package var type: String
        package var soft: UInt64
        package var hard: UInt64
    }

    package struct User: Sendable, Hashable, Codable {
        package var uid: UInt32
        package var gid: UInt32
        package var additionalGids: [UInt32]
    }

    package struct Capabilities: Sendable, Hashable, Codable {
        package var bounding: [String] = []
        package var effective: [String] = []
        package var permitted: [String] = []
        package var inheritable: [String] = []
        package var ambient: [String] = []

        /// No capability at all, for root too.
        package static let none = Capabilities()
    }

    package struct Mount: Sendable, Hashable, Codable {
        package var destination: String
        package var type: String
        package var source: String
        package var options: [String]
    }

    package struct Linux: Sendable, Hashable, Codable {
        package var namespaces: [Namespace]
        package var cgroupsPath: String
        package var resources: Resources
        package var sysctl: [String: String]
        package var seccomp: SeccompProfile
        package var maskedPaths: [String]
        package var readonlyPaths: [String]
    }

    package struct Namespace: Sendable, Hashable, Codable {
        package var type: String
        /// Joins this one instead of making one.
        package var path: String?
    }

    package struct Resources: Sendable, Hashable, Codable {
        package var memory: Memory
        package var cpu: CPU
        package var pids: Pids
        package var devices = [Device(allow: false, access: "rwm")]
    }

    package struct Memory: Sendable, Hashable, Codable {
        package var limit: Int64
        /// Memory and swap together; nil where the kernel does not count swap.
        package var swap: Int64?
    }

    /// `quota` microseconds of every `period`.
    package struct CPU: Sendable, Hashable, Codable {
        package var quota: Int64
        package var period: UInt64
    }

    package struct Pids: Sendable, Hashable, Codable {
        package var limit: Int64
    }

    package struct Device: Sendable, Hashable, Codable {
        package var allow: Bool
        package var access: String
    }
}
