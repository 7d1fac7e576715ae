package import KilnDefinition
package import KilnFleet
import KilnOCI
import KilnStore
package import KilnSystem
import SystemPackage

/// Runs instances on this machine: runc containers on sealed roots, supervised by conmon, connected by CNI plugins,
/// balanced by one HAProxy per fleet.
///
/// Everything it needs to know later is on disk or asked of the running parts, so it has no state of its own but copies of what
/// it read there.
package struct LocalPlatform: InstancePlatform {
    let home: KilnHome
    private let runner: ToolRunner
    private let secrets: any SecretStore
    let memory = InstanceMemory()
    private let processEnds = ProcessEnds()
    private let roots = RootWatch()
    private let startingShares = StartingShares()
    let namespaces = NamespaceMemory()

    /// Runs images of the same home's store.
    package init(
        home: KilnHome,
        secrets: any SecretStore = NoSecretStore(),
        runner: ToolRunner = ToolRunner()
    ) {
        self.home = home
        self.secrets = secrets
        self.runner = runner
    }

    package func observe(_ fleet: FleetName) async throws -> [InstanceObservation] {
        let paths = FleetPaths(home: home, fleet: fleet)
        let shares = try await balancer(paths).traffic(try memory.settings(of: paths))
        let instances = try memory.instances(of: paths)
        let observer = InstanceObserver(alive: processEnds.alive)
        let seen = instances.compactMap { files in
            observer.observe(files, share: shares[files.paths.id.description])
        }
        for observation in seen { try? startingShares.look(at: observation, of: paths) }
        processEnds.watch(fleet, running(seen, instances))
        roots.watch(fleet, writable(seen, paths))
        return seen.filter { $0.spec.isOneShot != true }
    }

    package func ends() -> AsyncStream<FleetName> {
        processEnds.listen()
    }

    package func changes() -> AsyncStream<FleetName> {
        roots.listen()
    }

    private func writable(_ seen: [InstanceObservation], _ fleet: FleetPaths) -> Set<InstancePaths> {
        Set(
            seen.compactMap { observation in
                guard case .running = observation.process,
                    observation.spec.release.content.writableRoot == true
                else { return nil }
                return fleet.instance(observation.spec.id)
            }
        )
    }

    private func running(_ seen: [InstanceObservation], _ files: [InstanceFiles]) -> [ProcessEnds.Watched] {
        let running = Set(
            seen.compactMap { if case .running = $0.process { $0.spec.id } else { nil } }
        )
        return files.flatMap { files -> [ProcessEnds.Watched] in
            guard let record = files.process.value, running.contains(files.paths.id) else { return [] }
            let process = ProcessEnds.Watched(process: record.process, exitStatus: files.exitStatus)
            return [process] + (record.supervisor.map { [.init(process: $0, exitStatus: nil)] } ?? [])
        }
    }

    /// The releases that the fleet's instances say they are of.
    package func releaseNumbers(of fleet: FleetName) throws -> Set<ReleaseNumber> {
        let instances = try memory.instances(of: FleetPaths(home: home, fleet: fleet))
        return Set(instances.compactMap { $0.spec.value?.release.number })
    }

    package func oneShots(of fleet: FleetName) async throws -> [InstanceObservation] {
        try memory.instances(of: FleetPaths(home: home, fleet: fleet))
            .compactMap { InstanceObserver().observe($0, share: nil) }
            .filter { $0.spec.isOneShot == true }
    }

    package func check(_ settings: FleetSettings) async throws {
        let balancer = balancer(FleetPaths(home: home, fleet: settings.fleet))
        try await balancer.check(settings)
        try await balancer.checkCertificates(settings, now: WallClock.now)
    }

    package func hasNewCertificates(_ settings: FleetSettings) async -> Bool {
        balancer(FleetPaths(home: home, fleet: settings.fleet))
            .hasNewCertificates(settings, now: WallClock.now)
    }

    package func renewCertificates(
        _ settings: FleetSettings,
        token: FencingToken
    ) async throws -> [CertificateNews] {
        let paths = FleetPaths(home: home, fleet: settings.fleet)
        return try await fence(paths).pass(token) {
            try await balancer(paths).renewCertificates(settings, now: WallClock.now)
        }
    }

    package func certificates(of settings: FleetSettings) async -> [ListenerCertificate] {
        balancer(FleetPaths(home: home, fleet: settings.fleet)).certificates(settings, now: WallClock.now)
    }

    package func isListening(_ settings: FleetSettings) async throws -> Bool {
        try await balancer(FleetPaths(home: home, fleet: settings.fleet)).follows(settings)
    }

    package func converge(_ settings: FleetSettings, token: FencingToken) async throws {
        let paths = FleetPaths(home: home, fleet: settings.fleet)
        try await fence(paths).pass(token) {
            if Record.readable(FleetSettings.self, from: paths.settings) != settings {
                // What is refused leaves those that hold.
                try await balancer(paths).check(settings)
                try await balancer(paths).prepareCertificatesAlone(settings)
                try Files.createDirectory(paths.directory, mode: 0o700)
                try Record.write(settings, to: paths.settings, synced: true)
            }
            let leftovers = Leftovers(home: home, runner: runner)
            _ = try await Bridge(home: home, runner: runner).converge(
                isInUse: try leftovers.hasRunningInstances()
            )
            let running = Set(
                try paths.instances().filter(InstanceObserver().isRunning).map(\.id.description)
            )
            // Nobody is sent to what the next step ends.
            try await balancer(paths).converge(settings) { running.contains($0) }
            try await leftovers.remove(in: paths)
            for instance in try paths.instances() { InstanceLog(paths: instance).tend() }
        }
    }

    package func create(_ spec: InstanceSpec, token: FencingToken) async throws {
        let paths = FleetPaths(home: home, fleet: spec.release.fleet).instance(spec.id)
        try await fence(paths.fleet).pass(token) {
            if InstanceObserver().isWhole(paths) { return }
            // What a crash left half-made, or damaged, has nothing worth keeping.
            if Files.exists(paths.directory) { try await remover.remove(paths) }
            do {
                try await maker.make(spec, at: paths)
            } catch {
                // A cancelled task cannot run tools; the half-made instance is seen and destroyed later.
                // One-shot work that may have begun is never cut off for it.
                if !Task.isCancelled, spec.isOneShot != true || error is NotBegun {
                    try? await remover.remove(paths)
                }
                throw error
            }
        }
    }

    package func route(
        _ instance: InstanceID,
        of fleet: FleetName,
        weight: Int,
        token: FencingToken
    ) async throws {
        let paths = FleetPaths(home: home, fleet: fleet).instance(instance)
        try await fence(paths.fleet).pass(token) {
            guard let spec = try Record.read(InstanceSpec.self, from: paths.spec),
                try Record.read(NetworkRecord.self, from: paths.network) != nil
            else { throw LocalPlatformError.unknown(instance) }
            try startingShares.giveFull(to: instance, of: paths.fleet)
            try await balancer(paths.fleet).route(spec, weight: weight)
        }
    }

    package func drain(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {
        let paths = FleetPaths(home: home, fleet: fleet)
        try await fence(paths).pass(token) { try await balancer(paths).drain(instance) }
    }

    package func detach(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {
        let paths = FleetPaths(home: home, fleet: fleet)
        try await fence(paths).pass(token) { try await balancer(paths).detach(instance) }
    }

    package func destroy(_ instance: InstanceID, of fleet: FleetName, token: FencingToken) async throws {
        let paths = FleetPaths(home: home, fleet: fleet).instance(instance)
        try await fence(paths.fleet).pass(token) {
            try await balancer(paths.fleet).detach(instance)
            try await remover.remove(paths)
        }
    }

    package func probe(_ observation: InstanceObservation) async -> ProbeResult {
        let spec = observation.spec
        let paths = FleetPaths(home: home, fleet: spec.release.fleet).instance(spec.id)
        return await InstanceProbe(paths: paths, runner: runner).probe(observation)
    }

    package func counters(of fleet: FleetName) async throws -> TrafficCounters {
        try await balancer(FleetPaths(home: home, fleet: fleet)).counters()
    }

    /// Runs a command beside an instance's own process, as its user; nil when the time was up first. For trials: nothing is
    /// ever run in an instance of a fleet but what its health says.
    func execute(
        _ words: [String],
        in instance: InstanceID,
        of fleet: FleetName,
        within limit: Duration
    ) async throws -> ToolOutput? {
        let paths = FleetPaths(home: home, fleet: fleet).instance(instance)
        return try await InstanceProbe(paths: paths, runner: runner).run(words, within: limit)
    }

    /// What is at a path of the image's root, links followed.
    func facts(of path: FilePath, in image: Digest) async throws -> FileFacts? {
        let image = try await RootImage.load(image, from: ImageStore(home: home))
        return try await RootMounts(home: home).tree(of: image).resolve(path)?.facts
    }

    package func logLines(
        _ instance: InstanceID,
        of fleet: FleetName,
        last count: Int
    ) async throws -> [String] {
        try logRecords(instance, of: fleet, last: count).map(\.text)
    }

    /// The same with time and stream.
    package func logRecords(
        _ instance: InstanceID,
        of fleet: FleetName,
        last count: Int
    ) throws -> [LogRecord] {
        let paths = FleetPaths(home: home, fleet: fleet).instance(instance)
        guard Files.exists(paths.spec) else { return [] }
        let log = InstanceLog(paths: paths)
        log.tend()
        return log.last(count)
    }

    /// The fleet's output as it comes, after the `last` lines of each instance.
    package func followLogs(of fleet: FleetName, last: Int) -> LogFollower {
        LogFollower(fleet: FleetPaths(home: home, fleet: fleet), last: last)
    }

    /// The next start seals altered layers anew from the image's own blobs. What runs keeps its mounts until it is replaced.
    package func retireAltered(of fleet: FleetName, token: FencingToken) async throws {
        let paths = FleetPaths(home: home, fleet: fleet)
        try await fence(paths).pass(token) {
            let layers = Set(
                try paths.instances().flatMap {
                    Record.readable(RootRecord.self, from: $0.root)?.layers ?? []
                }
            )
            let check = LayerCheck(home: home, readsEverything: true)
            for (path, _) in try await check.problems(with: layers) {
                for layer in layers where layer.path == path {
                    try await RootMounts(home: home).retire(layer.diffID)
                }
            }
        }
    }

    package func removeFleet(_ fleet: FleetName, volumes: Bool, token: FencingToken) async throws {
        let paths = FleetPaths(home: home, fleet: fleet)
        try await fence(paths).pass(token) {
            if let left = try paths.instances().first {
                throw LocalPlatformError(
                    .state,
                    "fleet \(fleet) still has instance \(left.id)",
                    hint: "an instance is destroyed before its fleet is"
                )
            }
            try await balancer(paths).remove()
            try Files.remove(paths.directory)
            if volumes { try Files.remove(paths.volumes) }
            try await Leftovers(home: home, runner: runner).removeNetworkOfEmptyHome()
        }
    }

    func fence(_ paths: FleetPaths) -> Fence {
        Fence(paths: paths)
    }

    func balancer(_ paths: FleetPaths) -> Balancer {
        Balancer(paths: paths, runner: runner)
    }

    private var maker: InstanceMaker {
        InstanceMaker(home: home, images: ImageStore(home: home), secrets: secrets, runner: runner)
    }
    private var remover: InstanceRemover { InstanceRemover(home: home, runner: runner) }
}
