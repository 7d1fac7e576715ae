import KilnAdvisories
import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnGate
import KilnOCI
import KilnStore
import KilnSystem

/// What a newer database says of releases that their gates let pass. It blocks nothing: they run on, come back and are replaced as before.
struct AdmittedReleases {
    let fleets: FleetContext

    /// nil while nothing is known beyond what the gate saw.
    func warning(of fleet: FleetName) async throws -> Diagnostic? {
        guard let release = try await fleets.store.runningRelease(of: fleet),
            let verdict = try await fleets.store.verdict(of: fleet, release.digest),
            let database = try AdvisoryHome(fleets.home).openIfThere(), database.digest != verdict.database,
            ImageStore(home: fleets.home).isWhole(release.image)
        else { return nil }
        let now = try await ReleaseJudge(home: fleets.home).verdict(
            on: release.image,
            named: release.imageName,
            by: Self.lasting(verdict.rules),
            hasChecks: true,
            now: WallClock.now
        )
        let known = Set(verdict.refusals.flatMap(\.vulnerabilities))
        let new = Set(now.refusals.flatMap(\.vulnerabilities)).subtracting(known).sorted()
        guard !new.isEmpty else { return nil }
        return Diagnostic(
            .warning,
            code: "gate.newer",
            "release \(release.number) of \(fleet) would not pass its gate today: \(Quantities.first(of: new))",
            causes: GateText.causes(now),
            hint: "it goes on running; \(now.refusals[0].remedy)"
        )
    }

    /// The rules about vulnerabilities, which alone see something new in an image that stays as it is.
    private static func lasting(_ rules: GateDefinition) -> GateDefinition {
        var lasting = GateDefinition()
        (lasting.severity, lasting.unfixed, lasting.exploited) = (
            rules.severity, rules.unfixed, rules.exploited
        )
        (lasting.secrets, lasting.unsupported, lasting.ignored) = (.ignore, .ignore, rules.ignored)
        return lasting
    }
}
