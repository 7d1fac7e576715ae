import KilnDefinition
import KilnDiagnostics
import KilnSystem
import SystemPackage

/// One archive of the definition and where this machine finds it.
struct AptArchive: Sendable {
    let name: ArchiveName
    let definition: ArchiveDefinition
    /// The content of its keyring, plain or armoured.
    let keyring: [UInt8]
    let sources: [AptSource]
}

/// The archives that an image's packages come from, seen through an apt root of their own.
struct AptArchives: Sendable {
    /// The one that the image starts from, then those that were added.
    let members: [AptArchive]
    let root: AptRoot
    let runner: ToolRunner

    /// Brings the indexes up to date. Whatever apt only warns about is an error here: a lock stands on signed, fresh and
    /// complete indexes or on none.
    func refresh() async throws {
        let update = root.invocation("apt-get", ["update", "-q", "--error-on=any"])
        let output = try await runner.runUnchecked(update)
        guard output.status == .exited(0) else { throw updateError(output.errorText, update) }
        let targets = try await AptTarget.all(in: root, runner)
        for archive in members { try checkTargets(targets, of: archive) }
    }

    /// Each suite must call itself what it was asked for as, and must have brought each component.
    private func checkTargets(_ targets: Set<AptTarget>, of archive: AptArchive) throws(LockError) {
        for source in archive.sources {
            let here = targets.filter { $0.uri == source.uri && $0.suite == source.suite }
            if let target = here.first, !target.released.isEmpty, !target.released.contains(source.suite) {
                throw error(
                    .wrongSuite,
                    "the mirror of archive \"\(archive.name)\" serves another suite as \"\(source.suite)\"",
                    about: archive,
                    causes: ["its signed Release file names " + target.released.joined(separator: " and ")],
                    hint: "write one of those names under suites:, or use another mirror"
                )
            }
            let architectures = releaseField("Architectures", of: source)
            if let architectures, !architectures.contains(root.architecture) {
                throw error(
                    .missingArchitecture,
                    "suite \"\(source.suite)\" of archive \"\(archive.name)\" has no packages for "
                        + root.architecture,
                    about: archive,
                    causes: ["its signed Release file names " + architectures.joined(separator: ", ")],
                    hint: "leave that platform out, or use an archive that has it",
                    exitStatus: .usage
                )
            }
            for component in source.components
            where !here.contains(where: { $0.component == component }) && !isEmpty(component, of: source) {
                throw error(
                    .missingComponent,
                    "suite \"\(source.suite)\" of archive \"\(archive.name)\" has no component \"\(component)\""
                        + " for \(root.architecture)",
                    about: archive,
                    hint: "check components: of the archive",
                    exitStatus: .usage
                )
            }
        }
    }

    /// Whether the suite has the component with nothing in it: apt keeps no empty indexes, and only the Release file tells.
    private func isEmpty(_ component: String, of source: AptSource) -> Bool {
        (releaseField("Components", of: source) ?? []).contains {
            $0.split(separator: "/").last ?? "" == component
        }
    }

    /// The words of a field of the suite's Release file, wherever the suite comes from; nil when no such file says it.
    private func releaseField(_ name: String, of source: AptSource) -> [String]? {
        let lists = root.path.appending("state").appending("lists")
        let ending = "_dists_\(source.suite.replacing("/", with: "_"))_InRelease"
        let lines = ((try? Files.list(lists)) ?? []).filter { $0.hasSuffix(ending) }
            .flatMap { ((try? Files.readText(lists.appending($0))) ?? "").split(separator: "\n") }
            .filter { $0.hasPrefix(name + ":") }
        return lines.isEmpty
            ? nil : lines.flatMap { $0.split(separator: " ").dropFirst().map(String.init) }
    }

    /// The one that an image starts from.
    var first: AptArchive { members[0] }

    func member(_ name: ArchiveName) -> AptArchive? { members.first { $0.name == name } }

    /// The subject of a sentence about what one of them is or does.
    var oneOfThem: String {
        members.count == 1 ? "archive \"\(first.name)\"" : "one of the archives \(names)"
    }

    var names: String { members.map { "\"\($0.name)\"" }.joined(separator: ", ") }

    func error(
        _ code: LockError.Code,
        _ message: String,
        about archive: AptArchive? = nil,
        at span: SourceSpan? = nil,
        causes: [String] = [],
        hint: String?,
        exitStatus: ExitStatus = .failed
    ) -> LockError {
        LockError(
            code,
            message,
            at: span ?? (archive ?? first).definition.span,
            causes: causes,
            hint: hint,
            exitStatus: exitStatus
        )
    }
}
