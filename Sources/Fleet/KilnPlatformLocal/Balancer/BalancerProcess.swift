import Glibc
import KilnDefinition
import KilnSystem
import SystemPackage

/// A fleet's HAProxy as a process: a master that keeps the listener, and its workers.
struct BalancerProcess: Sendable {
    let paths: FleetPaths
    let runner: ToolRunner

    /// The master, if it runs.
    ///
    /// Whoever reloads HAProxy (a person, too) makes it remove its process file and write it anew some milliseconds later. So while
    /// any of its processes is there, a file that names none is looked at again, and only one that names the dead is believed.
    func running() async throws -> ProcessIdentity? {
        if let master = try await named() { return master }
        guard !namesDead() else { return nil }
        var master: ProcessIdentity?
        let isOver = try await Waiting.until(.seconds(2)) {
            master = try await named()
            if master != nil || namesDead() { return true }
            return try await members().isEmpty
        }
        return isOver ? master : try await found()
    }

    /// The one that the process file names.
    private func named() async throws -> ProcessIdentity? {
        guard let process = ProcessIdentity(file: paths.balancerProcess), try await isOurs(process.pid) else {
            return nil
        }
        return process
    }

    /// Whether the process file names one that is there no more.
    private func namesDead() -> Bool {
        guard let text = try? Files.readText(paths.balancerProcess), text.contains(where: \.isNumber) else {
            return false
        }
        return ProcessIdentity(file: paths.balancerProcess) == nil
    }

    /// The master whose process file was lost. It tells its own number, and writes the file when it reloads.
    private func found() async throws -> ProcessIdentity? {
        guard let pid = try await workers().master, let master = ProcessIdentity(pid: pid),
            try await isOurs(pid)
        else { return nil }
        master.signal(SIGUSR2)
        _ = try await Waiting.until(.seconds(5)) { try await named() != nil }
        return master
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

    /// Starts a new worker on the file; the old one finishes what it has. A master that is just in the middle of a reload hears
    /// of no other, so it is told again once it answers.
    func reload(_ master: ProcessIdentity, stamp: String) async throws {
        master.signal(SIGUSR2)
        let deadline = ContinuousClock.now.advanced(by: .seconds(10))
        while ContinuousClock.now < deadline {
            let isTaken = try await Waiting.until(.milliseconds(500), every: .milliseconds(20)) {
                try await state()?.stamp == stamp
            }
            if isTaken { return }
            if try await workers().master == master.pid, try await state()?.stamp != stamp {
                master.signal(SIGUSR2)
            }
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
        if let master = try await running() {
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

    /// Whom its master knows. In the middle of a reload that answers nobody, and is asked again; none when it does not then.
    func workers() async throws -> BalancerWorkers {
        var workers = BalancerWorkers(parsing: "")
        _ = try await Waiting.until(.seconds(2)) {
            let answer = try? await LocalSocket.ask(paths.balancerMasterSocket, "show proc")
            workers = BalancerWorkers(parsing: answer ?? "")
            return workers.master != nil
        }
        return workers
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

    /// HAProxy on the fleet's file; not an editor on it. A master that reloads starts itself anew and has no words for a moment
    /// (execve(2) gives a process its new memory before its words are in there).
    func isOurs(_ pid: Int32) async throws -> Bool {
        var words: [String] = []
        _ = try await Waiting.until(.seconds(1), every: .milliseconds(1)) {
            words = ProcessIdentity.arguments(of: pid)
            return !words.isEmpty || ProcessIdentity(pid: pid) == nil
                || !ProcessIdentity.runs(["haproxy"], pid)
        }
        return words.contains(paths.balancerConfig.string) && ProcessIdentity.runs(["haproxy"], pid)
    }

    /// The master and all workers, whatever the process file names.
    private func members() async throws -> [ProcessIdentity] {
        var members: [ProcessIdentity] = []
        for pid in try ProcessIdentity.all() where try await isOurs(pid) {
            if let member = ProcessIdentity(pid: pid) { members.append(member) }
        }
        return members
    }

    /// A killed master leaves workers that end by themselves, a little later.
    private func endOrphans() async throws {
        let orphans = try await members()
        if orphans.isEmpty { return }
        for orphan in orphans { orphan.signal(SIGTERM) }
        if try await Waiting.until(.seconds(1), { try await members().isEmpty }) { return }
        for orphan in try await members() { orphan.signal(SIGKILL) }
        _ = try await Waiting.until(.seconds(2)) { try await members().isEmpty }
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
        guard let holder else { return }
        for process in holder.processes where try await isOurs(process) { return }
        if holder.isEnding, Files.exists(paths.balancerProcess) { return }
        throw LocalPlatformError(
            .listener,
            "fleet \(paths.fleet) cannot listen on \(listen): \(holder.name) already does",
            hint: "end that, or give the fleet another listen: address"
        )
    }
}
