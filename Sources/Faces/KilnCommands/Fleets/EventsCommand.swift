import ArgumentParser
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnSystem

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "List what happened, oldest first.",
        discussion: """
            Each event has a number; "after #41" names the one that led to it.

            Example:

              kiln events shop --last 20
            """
    )

    @Argument(help: "The fleet; all when none is named.")
    var fleet: FleetName?

    @Option(help: "How many of the newest to show.")
    var last = 100

    @OptionGroup var format: FormatOption

    func validate() throws {
        guard (1...100_000).contains(last) else {
            throw ValidationError("--last takes a number from 1 to 100000")
        }
    }

    func run() async throws {
        let context = CommandContext.current
        let events = try await FleetContext(context).reader.events(of: fleet, limit: last)
        if format.format == .json { return try context.resultJSON(["events": events]) }
        guard !events.isEmpty else {
            context.console.message("nothing has happened yet")
            return
        }
        for event in events {
            let cause = event.cause.map { "  after #\($0)" } ?? ""
            let message = ShownText.line("\(event.message)\(EventText.asked(event))\(cause)")
            context.console.result(
                "\(WallClock.format(event.time))  #\(event.sequence)  \(event.fleet)  \(message)"
            )
        }
    }
}
