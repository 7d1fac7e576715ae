package import KilnDiagnostics
import SystemPackage

/// Why a backup cannot be used.
package struct BackupError: DiagnosticError, Hashable {
    package enum Code: String, Sendable, Hashable {
        case missing = "backup.missing"
        case unreadable = "backup.unreadable"
        case history = "backup.history"
    }

    package let code: Code
    package let diagnostic: Diagnostic

    package var diagnostics: [Diagnostic] { [diagnostic] }

    private init(_ code: Code, _ message: String, causes: [String] = [], hint: String, status: ExitStatus) {
        self.code = code
        diagnostic = Diagnostic(
            code: code.rawValue,
            message,
            causes: causes,
            hint: hint,
            exitStatus: status
        )
    }

    static func missing(_ file: FilePath) -> BackupError {
        BackupError(
            .missing,
            "there is no backup at \(file)",
            hint: "kiln backup FILE makes one",
            status: .usage
        )
    }

    static func unreadable(_ file: FilePath, _ causes: [String]) -> BackupError {
        BackupError(
            .unreadable,
            "\(file) is no backup, or is damaged",
            causes: causes,
            hint: "nothing was restored; take another backup",
            status: .failed
        )
    }

    static func history(_ home: FilePath) -> BackupError {
        BackupError(
            .history,
            "\(home) has a history of its own: nothing was restored",
            hint:
                "restore into an empty home (KILN_HOME), or move this one's kiln.db with its -wal and -shm aside",
            status: .usage
        )
    }
}
