import ArgumentParser
import KilnBake
import KilnDefinition
import KilnDiagnostics
import KilnLock
import KilnSystem
import OrderedCollections
import SystemPackage

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Validate the definition, the files it names, and its lock; change nothing.",
        discussion: """
            Exit status 2 for a wrong definition, 6 when only the lock is missing or stale.

            Example:

              kiln check -f deploy/kiln.yaml

            Without --environment the values of every environment are checked.
            """
    )

    @OptionGroup var options: DefinitionOptions
    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let definition = try options.definition()
        let found = try missingSourcesEverywhere(definition) + (try await lockFindings(definition))
        if format.format == .json {
            try context.resultJSON(["diagnostics": found.map(DiagnosticReport.init)])
        } else if found.isEmpty {
            let environments = definition.environments.count
            let counts =
                "\(definition.images.count) images, \(definition.fleets.count) fleets"
                + (environments == 0 ? "" : ", \(environments) environments")
            context.console.message("\(options.file) is valid (\(counts)) and \(options.lockPath) matches it")
        } else {
            context.console.show(found)
        }
        if let worst = found.filter({ $0.severity == .error }).map(\.exitStatus).min(by: {
            $0.rawValue < $1.rawValue
        }) {
            throw CommandExit(status: worst)
        }
    }

    /// Of the environment that was named, else of all that there are.
    private func missingSourcesEverywhere(_ definition: Definition) throws -> [Diagnostic] {
        let others = definition.environment == nil ? definition.environments : []
        var found = missingSources(definition)
        for environment in others {
            let more = missingSources(try options.definition(for: environment))
            found += more.filter { !found.contains($0) }
        }
        return found
    }

    /// Sources that the definition names and that are not there; bakes and deploys would stop at them.
    private func missingSources(_ definition: Definition) -> [Diagnostic] {
        let files =
            definition.images.values.flatMap(\.files) + definition.fleets.values.flatMap(\.config.files)
        let steps = definition.images.values.flatMap(\.steps)
        let named =
            files.map { ($0.source, $0.span) }
            + steps.flatMap { step in
                ([step.run] + step.inputs).map { ($0, step.span) }
            }
        let absent = named.filter { !Files.exists(definition.directory.pushing($0.0)) }
            .map { missing("file or folder \($0.0)", at: $0.1) }
        return absent + missingTars(definition)
    }

    private func missingTars(_ definition: Definition) -> [Diagnostic] {
        definition.images.values.compactMap { image in
            guard case .tar(let path) = image.origin else { return nil }
            let facts = Files.facts(definition.directory.pushing(path), followingSymlinks: true)
            return facts?.kind == .file
                ? nil : missing("file \(path)", at: image.spans["from"] ?? image.span)
        }
    }

    private func missing(_ what: String, at span: SourceSpan?) -> Diagnostic {
        Diagnostic(
            code: "definition.missing-source",
            "there is no \(what)",
            at: span,
            hint: "sources are looked for beside the definition",
            exitStatus: .usage
        )
    }

    private func lockFindings(_ definition: Definition) async throws -> [Diagnostic] {
        guard !definition.images.isEmpty else { return [] }
        guard let lock = try LockFile.read(options.lockPath) else {
            return [
                Diagnostic(
                    code: "lock.missing",
                    "there is no \(options.lockPath)",
                    hint: "run: kiln lock",
                    exitStatus: .changesPending
                )
            ]
        }
        let stale = try lock.staleness(
            against: definition,
            encoder: definition.encoder,
            behaviours: BakeBehaviour.deciding(on: definition),
            exitStatus: .changesPending
        )
        return stale + (try await lock.changedTars(against: definition, exitStatus: .changesPending))
    }
}
