import ArgumentParser
import KilnDefinition
import KilnFleet

struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Make a fleet run an earlier release again, image and configuration together.",
        discussion: """
            Without --to: the newest release before the current one that was stable.

            Examples:

              kiln rollback shop
              kiln rollback shop --to 3
            """
    )

    @Argument(help: "The fleet.")
    var fleet: FleetName

    @Option(help: "The release's number, as kiln releases shows it.")
    var to: Int?

    @Flag(help: "Take a release that failed before and is quarantined, or that no listener leads to.")
    var force = false

    @OptionGroup var drive: DriveOptions

    func run() async throws {
        try await drive.drive(fleet, force: force) { fleets, options in
            try await fleets.perform(
                .rollback(to: to.map(ReleaseNumber.init(rawValue:))),
                on: fleet,
                options: options
            )
        }
    }
}
