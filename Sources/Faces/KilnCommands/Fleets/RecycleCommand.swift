import ArgumentParser
import KilnCatalog
import KilnDefinition
import KilnFleet

struct RecycleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recycle",
        abstract: "Replace every instance of a fleet by a fresh one of the same release.",
        discussion: """
            Within the rollout's budget, as any replacement: what serves goes only once another serves in its place. Fresh \
            instances read the secrets as they are now.

            Example:

              kiln recycle shop
            """
    )

    @Argument(help: "The fleet.")
    var fleet: FleetName

    @OptionGroup var drive: DriveOptions

    func run() async throws {
        try await drive.drive(fleet) { fleets, options in
            // Nothing goes for what could not come up in its place.
            if let release = try await fleets.store.runningRelease(of: fleet)?.number {
                try await fleets.store.release(release, of: fleet)?.content
                    .checkSecrets(in: fleets.vault)
            }
            return try await fleets.perform(.recycle, on: fleet, options: options)
        }
    }
}
