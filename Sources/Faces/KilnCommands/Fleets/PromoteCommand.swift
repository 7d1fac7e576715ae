import ArgumentParser
import KilnDefinition
import KilnFleet

struct PromoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote",
        abstract: "Let a release go on past the step where it waits.",
        discussion: """
            Ends the wait of a canary's step, or lets a blue-green rollout switch. Health, the budget and the bake time still \
            hold, and `kiln abort` still goes back.

            Examples:

              kiln promote shop
              kiln promote shop --full
            """
    )

    @Argument(help: "The fleet.")
    var fleet: FleetName

    @Flag(help: "Past all steps that are left.")
    var full = false

    @OptionGroup var drive: DriveOptions

    func run() async throws {
        try await drive.drive(fleet) { fleets, options in
            try await fleets.perform(.promote(full: full), on: fleet, options: options)
        }
    }
}
