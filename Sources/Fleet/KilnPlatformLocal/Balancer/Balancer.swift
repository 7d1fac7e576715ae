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
    let runner: ToolRunner
    let bridge: Bridge

    init(paths: FleetPaths, runner: ToolRunner) {
        self.paths = paths
        self.runner = runner
        bridge = Bridge(home: paths.home, runner: runner)
        process = BalancerProcess(paths: paths, runner: runner)
    }

    /// Refuses addresses that somebody else listens on.
    func check(_ settings: FleetSettings) async throws {
        for front in fronts(settings) {
            for address in [front.listener.address, front.inside].compactMap(\.self) {
                try await process.refuseTakenListener(address)
            }
        }
    }

    /// Whether the running process was started on what the settings say; without a listener there is none.
    func follows(_ settings: FleetSettings) async throws -> Bool {
        guard settings.listen != nil else { return true }
        guard try self.settings() != nil else { return false }
        return try await locked {
            guard let state = try await process.state() else { return false }
            return state.stamp == file.stamp(try config(settings, try await shares()))
        }
    }

    /// Makes the balancer stand on its addresses with the servers that `keep` says, started or restarted as needed.
    func converge(_ settings: FleetSettings, keep: (String) -> Bool) async throws {
        try await locked {
            // Before anything is written: the file must not say what cannot be.
            try await check(settings)
            try await prepareUsableCertificates(settings)
            try await bring(try config(settings, try await shares().filter { keep($0.key) }))
            try folder.keep(only: settings.listen?.all ?? [])
        }
    }

    /// Gives the instance traffic and waits until the balancer takes it.
    func route(_ spec: InstanceSpec, weight: Int) async throws {
        let name = spec.id.description
        let config = try await change { listen, shares in
            if listen != nil, !spec.release.content.isReached(by: listen) {
                throw LocalPlatformError(
                    .balancer,
                    "image \(spec.release.content.imageName) names no port for the balancer",
                    hint: "name one of its ports http"
                )
            }
            shares[name] = weight
        }
        guard config.isListening else { return }
        let wanted = config.servers.filter { $0.id.instance == name }.map(\.id)
        var status = "unknown"
        let isTaken = try await Waiting.until(.seconds(15), every: .milliseconds(10)) {
            let servers = try await process.state()?.servers ?? [:]
            let waiting = wanted.map { servers[$0] }.first { $0?.isTaken != true }
            status = waiting??.status ?? "unknown"
            return waiting == nil
        }
        guard isTaken else {
            throw process.failed("gives \(spec.id) no requests", ["its own check finds it \(status)"])
        }
    }

    /// Takes new requests away from the instance.
    func drain(_ instance: InstanceID) async throws {
        try await change { _, shares in
            if shares[instance.description] != nil { shares[instance.description] = 0 }
        }
    }

    /// Ends what requests are left and forgets the instance.
    func detach(_ instance: InstanceID) async throws {
        guard try settings() != nil, try await shares()[instance.description] != nil else { return }
        try await change { _, shares in shares[instance.description] = nil }
    }

    /// What each instance gets. Nobody gets anything from a balancer that does not run.
    func traffic(_ settings: FleetSettings?) async throws -> [String: BalancerShare] {
        guard let settings else { return [:] }
        guard settings.listen != nil else {
            return try await shares().mapValues {
                BalancerShare(traffic: $0 > 0 ? .ready : .draining(sessions: 0), weight: $0)
            }
        }
        guard let servers = try await process.servers() else { return [:] }
        let shares = BalancerState.shares(servers)
        // Only of one that leaves does it matter what it still has.
        let areLeaving = shares.values.contains { if case .draining = $0.traffic { true } else { false } }
        guard areLeaving else { return shares }
        let workers = try await process.workers()
        let isRecent = workers.age.map { $0 <= Self.lastRequestTime } ?? false
        var sessions: [String: Int] = [:]
        for worker in workers.old {
            let stat = await process.tell("show stat", oldWorker: worker)
            // A client that waits may send one more request on its connection, which the worker gives to whom it knows.
            let waiting = isRecent && StatTable.clients(stat) > 0 ? 1 : 0
            for (id, server) in BalancerState.servers(stat) {
                sessions[id.instance, default: 0] += max(waiting, server.sessions)
            }
        }
        return Dictionary(
            uniqueKeysWithValues: shares.map { ($0, $1.adding(sessions[$0] ?? 0)) }
        )
    }

    /// What its workers counted, old ones too that still finish what they have.
    func counters() async throws -> TrafficCounters {
        guard try settings()?.listen != nil else { return TrafficCounters() }
        let answer = try await process.tell("show info;show stat")
        guard let table = answer.firstRange(of: "# pxname"),
            let worker = BalancerCounts.process(String(answer[..<table.lowerBound]))
        else { throw process.failed("does not tell what it counted", []) }
        var counts = [worker: BalancerCounts.read(String(answer[table.lowerBound...]))]
        for worker in try await process.workers().old {
            counts[worker] = BalancerCounts.read(await process.tell("show stat", oldWorker: worker))
        }
        return TrafficCounters(counts)
    }

    func remove() async throws {
        try await locked {
            try await process.stop()
            try Files.remove(paths.balancerConfig)
            try folder.remove()
        }
    }

    /// What the balancer should be, with what it is, seen at a moment when nobody changes it; nil for a fleet that was
    /// never set up.
    func look() async throws -> BalancerLook? {
        guard let settings = try settings() else { return nil }
        return try await locked {
            let shares = try await shares()
            let config = try config(settings, shares)
            return BalancerLook(
                config: config,
                routed: Set(shares.keys),
                expectedText: file.text(config),
                text: text,
                stamp: file.stamp(config),
                state: try await process.state()
            )
        }
    }

    @discardableResult
    private func change(
        _ body: (Listeners?, inout [String: Int]) throws -> Void
    ) async throws -> BalancerConfig {
        try await locked {
            guard let settings = try settings() else { throw process.failed("was not set up yet", []) }
            var shares = try await shares()
            try body(settings.listen, &shares)
            let config = try config(settings, shares)
            try await bring(config)
            return config
        }
    }

    /// The configuration that gives these instances requests. Of addresses, ports and checks only the instances' own
    /// records are believed; an instance without whole records gets nothing.
    private func config(_ settings: FleetSettings, _ shares: [String: Int]) throws -> BalancerConfig {
        var config = text.flatMap(BalancerFileReader.read) ?? BalancerConfig()
        config.fronts = openFronts(settings)
        config.servers = []
        var releases: [ReleaseContent] = []
        for (name, share) in shares {
            let instance = paths.instance(InstanceID(name))
            guard let spec = Record.readable(InstanceSpec.self, from: instance.spec),
                let network = Record.readable(NetworkRecord.self, from: instance.network)
            else { continue }
            let servers = config.servers(spec, address: network.address, weight: share)
            if servers.isEmpty { continue }
            for server in servers { config.set(server) }
            releases.append(spec.release.content)
        }
        config.chooseCheck(for: releases)
        return config
    }

    /// Who gets what part in the requests, and who finishes what it has (0): as the file says, and where the file is missing
    /// or damaged, as the running process says for those that the file does not name.
    private func shares() async throws -> [String: Int] {
        let told = BalancerFileReader.shares(text ?? "")
        if let text, BalancerFileReader.read(text) != nil { return told }
        let running = try await process.state()?.servers.filter { !$0.value.isInMaintenance } ?? [:]
        return BalancerState.shares(running).mapValues { min($0.weight, 100) }
            .merging(told) { _, file in file }
    }

    private var text: String? { try? Files.readText(paths.balancerConfig) }

    private func settings() throws -> FleetSettings? {
        try Record.read(FleetSettings.self, from: paths.settings)
    }

    /// Writes the file, then makes the process match it.
    private func bring(_ config: BalancerConfig) async throws {
        try Files.createDirectory(paths.directory, mode: 0o700)
        let wanted = file.text(config)
        if text != wanted {
            try Files.write(wanted, to: paths.balancerConfig, mode: 0o600, synced: false)
        }
        guard config.isListening else { return try await process.stop() }
        guard let master = try await process.running(), try await process.answers(master) else {
            return try await process.start()
        }
        try await match(config, master)
    }

    /// Goes on until there is nothing left to tell: a server is deleted only once its last connection has closed, and a worker that
    /// somebody's reload brought meanwhile may have read the file as it was before.
    private func match(_ config: BalancerConfig, _ master: ProcessIdentity) async throws {
        var answers: [String] = []
        let matches = try await Waiting.until(.seconds(10), every: .milliseconds(10)) {
            guard let state = try await process.state() else { return false }
            let steps = BalancerPlan.steps(from: state, to: config, stamp: file.stamp(config))
            answers = []
            for step in steps { answers += try await take(step, config, master) }
            let workers = try await process.workers()
            let areOldDone = await matchOldWorkers(workers.old, config)
            return steps.isEmpty && areOldDone && workers.takesNew(state.worker)
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

    /// Whether there was nothing to tell them. HAProxy 2.6 takes no word for a worker that finishes what it has: then that is all that
    /// can be done.
    private func matchOldWorkers(_ workers: [Int32], _ config: BalancerConfig) async -> Bool {
        var isDone = true
        for worker in workers {
            let servers = BalancerState.servers(await process.tell("show stat", oldWorker: worker))
            for step in BalancerPlan.steps(forOldWorker: servers, to: config) {
                for command in BalancerPlan.commands(step) {
                    let answer = await process.tell(command, oldWorker: worker)
                    if answer.contains("Proxy is disabled") { break }
                    isDone = false
                }
            }
        }
        return isDone
    }

    /// `timeout http-keep-alive`, and the second that a worker's age is cut to.
    private static let lastRequestTime = Duration.seconds(16)

    var file: BalancerFile {
        BalancerFile(
            fleet: paths.fleet,
            socket: paths.balancerSocket,
            root: paths.balancerRoot,
            account: getpwnam(Self.account) == nil || getgrnam(Self.account) == nil ? nil : Self.account
        )
    }

    private static let account = "haproxy"

    func locked<Result>(_ body: () async throws -> Result) async throws -> Result {
        try Files.createDirectory(paths.balancers, mode: 0o711)
        return try await FileLock.with(paths.balancerLock) { try await body() }
    }
}
