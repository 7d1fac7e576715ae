import ArgumentParser
import KilnDefinition
import KilnFleet

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Go on from what is recorded: a paused or killed rollout, or a fleet whose instances died.",
        discussion: """
            Reads no definition. After a reboot it brings back what was running. Work before a rollout that cannot be undone and \
            whose end nobody saw is told first, and run again when the command is given once more.

            Example:

              kiln resume shop
            """
    )

    @Argument(help: "The fleet.")
    var fleet: FleetName

    @OptionGroup var drive: DriveOptions

    func run() async throws {
        try await drive.drive(fleet) { fleets, options in
            var options = options
            options.repeatsUnseen = true
            return try await fleets.perform(.resume, on: fleet, options: options)
        }
    }
}
