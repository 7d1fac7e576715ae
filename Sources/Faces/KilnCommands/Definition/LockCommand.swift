import ArgumentParser
import KilnAdvisories
import KilnAttest
import KilnBake
import KilnDefinition
import KilnDiagnostics
import KilnGate
import KilnLock
import KilnStore
import OrderedCollections
import SystemPackage

struct LockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock",
        abstract: "Pin every package of the definition; write kiln.lock when something moved.",
        discussion: """
            Without --update, what is locked stays where it is and only what the definition changed is resolved. What \
            moves is shown with the vulnerabilities that the new packages' changelogs, and the database of advisories (kiln db), say \
            are fixed.

            Examples:

              kiln lock
              kiln lock --update              move every package to the newest
              kiln lock --update openssl      move these, and what must move with them
              kiln lock --update --dry-run --format markdown
            """
    )

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
        case markdown
    }

    @Flag(name: .customLong("update"), help: "Move packages: those named, or all.")
    var update = false

    @Flag(help: "Only show what would move; kiln.lock stays as it is.")
    var dryRun = false

    @Argument(help: "With --update: the packages to move.")
    var packages: [String] = []

    @OptionGroup var options: DefinitionOptions

    @Option(help: "How results are written: text, json, or markdown for a pull request.")
    var format = Format.text

    func validate() throws {
        guard update || packages.isEmpty else {
            throw ValidationError(
                "packages are named with --update: kiln lock --update \(packages.joined(separator: " "))"
            )
        }
    }

    func run() async throws {
        let context = CommandContext.current
        let definition = try options.definition()
        let report = try await context.withProgress(format == .json ? .json : .text) {
            let locked = try LockFile.read(options.lockPath)
            let outcome = try await lock(definition, locker(context))
            if update, packages.isEmpty, let locked {
                await PatchCheck.note(outcome, of: definition, options.origin, locked, context.home)
            }
            let notes = try await PatchNotes(home: context.home).notes(on: outcome)
            let mended = try mended(outcome, definition, context)
            return LockReport(outcome, notes, mended: mended, file: options.lockPath, isDryRun: dryRun)
        }
        switch format {
        case .json: try context.resultJSON(report)
        case .markdown: context.console.result(report.markdown)
        case .text:
            if let table = report.table(color: context.console.output.color) { context.console.result(table) }
            context.console.message(report.summary)
        }
    }

    private func locker(_ context: CommandContext) -> Locker {
        let registry = context.registry()
        let images = ImageStore(home: context.home)
        return Locker(home: context.home, registry: registry) { definition, lock in
            try await SignatureGate(definition: definition, images: images).check(lock, through: registry)
        }
    }

    /// What the database of advisories says that the moves mend; nothing without one.
    private func mended(
        _ outcome: LockOutcome,
        _ definition: Definition,
        _ context: CommandContext
    ) throws -> [ImageName: [String: [String]]] {
        guard let database = try AdvisoryHome(context.home).openIfThere() else { return [:] }
        let known = MoveFixes(database)
        var mended: [ImageName: [String: [String]]] = [:]
        for move in outcome.changes {
            guard let old = move.old, let new = move.new,
                let package = outcome.lock.images[move.image]?.packages.first(where: { $0.name == move.name }
                ),
                let archive = definition.archives[package.archive]
            else { continue }
            let fixes = try known.fixes(
                move.name,
                path: package.path,
                suites: archive.suites,
                old: old,
                new: new
            )
            if !fixes.isEmpty { mended[move.image, default: [:]][move.name] = fixes }
        }
        return mended
    }

    private func lock(_ definition: Definition, _ locker: Locker) async throws -> LockOutcome {
        let movable: LockUpdate = !update ? .none : packages.isEmpty ? .all : .packages(Set(packages))
        guard dryRun else {
            return try await locker.lock(
                definition,
                file: options.lockPath,
                encoder: definition.encoder,
                behaviours: BakeBehaviour.all,
                update: movable
            )
        }
        return try await locker.lock(
            definition,
            existing: try LockFile.read(options.lockPath),
            encoder: definition.encoder,
            behaviours: BakeBehaviour.all,
            update: movable
        )
    }
}
