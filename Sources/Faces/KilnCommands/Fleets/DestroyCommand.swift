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
        let outcome = try await options.run { fleets, driverOptions in
            try await fleets.driver.destroy(fleet, volumes: volumes, options: driverOptions)
        }
        let isJSON = options.format.format == .json
        guard case .stopped = outcome else {
            let report = OutcomeReport(fleet, outcome)
            if isJSON { try context.resultJSON(report) } else { report.show(on: context.console) }
            throw CommandExit(status: outcome.exitStatus == .done ? .failed : outcome.exitStatus)
        }
        if isJSON { return try context.resultJSON(Destroyed(fleet: fleet, keptVolumes: !volumes)) }
        context.console.message(
            volumes ? "\(fleet) is gone, its volumes too" : "\(fleet) is gone; its volumes are kept"
        )
    }
}

private struct Destroyed: Encodable {
    let fleet: FleetName
    var outcome = "destroyed"
    let keptVolumes: Bool
}
