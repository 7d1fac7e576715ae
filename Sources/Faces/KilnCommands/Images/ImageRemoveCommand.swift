import ArgumentParser
import KilnOCI
import KilnStore

struct ImageRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Take an image's name away; its bytes go with the next gc, unless a fleet needs them.",
        discussion: """
            The names of single platforms' images (shop@linux/arm64) go with the name of all (shop).

            Example:

              kiln image remove guestbook && kiln gc
            """
    )

    @Argument(help: "A name, or a digest to take all its names away.")
    var image: String

    func run() async throws {
        let context = CommandContext.current
        for removed in try await ImageStore(home: context.home).remove(image) {
            context.console.message("removed the name \(removed.name) (\(removed.descriptor.digest.short))")
        }
    }
}
