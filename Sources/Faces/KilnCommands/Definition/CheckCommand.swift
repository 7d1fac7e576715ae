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
            """
    )

    @OptionGroup var options: DefinitionOptions
    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let definition = try options.definition()
        let found = missingSources(definition) + (try lockFindings(definition))
        if format.format == .json {
            try context.resultJSON(["diagnostics": found.map(DiagnosticReport.init)])
        } else if found.isEmpty {
            let counts = "\(definition.images.count) images, \(definition.fleets.count) fleets"
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
        return named.compactMap { source, span in
            guard !Files.exists(definition.directory.pushing(source)) else { return nil }
            return Diagnostic(
                code: "definition.missing-source",
                "there is no file or folder \(source)",
                at: span,
                hint: "sources are looked for beside the definition",
                exitStatus: .usage
            )
        }
    }

    private func lockFindings(_ definition: Definition) throws -> [Diagnostic] {
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
        return try lock.staleness(
            against: definition,
            encoder: definition.encoder,
            exitStatus: .changesPending
        )
    }
}
