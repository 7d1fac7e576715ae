package import KilnDefinition
package import KilnDrift
package import KilnFleet
import KilnStore
import KilnSystem
import SystemPackage

extension LocalPlatform {
    /// Compares the fleet's instances, layers and balancer with what they should be. Changes nothing.
    ///
    /// `releases` are the fleet's own records: an instance's folder is not believed about what its release is.
    package func drift(
        of fleet: FleetName,
        releases: [Release],
        rules: DriftRules = .none,
        readingEverything: Bool = false,
        settling: Duration = .seconds(10)
    ) async throws -> DriftReport {
        let paths = FleetPaths(home: home, fleet: fleet)
        let cgroups = try Cgroups.current(of: home)
        let instances = InstanceDrift(
            paths: paths,
            releases: releases,
            cgroups: cgroups,
            namespaces: namespaces,
            memory: memory,
            rules: rules,
            settling: settling
        )
        let running = try instances.running()
        var findings = try await instances.findings(running)
        findings += try await LayerDrift(home: home, readsEverything: readingEverything).findings(
            running.map(\.paths)
        )
        let used = Set(running.compactMap { $0.spec?.release.number })
        findings += try await StoreDrift(home: home, readsEverything: readingEverything).findings(
            releases.filter { used.contains($0.number) }
        )
        // An instance that ended, or is ended, meanwhile is no drift.
        let gone = Set(running.filter { !$0.isStillThere }.map(\.paths.id))
        findings.removeAll { finding in finding.instance.map(gone.contains) ?? false }
        findings += try await incomplete(instances)
        findings += StrayFinder.findings(try Strays(home: home, cgroups: cgroups).found(by: fleet))
        if let look = try await balancer(paths).look() { findings += StrayFinder.findings(look) }
        return rules.judged(
            DriftReport(fleet: fleet.description, checked: running.count, findings: findings)
        )
    }

    /// The names of the folders that the fleet's volumes are in.
    package func volumes(of fleet: FleetName) throws -> [String] {
        try Files.list(FleetPaths(home: home, fleet: fleet).volumes)
    }

    /// Instances whose records do not tell of what runs in them. One that is just being made looks the same, so nothing is said
    /// while somebody acts on the fleet.
    private func incomplete(_ instances: InstanceDrift) async throws -> [DriftFinding] {
        guard try !instances.incomplete().isEmpty else { return [] }
        return try await fence(instances.paths).passIdle { try instances.incomplete() } ?? []
    }
}
