import Glibc
import KilnDefinition
import KilnSystem
import SystemPackage

/// A fleet's HAProxy as a process: a master that keeps the listener, and its workers.
struct BalancerProcess: Sendable {
    let paths: FleetPaths
    let runner: ToolRunner

    /// The master, if it runs.
    func running() -> ProcessIdentity? {
        guard let process = ProcessIdentity(file: paths.balancerProcess), isOurs(process.pid) else {
            return nil
        }
        return process
    }

    /// Whether the running master's worker answers. One that is only slow, or lost its socket, is no reason to end connections:
    /// it is asked for some seconds, then a new worker is; the old one goes on serving what it has.
    func answers(_ master: ProcessIdentity) async throws -> Bool {
        func isHeard() async throws -> Bool {
            var answers = false
            // Longer than one question may take.
            _ = try await Waiting.until(.seconds(8), every: .milliseconds(100)) {
                answers = try await state() != nil
                return answers || !master.isAlive
            }
            return answers
        }
        if try await isHeard() { return true }
        guard master.isAlive else { return false }
        master.signal(SIGUSR2)
        return try await isHeard()
    }

    func start() async throws {
        try await endOrphans()
        try Files.createDirectory(paths.balancers, mode: 0o711)
        try Files.createDirectory(paths.balancerRoot)
        try Files.remove(paths.balancerProcess)
        let invocation = ToolInvocation(
            "haproxy",
            [
                "-W", "-D", "-f", paths.balancerConfig.string, "-p", paths.balancerProcess.string,
                "-S", "\(paths.balancerMasterSocket),mode,600",
            ]
        )
        do {
            try Files.write("", to: paths.balancerLog, mode: 0o600, synced: false)
            try await runner.runDetaching(invocation, log: paths.balancerLog)
        } catch let error as ToolError {
            if case .failed(_, let output) = error.reason {
                throw failed("cannot be started", [ToolError.lastLines(of: output)])
            }
            throw error
        }
        guard try await Waiting.until(.seconds(10), { try await state() != nil }) else {
            throw failed("does not answer", [(try? Files.readText(paths.balancerLog)) ?? ""])
        }
    }

    /// Starts a new worker on the file; the old one finishes what it has.
    func reload(_ master: ProcessIdentity, stamp: String) async throws {
        master.signal(SIGUSR2)
        if try await Waiting.until(
            .seconds(10),
            every: .milliseconds(20),
            { try await state()?.stamp == stamp }
        ) {
            return
        }
        let check = try await runner.runUnchecked(
            ToolInvocation("haproxy", ["-c", "-f", paths.balancerConfig.string])
        )
        throw failed("does not take its new configuration", [ToolError.lastLines(of: check.errorText)])
    }

    /// Starts a new worker on the same file.
    func renew(_ master: ProcessIdentity) async throws {
        master.signal(SIGUSR2)
        guard try await Waiting.until(.seconds(10), { try await state() != nil }) else {
            throw failed("does not answer", [])
        }
    }

    /// Ends it with all its workers.
    func stop() async throws {
        if let master = running() {
            master.signal(SIGTERM)
            if try await !Waiting.until(.seconds(5), { !master.isAlive }) { master.signal(SIGKILL) }
        }
        try await endOrphans()
        for path in [paths.balancerProcess, paths.balancerSocket, paths.balancerMasterSocket] {
            try Files.remove(path)
        }
    }

    /// nil when nobody answers.
    func state() async throws -> BalancerState? {
        guard let text = try? await LocalSocket.ask(paths.balancerSocket, "show info;show stat"),
            let table = text.firstRange(of: "# pxname")
        else {
            try Task.checkCancellation()
            return nil
        }
        return BalancerState(
            info: String(text[..<table.lowerBound]),
            stat: String(text[table.lowerBound...])
        )
    }

    /// Those alone, for who looks often; nil when nobody answers.
    func servers() async throws -> [ServerID: BalancerState.Server]? {
        guard let stat = try? await LocalSocket.ask(paths.balancerSocket, "show stat -1 4 -1") else {
            try Task.checkCancellation()
            return nil
        }
        return BalancerState.servers(stat)
    }

    func tell(_ command: String) async throws -> String {
        try await LocalSocket.ask(paths.balancerSocket, command)
    }

    /// Workers of earlier configurations that still have connections.
    func oldWorkers() async -> [Int32] { await workers().old }

    /// None when nobody answers.
    func workers() async -> BalancerWorkers {
        BalancerWorkers(
            parsing: (try? await LocalSocket.ask(paths.balancerMasterSocket, "show proc")) ?? ""
        )
    }

    /// What an old worker answers; empty when it has just gone.
    func tell(_ command: String, oldWorker: Int32) async -> String {
        (try? await LocalSocket.ask(paths.balancerMasterSocket, "@!\(oldWorker) \(command)")) ?? ""
    }

    func failed(_ what: String, _ causes: [String]) -> LocalPlatformError {
        LocalPlatformError(
            .balancer,
            "the balancer of fleet \(paths.fleet) \(what)",
            causes: causes.filter { !$0.isEmpty }
        )
    }

    /// HAProxy on the fleet's file; not an editor on it.
    func isOurs(_ pid: Int32) -> Bool {
        ProcessIdentity.arguments(of: pid).contains(paths.balancerConfig.string)
            && ProcessIdentity.runs(["haproxy"], pid)
    }

    /// A killed master leaves workers that end by themselves, a little later; a lost process file leaves a whole balancer.
    private func endOrphans() async throws {
        func orphans() throws -> [ProcessIdentity] {
            try ProcessIdentity.all().filter(isOurs).compactMap { ProcessIdentity(pid: $0) }
        }
        if try orphans().isEmpty { return }
        for orphan in try orphans() { orphan.signal(SIGTERM) }
        if try await Waiting.until(.seconds(1), { try orphans().isEmpty }) { return }
        for orphan in try orphans() { orphan.signal(SIGKILL) }
        _ = try await Waiting.until(.seconds(2)) { try orphans().isEmpty }
    }

    /// HAProxy would share a port with another HAProxy (SO_REUSEPORT), so this looks before it starts. What is held by nobody, or
    /// by one that has no memory any more, is held by a process that is just ending: a balancer's own, when it was killed. The
    /// kernel may take seconds to take that down, which a fleet that had a balancer does not wait for: a new one shares the address
    /// with it for so long.
    func refuseTakenListener(_ listen: ListenAddress) async throws {
        var holder: ListenerHolder?
        _ = try await Waiting.until(.seconds(2), every: .milliseconds(20)) {
            holder = try ListenerHolder.find(listen)
            return holder.map { !$0.isEnding || Files.exists(paths.balancerProcess) } ?? true
        }
        guard let holder, !holder.processes.contains(where: isOurs) else { return }
        if holder.isEnding, Files.exists(paths.balancerProcess) { return }
        throw LocalPlatformError(
            .listener,
            "fleet \(paths.fleet) cannot listen on \(listen): \(holder.name) already does",
            hint: "end that, or give the fleet another listen: address"
        )
    }
}
