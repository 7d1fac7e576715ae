import Glibc
import Subprocess
import SystemPackage

/// A tool that a person uses on this process's own terminal.
package enum TerminalSession {
    /// Runs to the end, whatever the status. The tool stays in this process's group, since only that may read from the
    /// terminal, and the terminal is as it was afterwards.
    package static func run(_ invocation: ToolInvocation) async throws {
        var settings = termios()
        let isKnown = tcgetattr(STDIN_FILENO, &settings) == 0
        defer {
            if isKnown { tcsetattr(STDIN_FILENO, TCSADRAIN, &settings) }
        }
        do {
            _ = try await Subprocess.run(
                invocation.executable.contains("/")
                    ? .path(FilePath(invocation.executable)) : .name(invocation.executable),
                arguments: Arguments(invocation.arguments),
                input: .currentStandardInput,
                output: .currentStandardError,
                error: .currentStandardError
            )
        } catch let error as SubprocessError {
            if Task.isCancelled { throw CancellationError() }
            throw ToolError(invocation: invocation, reason: .cannotStart(String(describing: error)))
        }
    }
}
