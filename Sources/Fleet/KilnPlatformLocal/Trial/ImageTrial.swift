import Glibc
package import KilnDefinition
import KilnDiagnostics
package import KilnFleet
import KilnStore
package import KilnSystem
import SystemPackage

/// Starts an image as an instance of a fleet is started, but for balancer and fleet, asks its checks, and removes everything.
package struct ImageTrial: Sendable {
    private let home: KilnHome
    private let platform: LocalPlatform
    private let stop: StopSignal
    /// How long the instance may take to become healthy.
    private let healthyWithin: Duration

    private static let token = FencingToken(1)

    /// A requested stop ends the trial after the question under way.
    package init(
        home: KilnHome,
        secrets: any SecretStore = NoSecretStore(),
        stop: StopSignal,
        healthyWithin: Duration = .seconds(60)
    ) {
        self.home = home
        self.stop = stop
        self.healthyWithin = healthyWithin
        platform = LocalPlatform(home: home, secrets: secrets)
    }

    /// `answered` is told each result as it comes.
    package func run(
        _ content: ReleaseContent,
        _ checks: [CheckDefinition],
        startsProgram: Bool,
        answered: (CheckResult) -> Void = { _ in }
    ) async throws -> CheckVerdict {
        try await clearDead()
        let fleet = FleetName(trusted: FleetName.trialPrefix + Self.random(8))
        return try await FileLock.with(try lock(of: fleet)) {
            let session = TrialSession(
                platform: platform,
                fleet: fleet,
                content: Self.confined(content),
                stop: stop,
                healthyWithin: healthyWithin
            )
            do {
                try mark(fleet)
                let (results, log) = try await session.ask(checks, startsProgram: startsProgram, answered)
                try await remove(fleet)
                return try CheckVerdict(
                    of: content,
                    checks: checks,
                    time: WallClock.now,
                    results: results,
                    log: log
                )
            } catch {
                try? await remove(fleet)
                throw error
            }
        }
    }

    /// Nothing of it outlives the trial: state is in memory, and nobody waits for a slow end.
    private static func confined(_ content: ReleaseContent) -> ReleaseContent {
        var content = content
        content.state = content.state.map { state in
            guard case .volume = state.kind else { return state }
            return StateDefinition(path: state.path, kind: .tmpfs(size: 64 << 20))
        }
        content.stop.grace = min(content.stop.grace, .seconds(1))
        return content
    }

    /// Says in the fleet's folder, before there is anything else, that all of it is a trial's.
    private func mark(_ fleet: FleetName) throws {
        let folder = FleetPaths(home: home, fleet: fleet).directory
        try Files.createDirectory(folder, mode: 0o700)
        try Files.write("", to: folder.appending(Self.marker), mode: 0o600)
    }

    private static let marker = "trial"

    /// Removes what trials left whose command was killed. A name alone does not tell whose a fleet is.
    private func clearDead() async throws {
        for name in try Files.list(home.run) where name.hasPrefix(FleetName.trialPrefix) {
            let fleet = FleetName(trusted: name)
            let folder = FleetPaths(home: home, fleet: fleet).directory
            guard Files.facts(folder.appending(Self.marker))?.kind == .file else { continue }
            _ = try await FileLock.tryWith(try lock(of: fleet)) { try await remove(fleet) }
        }
    }

    private func remove(_ fleet: FleetName) async throws {
        let paths = FleetPaths(home: home, fleet: fleet)
        for instance in try paths.instances() {
            try await platform.destroy(instance.id, of: fleet, token: Self.token)
        }
        try await RootMounts(home: home).unmountUnused()
        // It has no volumes: what an image wants kept is in memory here.
        try await platform.removeFleet(fleet, volumes: false, token: Self.token)
        for file in [paths.fence, paths.balancerLock, try lock(of: fleet)] { unlink(file.string) }
    }

    /// Held while the trial's command lives.
    private func lock(of fleet: FleetName) throws -> FilePath {
        try home.makeRuntime()
        let folder = home.runtime.appending("trials")
        try Files.createDirectory(folder, mode: 0o700)
        return folder.appending("\(fleet).lock")
    }

    static func random(_ count: Int) -> String {
        String((0..<count).compactMap { _ in "abcdefghijklmnopqrstuvwxyz0123456789".randomElement() })
    }
}
