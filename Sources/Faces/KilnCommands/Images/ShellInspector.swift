import Glibc
import KilnBake
import KilnDiagnostics
import KilnSystem
import Synchronization

/// Opens a shell for the person at the terminal in a sandbox in which something failed. One at a time. A class: layers
/// that fail at once share the one terminal.
final class ShellInspector: SandboxInspector {
    private let context: CommandContext
    private let isBusy = Atomic<Bool>(false)

    /// Refused where nobody could type.
    init(_ context: CommandContext, _ format: OutputFormat) throws {
        self.context = context
        guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1, format == .text else {
            throw DiagnosticFailure(
                Diagnostic(
                    code: "bake.no-terminal",
                    "--shell-on-failure needs a terminal",
                    causes: [
                        format == .text
                            ? "standard input or standard error is none" : "--format json is for programs"
                    ],
                    hint: "run it at a terminal; elsewhere the error names the log of the whole output",
                    exitStatus: .usage
                )
            )
        }
    }

    func inspect(_ sandbox: FailedSandbox) async throws {
        while isBusy.exchange(true, ordering: .acquiring) { try await Task.sleep(for: .milliseconds(50)) }
        defer { isBusy.store(false, ordering: .releasing) }
        // What failed first cancels the rest.
        try Task.checkCancellation()
        let diagnostics = sandbox.diagnostics.map { diagnostic in
            var diagnostic = diagnostic
            diagnostic.hint = nil
            return diagnostic
        }
        context.console.show(diagnostics)
        guard let shell = sandbox.shell else {
            context.console.show([
                Diagnostic(
                    .warning,
                    code: "bake.no-shell",
                    "the image holds no shell, so none can be opened in its sandbox",
                    hint: "put one into an image below while you look, such as busybox as /bin/sh"
                )
            ])
            return
        }
        context.console.message("\(shell) in the sandbox, as it was left; leaving it ends the bake")
        try await context.console.suspended {
            // Ctrl-C is the shell's while it has the terminal: what comes as a signal means the end (a closed window).
            try await context.interruption.deferring(sandbox.close) { try await sandbox.open() }
        }
    }
}
