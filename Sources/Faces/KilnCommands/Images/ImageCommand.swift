import ArgumentParser

struct ImageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image",
        abstract: "List, show and remove images of the store.",
        subcommands: [ImageListCommand.self, ImageShowCommand.self, ImageRemoveCommand.self]
    )
}
