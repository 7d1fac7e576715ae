import ArgumentParser
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnOCI
import KilnStore
import KilnSystem

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what runs and what is happening.",
        discussion: """
            Tells what runs, what is happening, what it waits for and until when, and what comes next; kiln why tells more.
            With --watch a terminal shows it anew each second until Ctrl-C, and a pipe gets what changes, line by line.

            Examples:

              kiln status shop
              kiln status --watch
            """
    )

    @Argument(help: "The fleet; all when none is named.")
    var fleet: FleetName?

    @Flag(name: .shortAndLong, help: "Go on as it changes, until Ctrl-C.")
    var watch = false

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let fleets = try FleetContext(context)
        let reader = fleets.reader
        if watch {
            return try await StatusWatch(context: context, format: format.format) { [fleet] in
                if let fleet { [try await reader.status(of: fleet)] } else { try await reader.statuses() }
            }.run()
        }
        let statuses =
            if let fleet { [try await reader.status(of: fleet)] } else { try await reader.statuses() }
        if format.format == .json { return try context.resultJSON(["fleets": statuses]) }
        guard !statuses.isEmpty else {
            context.console.message("no fleets yet: kiln deploy FLEET starts one")
            return
        }
        let texts = statuses.map { StatusText($0).text(color: context.console.output.color) }
        context.console.result(texts.joined(separator: "\n\n"))
        let gate = RevocationGate(images: ImageStore(home: fleets.home))
        context.console.show(
            try statuses.compactMap { status in
                guard let release = status.release, let image = status.imageDigest else { return nil }
                return try gate.warning(of: status.fleet, release: release, image: image)
            }
        )
        let admitted = AdmittedReleases(fleets: fleets)
        for status in statuses {
            if let warning = try await admitted.warning(of: status.fleet) { context.console.show([warning]) }
        }
    }
}
