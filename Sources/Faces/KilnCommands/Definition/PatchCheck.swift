import KilnBake
import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnLock
import KilnOCI
import KilnStore
import KilnSystem

/// Compares what fleets of this machine run with what an update of their lock would choose, and remembers what it sees.
struct PatchCheck: Sendable {
    let home: KilnHome
    let definition: Definition
    let comparison: PatchComparison

    /// `outcome` is that of an update of the whole lock, `locked` what was locked before.
    init(
        home: KilnHome,
        _ definition: Definition,
        locked: Lock,
        outcome: LockOutcome
    ) async throws {
        self.home = home
        self.definition = definition
        comparison = try await PatchComparison(
            definition.perPlatform,
            locked: locked,
            outcome: outcome,
            notes: PatchNotes(home: home)
        )
    }

    /// Asks the archives.
    init(_ definition: Definition, locked: Lock, _ locker: Locker) async throws {
        let outcome = try await locker.lock(
            definition,
            existing: locked,
            encoder: definition.encoder,
            update: .all
        )
        try await self.init(home: locker.home, definition, locked: locked, outcome: outcome)
    }

    /// After a lock moved: what it moved to is what the fleets that run do not have. The lock stands, whatever comes of this.
    static func note(
        _ outcome: LockOutcome,
        of definition: Definition,
        _ origin: FleetOrigin,
        _ locked: Lock,
        _ home: KilnHome
    ) async {
        guard Files.exists(home.catalog) else { return }
        do {
            try await PatchCheck(home: home, definition, locked: locked, outcome: outcome)
                .noteFleets(of: origin)
        } catch {
            guard var warning = error.asDiagnostics.first else { return }
            warning.severity = .warning
            Progress.report(.diagnostic(warning))
        }
    }

    /// nil when the release's image keeps no record of packages, or is not here any more.
    func lag(of release: ReleaseEntry, in catalog: Catalog) async throws -> PatchLag? {
        let name =
            definition.variants(of: release.imageName).first { $0.platform == .host } ?? release.imageName
        let lag = try await comparison.running(release.image, as: name, in: ImageStore(home: home))
        guard let lag else { return nil }
        let now = WallClock.now
        let behind = lag.behind.map { note in
            PatchState.Package(
                name: note.name,
                old: note.old,
                new: note.new,
                isSecurity: note.isSecurity,
                first: now
            )
        }
        let state = PatchState(
            image: release.image,
            archives: try comparison.choice(name),
            compared: lag.packages,
            checked: now,
            behind: behind
        )
        try await catalog.note(state)
        return lag
    }

    /// Remembers of all fleets that belong to the definition how far behind they are.
    func noteFleets(of origin: FleetOrigin) async throws {
        guard Files.exists(home.catalog) else { return }
        let catalog = try Catalog(path: home.catalog)
        for fleet in try await catalog.fleets() where fleet.origin == origin {
            guard let release = try await catalog.runningRelease(of: fleet.name) else { continue }
            _ = try await lag(of: release, in: catalog)
        }
    }
}
