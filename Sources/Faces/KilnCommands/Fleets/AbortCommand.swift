import ArgumentParser
import KilnDefinition
import KilnFleet

struct AbortCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "abort",
        abstract: "Go back to the stable release, whatever the rollout is doing.",
        discussion: """
            The release is not quarantined: nothing says that it is to blame.

            Example:

              kiln abort shop
            """
    )

    @Argument(help: "The fleet.")
    var fleet: FleetName

    @OptionGroup var drive: DriveOptions

    func run() async throws {
        try await drive.drive(fleet) { fleets, options in
            try await fleets.perform(.abort, on: fleet, options: options)
        }
    }
}
