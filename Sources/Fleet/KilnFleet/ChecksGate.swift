package import KilnDefinition
import KilnDiagnostics
import KilnOCI

/// Keeps images whose checks do not pass out of new releases.
package struct ChecksGate: Sendable {
    private let verdicts: CheckVerdicts
    private let checks: [CheckDefinition]
    private let run: @Sendable (ReleaseContent) async throws -> CheckVerdict

    /// `run` asks an image that nothing is known of yet as the release would run it; what it finds is kept.
    package init(
        verdicts: CheckVerdicts,
        checks: [CheckDefinition],
        run: @escaping @Sendable (ReleaseContent) async throws -> CheckVerdict
    ) {
        self.verdicts = verdicts
        self.checks = checks
        self.run = run
    }

    /// Throws when a release of this content must not be made.
    package func check(_ content: ReleaseContent) async throws {
        guard !checks.isEmpty else { return }
        let verdict: CheckVerdict
        if let known = try known(content) {
            verdict = known
        } else {
            verdict = try await run(content)
            try verdicts.record(verdict)
        }
        guard !verdict.passed else { return }
        let failed = verdict.results.filter { !$0.passed }
        throw FleetError(
            .checks,
            "image \(content.imageName) (\(content.image.short)) does not pass its checks: no release is made of it",
            causes: failed.map { "\($0.check): expected \($0.expected), saw \($0.seen)" },
            hint: "mend the image and bake it, or run the checks again: kiln test \(content.imageName); "
                + "past them only with --skip-checks --why TEXT",
            status: .gateRefused
        )
    }

    /// A failure counts until somebody asks again, be it in other circumstances: it may have been a passing one.
    private func known(_ content: ReleaseContent) throws -> CheckVerdict? {
        guard let verdict = try verdicts.verdict(on: content, checks) else { return nil }
        return try verdict.passed || !verdicts.wasAskedElsewhere(since: verdict) ? verdict : nil
    }
}
