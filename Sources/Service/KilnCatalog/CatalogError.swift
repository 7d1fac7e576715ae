import GRDB
package import KilnDiagnostics
import SystemPackage

/// Why the catalog cannot be used.
package struct CatalogError: DiagnosticError, Hashable {
    package enum Code: String, Sendable, Hashable {
        case newer = "catalog.newer"
        case foreign = "catalog.foreign"
        case damaged = "catalog.damaged"
        case busy = "catalog.busy"
        case full = "catalog.disk-full"
        case unreadable = "catalog.unreadable"
        case failed = "catalog.failed"
    }

    package let code: Code
    package let message: String
    package let cause: String?
    package let hint: String?

    package var diagnostics: [Diagnostic] {
        [Diagnostic(code: code.rawValue, message, causes: cause.map { [$0] } ?? [], hint: hint)]
    }

    private init(_ code: Code, _ message: String, cause: String? = nil, hint: String?) {
        self.code = code
        self.message = message
        self.cause = cause
        self.hint = hint
    }

    static func newer(_ path: FilePath, version: Int, known: Int) -> CatalogError {
        CatalogError(
            .newer,
            "\(path) was written by a newer Kiln (schema \(version), this one knows up to \(known))",
            hint: "use the newer program, or restore a backup from before it ran"
        )
    }

    static func foreign(_ path: FilePath) -> CatalogError {
        CatalogError(
            .foreign,
            "\(path) is a database of another program",
            hint: "point KILN_HOME at a folder of Kiln's own"
        )
    }

    static func damaged(_ path: FilePath, _ findings: [String]) -> CatalogError {
        CatalogError(.damaged, "\(path) is damaged", cause: findings.first, hint: damagedHint)
    }

    static func undecodable(_ path: FilePath, _ what: String, _ error: any Error) -> CatalogError {
        CatalogError(
            .damaged,
            "\(path) holds a \(what) that cannot be read",
            cause: String(describing: error),
            hint: damagedHint
        )
    }

    init(_ path: FilePath, _ error: DatabaseError) {
        let cause = error.message ?? error.description
        switch error.resultCode {
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            self.init(.damaged, "\(path) is damaged", cause: cause, hint: Self.damagedHint)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(
                .busy,
                "\(path) is in use by another process",
                cause: cause,
                hint: "run the command again"
            )
        case .SQLITE_FULL:
            self.init(.full, "no space left to write \(path)", cause: cause, hint: "free some space: kiln gc")
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
            self.init(
                .unreadable,
                "cannot open \(path)",
                cause: cause,
                hint: "run as root, or set KILN_HOME to a folder of your own"
            )
        default: self.init(.failed, "cannot read or write \(path)", cause: cause, hint: nil)
        }
    }

    private static let damagedHint =
        "instances keep running; move the file (with its -wal and -shm) aside, "
        + "restore a backup or deploy the fleets again"
}
