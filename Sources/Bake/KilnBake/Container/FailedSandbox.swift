package import KilnDiagnostics
import KilnSystem

/// The sandbox of a command that failed, as the command left it, while somebody may look into it.
package struct FailedSandbox: Sendable {
    /// What failed.
    package let diagnostics: [Diagnostic]
    /// The shell's path in the image; nil when the image holds none, and nothing can be opened.
    package let shell: String?
    /// Runs the shell on the terminal of this process, to its end.
    package let open: @Sendable () async throws -> Void
    /// Ends the shell, whatever it is doing.
    package let close: @Sendable () -> Void
}

/// Is shown sandboxes in which something failed, before they are cleared.
package protocol SandboxInspector: Sendable {
    func inspect(_ sandbox: FailedSandbox) async throws
}
