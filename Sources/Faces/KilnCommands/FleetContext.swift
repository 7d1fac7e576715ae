import Glibc
import KilnAPI
import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnOCI
import KilnPlatformLocal
import KilnRollout
import KilnStore
import KilnSystem

/// What commands on fleets work with: the catalog, the platform, who changes fleets, and the reader over both.
struct FleetContext {
    let home: KilnHome
    let store: Catalog
    let platform: LocalPlatform
    /// Kiln's own configuration store, which instances' secrets come from.
    let vault: ConfigVault
    let stop = StopSignal()
    private let environment: [String: String]

    init(_ context: CommandContext) throws {
        try Self.requireRoot()
        home = context.home
        environment = context.environment
        store = try Catalog(path: home.catalog, hearsOthers: true)
        vault = ConfigVault(store, keyFile: context.configKeyFile)
        platform = LocalPlatform(home: home, secrets: vault)
    }

    static func requireRoot() throws {
        guard geteuid() == 0 else {
            throw DiagnosticFailure(
                Diagnostic(
                    code: "fleet.needs-root",
                    "fleets on this machine need root: they mount images and start containers",
                    hint: "run the command as root, or with sudo"
                )
            )
        }
    }

    /// `kiln serve` where one runs, else a driver of this process; the same comes of both.
    var changes: any FleetChanges {
        get async throws {
            try await changes(until: stop)
        }
    }

    /// The same, ended by a signal of the caller's.
    func changes(until stop: StopSignal) async throws -> any FleetChanges {
        changes(through: try await server, driver(stop), stop)
    }

    /// Who does what is due of a fleet that this process alone looks after; nil where a `kiln serve` does.
    func keeper(until stop: StopSignal) async throws -> FleetDriver? {
        try await server == nil ? driver(stop, holder: .controller) : nil
    }

    private var server: APIClient? {
        get async throws {
            try await ServeMode(environment: environment).server(of: home, version: KilnVersion.current)
        }
    }

    /// The same for a command that changes several fleets, each of which ends by a signal of its own.
    var severalChanges: @Sendable (StopSignal) -> any FleetChanges {
        get async throws {
            let client = try await server
            return { stop in changes(through: client, driver(stop, holder: .controller), stop) }
        }
    }

    private func changes(
        through client: APIClient?,
        _ driver: FleetDriver,
        _ stop: StopSignal
    ) -> any FleetChanges {
        guard let client else { return driver }
        return RemoteFleets(client: client, driver: driver, stop: stop)
    }

    private func driver(_ stop: StopSignal, holder: LeaseHolder = .current) -> FleetDriver {
        let images = ImageStore(home: home)
        return FleetDriver(
            store: store,
            platform: platform,
            holder: holder,
            stop: stop,
            hasImage: { images.isWhole($0) }
        )
    }

    var reader: FleetReader { FleetReader(store: store, platform: platform) }

    /// Has one fleet changed.
    func perform(
        _ change: FleetChange,
        on fleet: FleetName,
        gate: @escaping ReleaseGate = { _ in },
        options: FleetDriver.Options
    ) async throws -> DeployOutcome {
        try await changes.perform(change, on: fleet, gate: gate, options: options)
    }

    /// The fleets that a command is about: the one named, or all.
    func names(_ fleet: FleetName?) async throws -> [FleetName] {
        if let fleet { return [fleet] }
        return try await store.fleets().map(\.name)
    }
}

extension Catalog {
    /// The release that the fleet runs or is rolling to; nil for one that is gone or stopped.
    func runningRelease(of fleet: FleetName) async throws -> ReleaseEntry? {
        guard let target = try await self.fleet(fleet)?.rollout.target else { return nil }
        return try await releaseEntries(of: fleet).first { $0.number == target.releaseNumber }
    }
}
