import ArgumentParser

/// The page of all commands, from their own help.
package enum CommandReference {
    package static func page() -> String {
        let head = """
            # Commands

            Made from the code: `KILN_UPDATE_GOLDEN=1 swift test --filter "The documentation"` writes it anew.


            """
        return head + section(KilnCommand.self, path: [])
    }

    private static func section(_ command: any ParsableCommand.Type, path: [String]) -> String {
        let name = (path + [command.configuration.commandName ?? ""]).joined(separator: " ")
        let help = KilnCommand.helpMessage(for: command, includeHidden: false, columns: 100)
        let own = "## \(name)\n\n```text\n\(trimmed(help))\n```\n\n"
        let groups = command.configuration.groupedSubcommands.flatMap(\.subcommands)
        let children = groups + command.configuration.ungroupedSubcommands
        return own
            + children.map { section($0, path: path + [command.configuration.commandName ?? ""]) }.joined()
    }

    private static func trimmed(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            String(line.reversed().drop { $0 == " " }.reversed())
        }
        return lines.joined(separator: "\n").split(separator: "\n", omittingEmptySubsequences: false)
            .reversed().drop { $0.isEmpty }.reversed().joined(separator: "\n")
    }
}
