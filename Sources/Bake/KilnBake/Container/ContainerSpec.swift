/// The part of an OCI runtime bundle's `config.json` that a bake uses (OCI runtime spec, config.md).
struct ContainerSpec: Encodable {
    struct Process: Encodable {
        struct User: Encodable {
            var uid = 0
            var gid = 0
            var umask = 0o022
        }

        struct Capabilities: Encodable {
            var bounding = ContainerSpec.capabilities
            var effective = ContainerSpec.capabilities
            var permitted = ContainerSpec.capabilities
        }

        var terminal = false
        var user = User()
        var args: [String]
        var env: [String]
        var cwd = "/"
        var capabilities = Capabilities()
        var noNewPrivileges = true
    }

    struct Root: Encodable {
        var path: String
        var readonly = false
    }

    struct Mount: Encodable, Equatable {
        var destination: String
        var type: String
        var source: String
        var options: [String]
    }

    struct Linux: Encodable {
        struct Namespace: Encodable {
            var type: String
        }

        struct Resources: Encodable {
            struct DeviceRule: Encodable {
                var allow = false
                var access = "rwm"
            }

            struct ProcessLimit: Encodable {
                var limit = 4096
            }

            /// None but those that runc itself lets every container have; nodes of others may be made, not opened.
            var devices = [DeviceRule()]
            /// Threads count, too.
            var pids = ProcessLimit()
        }

        var cgroupsPath: String
        var resources = Resources()
        var namespaces = ["pid", "ipc", "uts", "mount", "network"].map(Namespace.init)
        var maskedPaths = [
            "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/scsi",
            "/proc/sched_debug", "/proc/timer_list", "/proc/timer_stats", "/sys/firmware",
        ]
        var readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
    }

    /// What dpkg and maintainer scripts need: other users' files, nodes, file capabilities, chroot.
    static let capabilities = [
        "CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
        "CAP_MKNOD",
        "CAP_SETFCAP", "CAP_SETGID", "CAP_SETUID", "CAP_SYS_CHROOT",
    ]

    var ociVersion = "1.0.2"
    var process: Process
    var root: Root
    var hostname = "kiln"
    var mounts: [Mount]
    var linux: Linux
}
