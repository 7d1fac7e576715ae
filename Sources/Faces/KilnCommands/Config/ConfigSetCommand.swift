import ArgumentParser
import KilnCatalog
import KilnDiagnostics
import KilnSystem
import SystemPackage

struct ConfigSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Set a value, which comes by standard input or from a file.",
        discussion: """
            One line end at the end of standard input is left out, a file is taken as it is. What is there already changes \
            nothing. The value never stands on the command line, where others would see it. A secret is read by instances alone, \
            when they start: no release takes it, and nothing shows it but `kiln config get --reveal`. It stays one until it is \
            unset.

            Examples:

              echo debug | kiln config set shop log_level
              kiln config set shop app.conf --from-file app.conf
              kiln config set --secret shop/keys db-password --from-file password && kiln recycle shop
            """
    )

    @OptionGroup var place: ConfigPlaceArguments

    @Option(help: "The file that holds the value.")
    var fromFile: String?

    @Flag(help: "Make it a secret, which fleets name in `secrets`.")
    var secret = false

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let change = try await context.configVault().set(
            try value(),
            at: place.path,
            place.key,
            asSecret: secret,
            author: context.operatorName
        )
        if format.format == .json { return try context.resultJSON(change) }
        let kind = change.isSecret ? ", a secret" : ""
        context.console.message("\(place.path) \(place.key) is at version \(change.version)\(kind)")
    }

    private func value() throws -> [UInt8] {
        // One more than may be, so that a longer value is refused by name.
        let limit = ConfigVault.valueLimit + 1
        if let fromFile { return try Files.read(FilePath(fromFile), limit: limit) }
        var bytes = try Files.read("/dev/stdin", limit: limit)
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        return bytes
    }
}

struct ConfigUnsetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unset",
        abstract: "Take a key away; its earlier versions stay.",
        discussion: """
            Example:

              kiln config unset shop log_level
            """
    )

    @OptionGroup var place: ConfigPlaceArguments
    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let change = try await context.configVault()
            .unset(place.path, place.key, author: context.operatorName)
        if format.format == .json { return try context.resultJSON(change) }
        context.console.message("\(place.path) \(place.key) is gone, at version \(change.version)")
    }
}
