import ArgumentParser
import KilnDefinition
import KilnFleet

struct RecycleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recycle",
        abstract: "Replace every instance of a fleet by a fresh one of the same release.",
        discussion: """
            Within the rollout's budget, as any replacement: what serves goes only once another serves in its place.

            Example:

              kiln recycle shop
            """
    )

    @Argument(help: "The fleet.")
    var fleet: FleetName

    @OptionGroup var drive: DriveOptions

    func run() async throws {
        try await drive.drive(fleet) { fleets, options in
            try await fleets.driver.recycle(fleet, options: options)
        }
    }
}
