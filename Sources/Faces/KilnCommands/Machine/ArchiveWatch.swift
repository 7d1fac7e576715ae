import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnLock
import KilnRegistry
import KilnSystem
import SystemPackage

/// Asks from time to time whether the archives have newer packages than fleets run; changes no lock and no fleet.
struct ArchiveWatch: Sendable {
    let fleets: FleetContext
    let registry: RegistryClient
    let interval: Duration

    /// Archives are not asked more often, whatever happens.
    private static let shortest = Duration.seconds(60)

    /// Runs until its task is cancelled. What was asked by whomever within the interval is not asked again.
    func run() async throws {
        while !Task.isCancelled {
            // A catalog that cannot be read for a moment is read later.
            let pause = (try? await lookWhereDue()) ?? interval
            try await Task.sleep(for: max(pause, Self.shortest))
        }
    }

    /// How long there is nothing to do afterwards.
    private func lookWhereDue() async throws -> Duration {
        var pause = interval
        for (origin, records) in try await definitions() {
            let rest = try await rest(records)
            if rest <= .zero { await look(origin, records) } else { pause = min(pause, rest) }
        }
        return pause
    }

    /// Fleets by the definition that they belong to, where that is still there.
    private func definitions() async throws -> [(FleetOrigin, [FleetRecord])] {
        let records = try await fleets.store.fleets()
        let known = Dictionary(grouping: records.filter { $0.origin?.isThere == true }) { $0.origin?.path }
        return known.compactMap { path, records in path.map { (FleetOrigin(path: $0), records) } }
            .sorted { $0.0.path < $1.0.path }
    }

    /// How long what is known of the fleets is new enough.
    private func rest(_ records: [FleetRecord]) async throws -> Duration {
        var oldest = WallClock.now
        for record in records {
            guard let release = try await fleets.store.runningRelease(of: record.name) else { continue }
            oldest = min(oldest, try await fleets.store.patchState(of: release.image)?.checked ?? 0)
        }
        return interval - .seconds(WallClock.now - oldest)
    }

    /// An archive that does not answer leaves what is known as it is, with its time.
    private func look(_ origin: FleetOrigin, _ records: [FleetRecord]) async {
        do {
            let file = FilePath(origin.path)
            var lock = file
            lock.extension = "lock"
            let definition = try DefinitionReader.read(file: file, environment: environment(records))
            guard let locked = try LockFile.read(lock) else { return }
            let locker = Locker(home: fleets.home, registry: registry)
            try await PatchCheck(definition, locked: locked, locker).noteFleets(of: origin)
        } catch is CancellationError {
            return
        } catch {
            var cause = error.asDiagnostics.first
            cause?.severity = .warning
            if let cause { Progress.report(.diagnostic(cause)) }
            ServeProgress.tell("the archives of \(origin) could not be asked; what is known of patches stays")
        }
    }

    /// Variables may have values in an environment alone; images are the same in all of them.
    private func environment(_ records: [FleetRecord]) -> EnvironmentName? {
        records.lazy.compactMap { $0.deployed?.keys.min() }.first.flatMap {
            try? EnvironmentName(parsing: $0)
        }
    }
}
