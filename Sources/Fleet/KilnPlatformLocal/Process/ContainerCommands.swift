import KilnFleet
import KilnSystem
import SystemPackage

/// The commands that make, start, ask and remove an instance's container.
struct ContainerCommands: Sendable {
    let paths: InstancePaths
    let runtime: FilePath

    private var id: String { paths.id.description }
    private var root: String { paths.containers.string }

    /// Most bytes of one log file; the supervisor begins a new one then.
    static let logLimit: Int64 = 8 << 20

    /// The supervisor: has the container made, keeps its output and its end, and outlives us.
    func supervise() -> ToolInvocation {
        ToolInvocation(
            "conmon",
            [
                "-c", id, "-u", id, "-n", id, "-r", runtime.string,
                "-b", paths.bundle.string,
                "-p", paths.containerProcess.string,
                "--conmon-pidfile", paths.supervisorProcess.string,
                "-l", "k8s-file:\(paths.log)", "--log-size-max", String(Self.logLimit),
                "--exit-dir", paths.exits.string,
                "--socket-dir-path", paths.supervisorSockets.string,
                "--persist-dir", paths.exits.string,
                "--log-level", "warning",
                "--runtime-arg", "--root", "--runtime-arg", root,
                // Its standard error ends in the supervisor.
                "--runtime-arg", "--log", "--runtime-arg", paths.runtimeLog.string,
            ],
            // It writes the time of day into the log: UTC, whatever the caller's zone.
            environment: ["TZ": "UTC"]
        )
    }

    func start() -> ToolInvocation {
        ToolInvocation(runtime.string, ["--root", root, "start", id])
    }

    func delete() -> ToolInvocation {
        ToolInvocation(runtime.string, ["--root", root, "delete", "--force", id])
    }

    /// Runs a command beside the instance's own process, as its user; the process number goes to `processFile`.
    func execute(_ words: [String], processFile: FilePath) -> ToolInvocation {
        ToolInvocation(
            runtime.string,
            ["--root", root, "exec", "--pid-file", processFile.string, id] + words
        )
    }
}
