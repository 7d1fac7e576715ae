import ArgumentParser
import KilnDefinition
import KilnFleet

struct FreezeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "freeze",
        abstract: "Keep a fleet exactly as it is during an incident: no rollout, no replacement.",
        discussion: """
            Until `kiln resume`, nothing else changes the fleet but `kiln abort`.

            Example:

              kiln freeze shop --why "looking at the database"
            """
    )

    @Argument(help: "The fleet.")
    var fleet: FleetName

    @Option(help: ArgumentHelp("Why, for those who look at it.", valueName: "text"))
    var why = "a person looks at it"

    @OptionGroup var drive: DriveOptions

    func validate() throws { try DriveOptions.check(why, "--why") }

    func run() async throws {
        try await drive.drive(fleet) { fleets, options in
            try await fleets.perform(.freeze(why: why), on: fleet, options: options)
        }
    }
}
