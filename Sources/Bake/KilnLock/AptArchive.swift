import KilnDefinition
import KilnDiagnostics
import KilnSystem
import SystemPackage

/// One archive of the definition, seen through an apt root of its own.
struct AptArchive: Sendable {
    let name: ArchiveName
    let definition: ArchiveDefinition
    let sources: [AptSource]
    let root: AptRoot
    let runner: ToolRunner

    /// Brings the indexes up to date. Whatever apt only warns about is an error here: a lock stands on signed, fresh and
    /// complete indexes or on none.
    func refresh() async throws {
        let update = root.invocation("apt-get", ["update", "-q", "--error-on=any"])
        let output = try await runner.runUnchecked(update)
        guard output.status == .exited(0) else { throw updateError(output.errorText, update) }
        try checkTargets(try await targets())
    }

    /// An index that apt holds.
    private struct Target: Hashable {
        let uri: String
        /// The suite as written in the sources.
        let suite: String
        /// `Suite:` and `Codename:` of the Release file.
        let released: [String]
        let component: String
    }

    private func targets() async throws -> Set<Target> {
        let format = "$(CREATED_BY)|$(REPO_URI)|$(RELEASE)|$(SUITE)|$(CODENAME)|$(COMPONENT)"
        let output = try await runner.run(root.invocation("apt-get", ["indextargets", "--format", format]))
        let rows = output.text.split(separator: "\n")
            .map { $0.split(separator: "|", omittingEmptySubsequences: false).map(String.init) }
        return Set(
            rows.filter { $0.count == 6 && $0[0] == "Packages" }.map { row in
                Target(
                    uri: AptSource.normalized(row[1]),
                    suite: row[2],
                    released: [row[3], row[4]].filter { !$0.isEmpty },
                    component: row[5]
                )
            }
        )
    }

    /// Each suite must call itself what it was asked for as, and must have brought each component.
    private func checkTargets(_ targets: Set<Target>) throws(LockError) {
        for source in sources {
            let here = targets.filter { $0.uri == source.uri && $0.suite == source.suite }
            if let target = here.first, !target.released.isEmpty, !target.released.contains(source.suite) {
                throw error(
                    .wrongSuite,
                    "the mirror of archive \"\(name)\" serves another suite as \"\(source.suite)\"",
                    causes: ["its signed Release file names " + target.released.joined(separator: " and ")],
                    hint: "write one of those names under suites:, or use another mirror"
                )
            }
            for component in source.components where !here.contains(where: { $0.component == component }) {
                throw error(
                    .missingComponent,
                    "suite \"\(source.suite)\" of archive \"\(name)\" has no component \"\(component)\""
                        + " for \(root.architecture)",
                    hint: "check components: of the archive",
                    exitStatus: .usage
                )
            }
        }
    }

    func error(
        _ code: LockError.Code,
        _ message: String,
        at span: SourceSpan? = nil,
        causes: [String] = [],
        hint: String?,
        exitStatus: ExitStatus = .failed
    ) -> LockError {
        LockError(
            code,
            message,
            at: span ?? definition.span,
            causes: causes,
            hint: hint,
            exitStatus: exitStatus
        )
    }
}
