import Glibc
import KilnDefinition
import KilnFleet
import KilnSystem
import SystemPackage

/// A fleet's balancer: its file first, then the running process made to match it.
///
/// Every change goes through the file, so that a reload, or a start after a crash, comes up with what was last decided.
struct Balancer: Sendable {
    let paths: FleetPaths
    let process: BalancerProcess

    init(paths: FleetPaths, runner: ToolRunner) {
        self.paths = paths
        process = BalancerProcess(paths: paths, runner: runner)
    }

    /// What the file says; nil when the fleet was never set up, or the file is not ours.
    func config() -> BalancerConfig? {
        guard let text = try? Files.readText(paths.balancerConfig) else { return nil }
        return BalancerFileReader.read(text)
    }

    /// Whether the file is, byte for byte, what was written for what it says.
    func fileIsOurs() -> Bool {
        guard let config = config(), let text = try? Files.readText(paths.balancerConfig) else {
            return false
        }
        return text == file.text(config)
    }

    /// Makes the balancer stand on the address with the servers that `keep` says, started or restarted as needed.
    func converge(listen: ListenAddress?, keep: (String) -> Bool) async throws {
        try await locked {
            var config = config() ?? BalancerConfig(listen: nil)
            // Before anything is written: the file must not say what cannot be.
            if let listen { try process.refuseTakenListener(listen) }
            config.listen = listen
            config.servers.removeAll { !keep($0.name) }
            try await bring(&config)
        }
    }

    /// Gives the instance traffic and waits until the balancer takes it.
    func route(_ spec: InstanceSpec, address: String) async throws {
        let config = try await change { config in
            guard let server = BalancerConfig.Server(spec, address: address, weight: 1) else {
                guard config.listen != nil else { return }
                throw LocalPlatformError(
                    .balancer,
                    "image \(spec.release.content.imageName) names no port for the balancer",
                    hint: "name one of its ports http"
                )
            }
            config.set(server)
        }
        guard config.listen != nil else { return }
        var status = "unknown"
        let isTaken = try await Waiting.until(.seconds(15), every: .milliseconds(10)) {
            let server = try await process.state()?.servers[spec.id.description]
            status = server?.status ?? "unknown"
            return server?.isTaken ?? false
        }
        guard isTaken else {
            throw process.failed("gives \(spec.id) no requests", ["its own check finds it \(status)"])
        }
    }

    /// Takes new requests away from the instance.
    func drain(_ instance: InstanceID) async throws {
        try await change { config in
            guard var server = config.server(instance.description) else { return }
            server.weight = 0
            config.set(server)
        }
    }

    /// Ends what requests are left and forgets the instance.
    func detach(_ instance: InstanceID) async throws {
        guard config()?.server(instance.description) != nil else { return }
        try await change { $0.remove(instance.description) }
    }

    /// What each instance gets. Nobody gets anything from a balancer that does not run.
    func traffic() async throws -> [String: InstanceObservation.Traffic] {
        guard let config = config() else { return [:] }
        guard config.listen != nil else {
            let traffic = config.servers.map { server in
                (server.name, server.weight > 0 ? InstanceObservation.Traffic.ready : .draining(sessions: 0))
            }
            return Dictionary(traffic) { first, _ in first }
        }
        guard var servers = try await process.state()?.servers else { return [:] }
        for worker in await process.oldWorkers() {
            let old = BalancerState.servers(await process.tell("show stat", oldWorker: worker))
            for (name, server) in old { servers[name]?.sessions += server.sessions }
        }
        return servers.mapValues { server in
            if server.isInMaintenance { return .none }
            return server.weight > 0 ? .ready : .draining(sessions: server.sessions)
        }
    }

    func remove() async throws {
        try await locked {
            try await process.stop()
            try Files.remove(paths.balancerConfig)
        }
    }

    @discardableResult
    private func change(_ body: (inout BalancerConfig) throws -> Void) async throws -> BalancerConfig {
        try await locked {
            guard var config = config() else { throw process.failed("was not set up yet", []) }
            try body(&config)
            try await bring(&config)
            return config
        }
    }

    /// Writes the file, then makes the process match it.
    private func bring(_ config: inout BalancerConfig) async throws {
        config.chooseCheck(for: config.servers.compactMap { release($0.name) })
        try Files.createDirectory(paths.directory, mode: 0o700)
        let text = file.text(config)
        if (try? Files.readText(paths.balancerConfig)) != text {
            try Files.write(text, to: paths.balancerConfig, mode: 0o600, synced: false)
        }
        guard config.listen != nil else { return try await process.stop() }
        guard let master = process.running(), try await process.state() != nil else {
            return try await process.start()
        }
        try await match(config, master)
    }

    /// Goes on until there is nothing left to tell: a server is deleted only once its last connection has closed.
    private func match(_ config: BalancerConfig, _ master: ProcessIdentity) async throws {
        var answers: [String] = []
        let matches = try await Waiting.until(.seconds(10), every: .milliseconds(10)) {
            guard let state = try await process.state() else { return false }
            let steps = BalancerPlan.steps(from: state, to: config, stamp: file.stamp(config))
            answers = []
            for step in steps { answers += try await take(step, config, master) }
            let areOldDone = await matchOldWorkers(config)
            return steps.isEmpty && areOldDone
        }
        if !matches { throw process.failed("does not follow its configuration", answers) }
    }

    /// What the balancer had to say to the step.
    private func take(
        _ step: BalancerPlan.Step,
        _ config: BalancerConfig,
        _ master: ProcessIdentity
    ) async throws -> [String] {
        if step == .reload {
            try await process.reload(master, stamp: file.stamp(config))
            return []
        }
        var answers: [String] = []
        for command in BalancerPlan.commands(step) {
            answers += try await process.tell(command).split(separator: "\n").map(String.init)
        }
        return answers
    }

    /// Whether there was nothing to tell them.
    private func matchOldWorkers(_ config: BalancerConfig) async -> Bool {
        var isDone = true
        for worker in await process.oldWorkers() {
            let servers = BalancerState.servers(await process.tell("show stat", oldWorker: worker))
            for step in BalancerPlan.steps(forOldWorker: servers, to: config) {
                isDone = false
                for command in BalancerPlan.commands(step) {
                    _ = await process.tell(command, oldWorker: worker)
                }
            }
        }
        return isDone
    }

    private func release(_ instance: String) -> ReleaseContent? {
        let spec = paths.instance(InstanceID(instance)).spec
        return (try? Record.read(InstanceSpec.self, from: spec))?.release.content
    }

    private var file: BalancerFile {
        BalancerFile(
            fleet: paths.fleet,
            socket: paths.balancerSocket,
            root: paths.balancerRoot,
            account: getpwnam(Self.account) == nil || getgrnam(Self.account) == nil ? nil : Self.account
        )
    }

    private static let account = "haproxy"

    private func locked<Result>(_ body: () async throws -> Result) async throws -> Result {
        try Files.createDirectory(paths.balancers, mode: 0o711)
        return try await FileLock.with(paths.balancerLock) { try await body() }
    }
}
