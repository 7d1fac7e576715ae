import Glibc
import Subprocess
import SystemPackage

/// A tool that a person uses on this process's own terminal.
package enum TerminalSession {
    /// Runs to the end on this process's own terminal or streams, in its process group, without its variables. The tool is
    /// told by SIGHUP when this process dies, however it dies.
    package static func runTied(_ invocation: ToolInvocation) async throws -> ToolStatus {
        guard let leash = ExecutableSearch.find("setpriv") else {
            throw ToolError(invocation: ToolInvocation("setpriv"), reason: .notFound)
        }
        let words = [leash.string, "--pdeathsig", "HUP", "--", invocation.executable] + invocation.arguments
        var settings = termios()
        let isKnown = tcgetattr(STDIN_FILENO, &settings) == 0
        defer {
            if isKnown { tcsetattr(STDIN_FILENO, TCSADRAIN, &settings) }
        }
        // One thread starts it and waits: the signal comes when that one is gone (prctl(2)).
        return try await Blocking.wait {
            let child = try spawn(words, invocation)
            var status: Int32 = 0
            while waitpid(child, &status, 0) < 0 {
                guard errno == EINTR else { throw SystemError.last("wait for \(invocation.executable)") }
            }
            let signal = status & 0x7f
            return signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
        }
    }

    private static func spawn(_ words: [String], _ invocation: ToolInvocation) throws -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // What this process ignores or holds back is none of the tool's.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE] { sigaddset(&signals, number) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let variables = ["PATH", "TERM"].compactMap { (name: String) -> String? in
            getenv(name).map { "\(name)=\(String(cString: $0))" }
        }
        var arguments = words.map { strdup($0) } + [nil]
        var environment = variables.map { strdup($0) } + [nil]
        defer { for text in arguments + environment { free(text) } }
        var child: pid_t = 0
        let error = posix_spawn(&child, words[0], nil, &attributes, &arguments, &environment)
        guard error == 0 else {
            throw ToolError(
                invocation: invocation,
                reason: .cannotStart(String(describing: Errno(rawValue: error)))
            )
        }
        return child
    }

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
