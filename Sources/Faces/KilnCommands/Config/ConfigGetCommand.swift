import ArgumentParser
import KilnCatalog
import KilnDiagnostics
import KilnSystem

struct ConfigGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Print a value, with a line end added.",
        discussion: """
            Example:

              kiln config get shop log_level --version 3
            """
    )

    @OptionGroup var place: ConfigPlaceArguments

    @Option(help: "An earlier version, by its number.")
    var version: Int64?

    @Flag(help: "Print a secret.")
    var reveal = false

    func run() async throws {
        let context = CommandContext.current
        let value = try await context.configVault()
            .value(at: place.path, place.key, version: version, revealing: reveal)
        context.console.result(String(decoding: value, as: UTF8.self))
    }
}

struct ConfigListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List what is set, without the values.",
        discussion: """
            Example:

              kiln config list shop
            """
    )

    @Argument(help: "The path; all when none is named.", transform: ConfigPath.read)
    var path: String?

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let entries = try await context.configVault().entries(at: path)
        if format.format == .json { return try context.resultJSON(["entries": entries]) }
        context.console.result(ConfigTable.text(entries, color: context.console.output.color))
    }
}

struct ConfigHistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "List who changed what and when, newest first.",
        discussion: """
            Example:

              kiln config history shop log_level
            """
    )

    @Argument(help: "The path.", transform: ConfigPath.read)
    var path: String

    @Argument(help: "The key; all of the path when none is named.", transform: ConfigPath.readKey)
    var key: String?

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let changes = try await context.configVault().history(of: path, key)
        if format.format == .json { return try context.resultJSON(["changes": changes]) }
        context.console.result(
            ConfigTable.text(changes.reversed(), color: context.console.output.color)
        )
    }
}

/// Changes as a table.
enum ConfigTable {
    static func text(_ changes: [ConfigChange], color: Bool) -> String {
        var table = TextTable(
            ("VERSION", .right),
            ("PATH", .left),
            ("KEY", .left),
            ("CHANGE", .left),
            ("BY", .left),
            ("WHEN", .left)
        )
        for change in changes {
            table.add(
                String(change.version),
                change.path,
                change.key,
                (change.isRemoval ? "unset" : "set") + (change.isSecret ? " secret" : ""),
                ShownText.line(change.author),
                WallClock.format(change.time)
            )
        }
        return table.render(color: color)
    }
}
