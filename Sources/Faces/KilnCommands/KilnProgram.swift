import ArgumentParser
import Glibc
package import KilnDiagnostics

/// Runs the command line and says how it ended.
package enum KilnProgram {
    package static func run(_ arguments: [String], environment: [String: String]) async -> ExitStatus {
        let context = CommandContext(environment: environment)
        let work = Task {
            await CommandContext.$current.withValue(context) { await execute(arguments, context) }
        }
        context.interruption.watch { work.cancel() }
        return await work.value
    }

    @concurrent
    private static func execute(_ arguments: [String], _ context: CommandContext) async -> ExitStatus {
        do {
            var command = try KilnCommand.parseAsRoot(arguments)
            do {
                if var command = command as? any AsyncParsableCommand {
                    try await command.run()
                } else {
                    try command.run()
                }
                if let error = context.console.resultError { throw error }
                return .done
            } catch {
                return failed(error, context)
            }
        } catch {
            if let unknown = unknownCommand(arguments) {
                context.console.show([unknown])
                return .usage
            }
            return usage(error, context)
        }
    }

    /// The parser only counts unexpected words; a mistyped command deserves its name and a guess.
    private static func unknownCommand(_ arguments: [String]) -> Diagnostic? {
        let names = KilnCommand.configuration.groupedSubcommands.flatMap(\.subcommands).map { command in
            command.configuration.commandName ?? ""
        }
        guard let word = arguments.first, !word.hasPrefix("-"), word != "help", !names.contains(word) else {
            return nil
        }
        return Diagnostic(
            code: "usage.unknown-command",
            "there is no command \"\(word)\"",
            hint: Spelling.nearest(to: word, in: names).map { "did you mean \"kiln \($0)\"?" }
                ?? "kiln --help lists them",
            exitStatus: .usage
        )
    }

    private static func failed(_ error: any Error, _ context: CommandContext) -> ExitStatus {
        if let error = error as? CommandExit { return error.status }
        // A command with subcommands shows its help by throwing.
        if KilnCommand.exitCode(for: error) == .success { return usage(error, context) }
        if context.interruption.isRequested, error is CancellationError {
            context.console.message("interrupted: nothing was left half-done")
            return .interrupted
        }
        context.console.show(error.asDiagnostics)
        return context.interruption.isRequested ? .interrupted : error.exitStatus
    }

    private static func usage(_ error: any Error, _ context: CommandContext) -> ExitStatus {
        let message = KilnCommand.fullMessage(for: error)
        if KilnCommand.exitCode(for: error) == .success {
            context.console.result(message)
            return .done
        }
        let lines = message.split(separator: "\n", omittingEmptySubsequences: false)
        let lowered = lines.map { $0.hasPrefix("Error: ") ? "error: " + $0.dropFirst(7) : String($0) }
        context.console.message(lowered.joined(separator: "\n"))
        return .usage
    }
}

/// Ends a command with a status that is no error, after it has said what it had to say.
struct CommandExit: Error {
    let status: ExitStatus
}
