import KilnOCI
import KilnSystem
import SystemPackage

/// A command to run in an image's root at bake time, as data.
///
/// It sees the root, the read-only binds, fresh `/tmp`, `/run`, `/proc`, `/sys` and `/dev`, no network but `lo`, and
/// no variable of the machine. What it leaves in the root is the layer.
struct BakeContainer: Sendable {
    struct Bind: Sendable, Hashable {
        /// On the machine.
        var source: FilePath
        /// Absolute path in the container, below `/kiln` unless it is a file that the root may lack.
        var target: String
        var isWritable = false
    }

    /// Where everything that a command is given appears.
    static let folder = "/kiln"

    var arguments: [String]
    var environment: [String: String]
    var binds: [Bind]
    var workingDirectory = "/"
    /// A folder with a `tmp` and a `run` to use instead of fresh ones, so that they outlive the command.
    var memory: FilePath?
    /// What it may read while it runs.
    var secrets: SecretMount?
    /// Whether it is a person's at this process's terminal.
    var isInteractive = false

    /// `epoch` is told to everything that honours SOURCE_DATE_EPOCH.
    init(arguments: [String], environment: [String: String] = [:], epoch: Int64, binds: [Bind] = []) {
        self.arguments = arguments
        self.environment = Self.fixedEnvironment(epoch: epoch).merging(environment) { $1 }
        self.binds = binds
    }

    private static func fixedEnvironment(epoch: Int64) -> [String: String] {
        [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "SOURCE_DATE_EPOCH": String(epoch),
        ]
    }

    /// What is mounted over the root, in order.
    var mounts: [ContainerSpec.Mount] {
        [
            .init(
                destination: "/proc",
                type: "proc",
                source: "proc",
                options: ["nosuid", "noexec", "nodev"]
            ),
            .init(
                destination: "/dev",
                type: "tmpfs",
                source: "tmpfs",
                options: ["nosuid", "strictatime", "mode=755", "size=65536k"]
            ),
            .init(
                destination: "/dev/pts",
                type: "devpts",
                source: "devpts",
                options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]
            ),
            Self.tmpfs("/dev/shm", mode: "1777", size: "25%"),
            .init(
                destination: "/sys",
                type: "sysfs",
                source: "sysfs",
                options: ["nosuid", "noexec", "nodev", "ro"]
            ),
            scratch("/tmp", mode: "1777", size: "50%"),
            scratch("/run", mode: "755", size: "25%"),
            Self.tmpfs(Self.folder, mode: "755", size: "1m"),
        ] + (binds + (secrets?.binds ?? [])).map(Self.mount)
    }

    private func scratch(_ path: String, mode: String, size: String) -> ContainerSpec.Mount {
        guard let memory else { return Self.tmpfs(path, mode: mode, size: size) }
        return Self.mount(
            Bind(source: memory.appending(String(path.dropFirst())), target: path, isWritable: true)
        )
    }

    /// `size` is the most that it takes, of the machine's memory where it is a share.
    private static func tmpfs(_ path: String, mode: String, size: String) -> ContainerSpec.Mount {
        ContainerSpec.Mount(
            destination: path,
            type: "tmpfs",
            source: "tmpfs",
            options: ["nosuid", "nodev", "mode=\(mode)", "size=\(size)"]
        )
    }

    private static func mount(_ bind: Bind) -> ContainerSpec.Mount {
        ContainerSpec.Mount(
            destination: bind.target,
            type: "bind",
            source: bind.source.string,
            options: ["bind", bind.isWritable ? "rw" : "ro", "nosuid", "nodev"]
        )
    }

    /// Paths that runc makes in the root when it lacks them; they must not stay.
    var mountPoints: [String] {
        let within = ["/dev/", "/run/", Self.folder + "/"]
        return mounts.map(\.destination).filter { path in !within.contains { path.hasPrefix($0) } }
    }

    func spec(root: FilePath, id: String) -> ContainerSpec {
        ContainerSpec(
            process: ContainerSpec.Process(
                terminal: isInteractive,
                args: arguments,
                env: environment.map { "\($0)=\($1)" }.sorted(),
                cwd: workingDirectory
            ),
            root: ContainerSpec.Root(path: root.string),
            mounts: mounts,
            linux: ContainerSpec.Linux(cgroupsPath: "/" + id)
        )
    }
}
