import Glibc
import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnPlatformLocal
import KilnRollout
import KilnSystem

/// What commands on fleets work with: the catalog, the platform, and the driver and reader over both.
struct FleetContext {
    let home: KilnHome
    let store: Catalog
    let platform: LocalPlatform
    let stop = StopSignal()

    init(_ context: CommandContext) throws {
        try Self.requireRoot()
        home = context.home
        store = try Catalog(path: home.catalog)
        platform = LocalPlatform(home: home)
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

    var driver: FleetDriver { FleetDriver(store: store, platform: platform, stop: stop) }
    var reader: FleetReader { FleetReader(store: store, platform: platform) }

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
