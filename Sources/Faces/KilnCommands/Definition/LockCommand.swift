import ArgumentParser
import KilnBake
import KilnDefinition
import KilnDiagnostics
import KilnLock
import SystemPackage

struct LockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock",
        abstract: "Pin every package of the definition; write kiln.lock when something moved.",
        discussion: """
            Without --update, what is locked stays where it is and only what the definition changed is resolved.

            Examples:

              kiln lock
              kiln lock --update              move every package to what the archives have now
              kiln lock --update openssl      move these, and what must move with them
            """
    )

    @Flag(name: .customLong("update"), help: "Move packages: those named, or all.")
    var update = false

    @Argument(help: "With --update: the packages to move.")
    var packages: [String] = []

    @OptionGroup var options: DefinitionOptions
    @OptionGroup var format: FormatOption

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
        let movable: LockUpdate = !update ? .none : packages.isEmpty ? .all : .packages(Set(packages))
        let outcome = try await context.withProgress(format.format) {
            try await Locker(home: context.home).lock(
                definition,
                file: options.lockPath,
                encoder: definition.encoder,
                update: movable
            )
        }
        if format.format == .json { return try context.resultJSON(LockReport(outcome)) }
        report(outcome, context)
    }

    private func report(_ outcome: LockOutcome, _ context: CommandContext) {
        let file = options.lockPath.string
        guard outcome.written else {
            context.console.message("\(file) is up to date: nothing moved")
            return
        }
        var table = TextTable(("IMAGE", .left), ("PACKAGE", .left), ("OLD", .left), ("NEW", .left))
        for move in outcome.changes where move.old != nil {
            table.add(move.image.description, move.name, move.old ?? "-", move.new ?? "-")
        }
        if !table.isEmpty { context.console.result(table.render(color: context.console.output.color)) }
        let added = outcome.changes.filter { $0.old == nil }.count
        let moved = outcome.changes.filter { $0.old != nil && $0.new != nil }.count
        let gone = outcome.changes.filter { $0.new == nil }.count
        let parts = [(added, "added"), (moved, "moved"), (gone, "gone")].filter { $0.0 > 0 }.map {
            "\($0.0) \($0.1)"
        }
        let summary = parts.isEmpty ? "no package moved" : parts.joined(separator: ", ")
        context.console.message("wrote \(file): \(summary)")
    }
}

private struct LockReport: Encodable {
    struct Move: Encodable {
        let image: ImageName
        let package: String
        let old: String?
        let new: String?
    }

    let written: Bool
    let moves: [Move]

    init(_ outcome: LockOutcome) {
        written = outcome.written
        moves = outcome.changes.map { Move(image: $0.image, package: $0.name, old: $0.old, new: $0.new) }
    }
}
