import KilnCatalog
import KilnDefinition
import KilnDrift
import KilnFleet
import KilnPlatformLocal
import KilnSystem

/// Compares fleets with their releases as their policies say.
struct DriftInspection {
    let fleets: FleetContext

    /// Of the instances that nobody looks at: what a person does with one, and what is frozen, is no news.
    func report(
        of fleet: FleetName,
        releases: [Release],
        readingEverything: Bool = false
    ) async throws -> DriftReport {
        let policy = try await fleets.store.fleet(fleet)?.policy.drift ?? DriftDefinition()
        let today = String(WallClock.format(WallClock.now).prefix(10))
        let report = try await fleets.platform.drift(
            of: fleet,
            releases: releases,
            rules: DriftRules(policy, today: today),
            readingEverything: readingEverything
        )
        guard !report.findings.isEmpty else { return report }
        let taken = try await fleets.store.instances(of: fleet).filter(\.isTaken).map(\.id)
        return report.without(Set(taken))
    }

    /// Whether the catalog, and the folders of volumes, hold what the fleet's releases are made of and nothing else.
    func audit(_ fleet: FleetName, _ records: [ReleaseRecord]) throws -> [DriftFinding] {
        ReleaseAudit.findings(records)
            + ReleaseAudit.strayVolumes(try fleets.platform.volumes(of: fleet), records)
    }

    func keepEvidence(of report: DriftReport) async throws {
        try await fleets.platform.keepEvidence(of: report, now: WallClock.now)
    }
}
