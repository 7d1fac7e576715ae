import ArgumentParser
import KilnDefinition
import KilnFleet

struct ScaleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale",
        abstract: "Change how many instances a fleet has; replace nothing.",
        discussion: """
            Reads no definition: what that says takes its place again with the next kiln apply or kiln deploy.

            Example:

              kiln scale shop 5
            """
    )

    @Argument(help: "The fleet.")
    var fleet: FleetName

    @Argument(help: "How many instances.")
    var instances: Int

    @OptionGroup var drive: DriveOptions

    func validate() throws {
        guard (0...1000).contains(instances) else {
            throw ValidationError("a fleet has a number of instances from 0 to 1000")
        }
    }

    func run() async throws {
        try await drive.drive(fleet) { fleets, options in
            try await fleets.perform(.scale(to: instances), on: fleet, options: options)
        }
    }
}
