import ArgumentParser
import KilnDefinition
import KilnDiagnostics
import KilnFleet

struct DestroyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destroy",
        abstract: "Take a fleet down: drain and remove its instances, its balancer, its network.",
        discussion: """
            Releases and events are kept, and volumes too unless --volumes is given.

            Example:

              kiln destroy shop --volumes
            """
    )

    @Argument(help: "The fleet.")
    var fleet: FleetName

    @Flag(help: "Delete its volumes too. There is no way back.")
    var volumes = false

    @OptionGroup var options: DriveOptions

    func run() async throws {
        let context = CommandContext.current
        let fleets = try FleetContext(context)
        let stop = fleets.stop
        let outcome = try await context.interruption.deferring {
            stop.request()
        } _: {
            try await context.withProgress(options.format.format, narrates: true) {
                try await fleets.driver.destroy(
                    fleet,
                    volumes: volumes,
                    options: FleetDriver.Options(wait: .seconds(options.wait))
                )
            }
        }
        guard case .stopped = outcome else {
            OutcomeReport(fleet, outcome).show(on: context.console)
            throw CommandExit(status: outcome.exitStatus == .done ? .failed : outcome.exitStatus)
        }
        context.console.message(
            volumes ? "\(fleet) is gone, its volumes too" : "\(fleet) is gone; its volumes are kept"
        )
    }
}
