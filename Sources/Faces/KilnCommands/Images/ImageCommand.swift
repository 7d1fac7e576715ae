import ArgumentParser

struct ImageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image",
        abstract: "List, show, compare, verify, sign, revoke, remove, push and pull images of the store.",
        subcommands: [
            ImageListCommand.self, ImageShowCommand.self, ImageHistoryCommand.self, ImageSizesCommand.self,
            ImageDiffCommand.self, ImageVerifyCommand.self, ImageSignCommand.self,
            ImageVerifySignatureCommand.self, ImageRevokeCommand.self, ImageRemoveCommand.self,
            ImagePushCommand.self, ImagePullCommand.self,
        ]
    )
}
