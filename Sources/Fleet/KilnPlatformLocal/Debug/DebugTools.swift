import Glibc
import KilnFleet
import KilnOCI
import KilnStore
import KilnSystem
import SystemPackage

/// The tools that a person has joined to an instance: a container in its namespaces. They never outlive it, since the first of its
/// processes takes all others with it (pid_namespaces(7)).
struct DebugTools: Sendable {
    let paths: InstancePaths
    let runner: ToolRunner

    /// Everything that they have; gone with the boot.
    private var folder: FilePath { paths.runtime.appending("tools") }
    private var bundle: FilePath { folder.appending("bundle") }
    private var containers: FilePath { folder.appending("state") }
    private var id: String { "\(paths.id)" }

    private func cgroups() throws -> Cgroups { try Cgroups.current(of: paths.fleet.home) }

    /// Makes all but the process, and gives the command that runs it on the caller's own terminal.
    func prepare(_ session: ToolsSession, on image: RootImage) async throws -> ToolInvocation {
        guard let process = Record.readable(ProcessRecord.self, from: paths.process)?.process, process.isAlive
        else { throw LocalPlatformError(.state, "instance \(paths.id) does not run") }
        try await end()
        for path in [folder, bundle, containers] { try Files.createDirectory(path, mode: 0o700) }
        let points = try makeMountPoints()
        let overlay = OverlayMount(layers: image.layers, above: [points], at: folder.appending("layers"))
        try await overlay.mount()
        let table = try MountTable.current()
        let spec = ToolsBundle(
            paths: paths,
            root: overlay.root,
            process: process,
            words: session.words,
            variables: image.config.config?.env ?? [],
            hasTerminal: session.hasTerminal,
            mayTrace: session.mayTrace,
            cgroup: Cgroups(home: paths.fleet.home, mounts: table).tools(of: paths.id),
            countsSwap: Cgroups.countSwap(table)
        ).runtimeSpec()
        let bytes = try CanonicalJSON.encodePretty(spec)
        try Files.write(bytes, to: bundle.appending("config.json"), mode: 0o600, synced: false)
        // Its number might have become another process's meanwhile.
        guard process.isAlive else {
            throw LocalPlatformError(.state, "instance \(paths.id) ended before the tools were joined to it")
        }
        return try runtime(["run", "--bundle", bundle.string, id])
    }

    /// Ends what runs of them; the command that runs them comes back then. A shell is told as by a terminal that closes.
    func cutOff() async throws {
        let cgroups = try cgroups()
        for number in [SIGHUP, SIGKILL] {
            let isEmpty = try await Waiting.until(.seconds(2)) {
                let left = cgroups.toolsProcesses(of: paths.id).compactMap { ProcessIdentity(pid: $0) }
                for process in left { process.signal(number) }
                return left.isEmpty
            }
            if isEmpty { return }
        }
    }

    /// Ends whatever runs of them, and removes all that they had. None are fine.
    func end() async throws {
        let cgroups = try cgroups()
        guard Files.exists(folder) || !cgroups.toolsProcesses(of: paths.id).isEmpty else { return }
        if Files.exists(containers.appending(id)) {
            _ = try await runner.runUnchecked(try runtime(["delete", "--force", id]))
        }
        let isEmpty = try await Waiting.until(.seconds(10)) {
            let left = cgroups.toolsProcesses(of: paths.id).compactMap { ProcessIdentity(pid: $0) }
            for process in left { process.signal(SIGKILL) }
            return left.isEmpty
        }
        guard isEmpty else {
            throw LocalPlatformError(
                .state,
                "the tools at \(paths.id) do not end",
                causes: ["a process resists SIGKILL"]
            )
        }
        cgroups.removeTools(of: paths.id)
        try Mounts.unmountAll(under: folder)
        try Files.remove(folder)
    }

    private func runtime(_ words: [String]) throws -> ToolInvocation {
        guard let runtime = ExecutableSearch.find("runc") else {
            throw ToolError(invocation: ToolInvocation("runc"), reason: .notFound)
        }
        let log = folder.appending("runc.log").string
        return ToolInvocation(
            runtime.string,
            ["--root", containers.string, "--log", log] + words
        )
    }

    /// Why the runtime did not start them, in its own words; empty when it did.
    func troubles() -> [String] {
        RuntimeLog.errors((try? Files.readText(folder.appending("runc.log"))) ?? "")
    }

    /// What any image may lack; names and resolver are the instance's.
    private func makeMountPoints() throws -> FilePath {
        let points = folder.appending("points")
        for name in ToolsBundle.mountPoints { try Files.createDirectory(points.appending(name), mode: 0o755) }
        let own = RootResolver(root: paths.rootMount)
        for name in ["hosts", "resolv.conf"] {
            guard let bytes = own.bytes(FilePath("/etc").appending(name)) else { continue }
            try Files.write(
                bytes,
                to: points.appending("etc").appending(name),
                mode: 0o644,
                synced: false
            )
        }
        return points
    }
}

/// What a person wants to do at an instance.
package struct ToolsSession: Sendable, Hashable {
    package let words: [String]
    package let hasTerminal: Bool
    /// Whether other processes may be traced, and their memory read: their secrets with it.
    package let mayTrace: Bool

    package init(words: [String], hasTerminal: Bool, mayTrace: Bool) {
        self.words = words
        self.hasTerminal = hasTerminal
        self.mayTrace = mayTrace
    }
}
