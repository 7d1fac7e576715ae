import ArgumentParser
import KilnDefinition
import KilnFleet

struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Leave a rollout where it is; what runs goes on, and nothing is replaced.",
        discussion: """
            Whoever drives the rollout is asked to end first. `kiln resume` goes on with it.

            Example:

              kiln pause shop
            """
    )

    @Argument(help: "The fleet.")
    var fleet: FleetName

    @OptionGroup var drive: DriveOptions

    func run() async throws {
        try await drive.drive(fleet) { fleets, options in
            try await fleets.perform(.pause, on: fleet, options: options)
        }
    }
}
