import KilnCatalog
import KilnDefinition
import KilnDrift
import KilnFleet
import KilnPlatformLocal
import KilnSystem
import Synchronization

/// What `kiln serve` reads again now and then although nothing says that it moved: the catalog's rows, and every byte of sealed
/// layers and blobs.
final class DriftScrub: Sendable {  // a class: remembers between looks
    private struct Fleet {
        var auditDue: BootInstant
        var readingDue: BootInstant
        var findings: [DriftFinding] = []
    }

    static let auditInterval = Duration.seconds(600)
    static let readingInterval = Duration.seconds(86_400)

    private let fleets = Mutex<[FleetName: Fleet]>([:])
    private let inspection: DriftInspection

    init(_ inspection: DriftInspection) {
        self.inspection = inspection
    }

    /// The look that is due, whole now and then.
    func report(of fleet: FleetName, releases: [Release]) async throws -> DriftReport {
        let now = BootInstant.now
        var kept =
            fleets.withLock { $0[fleet] }
            ?? Fleet(auditDue: now, readingDue: now.advanced(by: Self.readingInterval))
        // What was found is over as soon as it is mended.
        if kept.auditDue <= now || !kept.findings.isEmpty {
            let records = try await inspection.fleets.store.releases(of: fleet)
            kept.findings = try inspection.audit(fleet, records)
            kept.auditDue = now.advanced(by: Self.auditInterval)
        }
        let readsEverything = kept.readingDue <= now
        let report = try await inspection.report(
            of: fleet,
            releases: releases,
            readingEverything: readsEverything
        )
        if readsEverything {
            kept.readingDue = now.advanced(by: Self.readingInterval)
            // Of all fleets, those too that nobody drives any more.
            try? EvidenceStore(home: inspection.fleets.home).prune(now: WallClock.now)
        }
        fleets.withLock { $0[fleet] = kept }
        return report.adding(kept.findings)
    }
}
