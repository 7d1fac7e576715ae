import Glibc
import KilnDiagnostics
import KilnFleet
import KilnSystem
import SystemPackage

/// Starts and ends an instance's processes.
struct Container: Sendable {
    let paths: InstancePaths
    let runner: ToolRunner

    init(paths: InstancePaths, runner: ToolRunner) {
        self.paths = paths
        self.runner = runner
    }

    /// The supervisor makes the container, the runtime then lets its process go.
    ///
    /// `made` sees the container as it will be, before its own program runs.
    func start(made: (ProcessIdentity) throws -> Void) async throws -> ProcessRecord {
        let commands = try commands()
        for folder in [paths.supervisorSockets, paths.containers] {
            try Files.createDirectory(folder, mode: 0o700)
        }
        try Files.createDirectory(paths.exits)
        do {
            try await runner.runDetaching(commands.supervise(), log: paths.supervisorLog)
            let process = try await awaitContainer()
            try made(process)
            try await runner.run(commands.start())
            return ProcessRecord(
                process: process,
                supervisor: ProcessIdentity(file: paths.supervisorProcess),
                started: .init(bootID: BootInstant.bootID, nanoseconds: BootInstant.now.nanoseconds)
            )
        } catch let error as ToolError {
            throw failed([error.diagnostics.first?.causes ?? [], supervisorWords].flatMap { $0 })
        }
    }

    /// Asks the process to end, waits, and kills whatever is left, the supervisor last.
    func stop(signal: Int32, grace: Duration, cgroups: Cgroups) async throws {
        let record = Record.readable(ProcessRecord.self, from: paths.process)
        if record == nil { try await endMaking() }
        if let process = record?.process ?? firstProcess(cgroups), process.isAlive {
            // What does not heed the signal would by default end at once.
            if process.heeds(signal) {
                process.signal(signal)
                _ = try await Waiting.until(grace, every: .milliseconds(10)) { !process.isAlive }
            }
        }
        if Files.exists(paths.containerState) { _ = try await runner.runUnchecked(try commands().delete()) }
        let fleet = paths.fleet.fleet
        let isEmpty = try await Waiting.until(.seconds(10)) {
            let left = cgroups.processes(paths.id, of: fleet).compactMap { ProcessIdentity(pid: $0) }
            for process in left { process.signal(SIGKILL) }
            return left.isEmpty
        }
        guard isEmpty else {
            throw LocalPlatformError(
                .start,
                "\(paths.id) does not end",
                causes: ["a process resists SIGKILL"]
            )
        }
        try await endSupervisor(record?.supervisor)
        // A runtime that was killed while it made a copy of itself leaves that copy mounted there.
        try Mounts.unmountAll(under: paths.containerState)
        try Files.remove(paths.containerState)
    }

    /// The process that the runtime noted, if the number still belongs to the instance.
    private func firstProcess(_ cgroups: Cgroups) -> ProcessIdentity? {
        guard let process = ProcessIdentity(file: paths.containerProcess),
            cgroups.processes(paths.id, of: paths.fleet.fleet).contains(process.pid)
        else { return nil }
        return process
    }

    /// Ends a supervisor and runtime that are still making the container for a command that was killed.
    private func endMaking() async throws {
        func makers() throws -> [ProcessIdentity] {
            try ProcessIdentity.all()
                .filter(isMaker)
                .compactMap { ProcessIdentity(pid: $0) }
        }
        _ = try await Waiting.until(.seconds(10)) {
            let left = try makers()
            for process in left { process.signal(SIGKILL) }
            return left.isEmpty
        }
    }

    /// A supervisor or runtime that was started with the instance's bundle; not an editor in it.
    private func isMaker(_ pid: Int32) -> Bool {
        ProcessIdentity.arguments(of: pid).contains(paths.bundle.string)
            && ProcessIdentity.runs(["conmon", "runc"], pid)
    }

    /// It ends by itself once it has noted how the container ended.
    private func endSupervisor(_ known: ProcessIdentity?) async throws {
        guard let supervisor = known ?? supervisor(), supervisor.isAlive else { return }
        if try await Waiting.until(.seconds(2), { !supervisor.isAlive }) { return }
        supervisor.signal(SIGKILL)
        _ = try await Waiting.until(.seconds(2)) { !supervisor.isAlive }
    }

    /// The supervisor by its process file, if the number still belongs to it.
    private func supervisor() -> ProcessIdentity? {
        guard let process = ProcessIdentity(file: paths.supervisorProcess),
            isMaker(process.pid)
        else { return nil }
        return process
    }

    private func awaitContainer() async throws -> ProcessIdentity {
        var process: ProcessIdentity?
        var supervisorEnded = false
        _ = try await Waiting.until(.seconds(60), every: .milliseconds(2)) {
            process = ProcessIdentity(file: paths.containerProcess)
            if process != nil { return true }
            supervisorEnded = Files.exists(paths.supervisorProcess) && supervisor() == nil
            return supervisorEnded
        }
        if let process { return process }
        throw failed(supervisorWords)
    }

    private func failed(_ causes: [String]) -> LocalPlatformError {
        let isProgram = causes.contains(where: Self.blamesProgram)
        return LocalPlatformError(
            isProgram ? .program : .start,
            "\(paths.id) cannot be started",
            causes: causes,
            hint: isProgram ? "check the image's entrypoint" : nil
        )
    }

    /// runc tells a program that is missing or not executable by its words alone, those of Go's `exec.Error`.
    static func blamesProgram(_ words: String) -> Bool {
        words.contains("container process: exec: ")
    }

    /// What the runtime said, else the supervisor, without the line about its own priority that every start brings.
    private var supervisorWords: [String] {
        let runtime = RuntimeLog.errors((try? Files.readText(paths.runtimeLog)) ?? "")
        if !runtime.isEmpty { return runtime }
        let text = (try? Files.readText(paths.supervisorLog)) ?? ""
        let lines = text.split(separator: "\n").filter { !$0.contains("oom_score_adj") }
        return lines.isEmpty ? [] : [lines.suffix(6).joined(separator: "\n")]
    }

    private func commands() throws -> ContainerCommands {
        guard let runtime = ExecutableSearch.find("runc") else {
            throw ToolError(invocation: ToolInvocation("runc"), reason: .notFound)
        }
        return ContainerCommands(paths: paths, runtime: runtime)
    }
}
