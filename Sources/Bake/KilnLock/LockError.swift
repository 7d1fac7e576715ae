package import KilnDiagnostics

/// Why a lock cannot be read, trusted or made.
package struct LockError: DiagnosticError {
    package enum Code: String, Sendable, CaseIterable {
        // The file.
        case syntax = "lock.syntax"
        case conflict = "lock.conflict"
        case version = "lock.version"
        case absent = "lock.absent"
        case unreadable = "lock.unreadable"
        // The definition.
        case chain = "lock.chain"
        case noArchive = "lock.no-archive"
        case packageName = "lock.package-name"
        case tar = "lock.tar"
        case update = "lock.update"
        // The archive.
        case source = "lock.source"
        case keyring = "lock.keyring"
        case signature = "lock.signature"
        case unsigned = "lock.unsigned"
        case expired = "lock.expired"
        case notYetValid = "lock.not-yet-valid"
        case tampered = "lock.tampered"
        case unreachable = "lock.unreachable"
        case unauthorized = "lock.unauthorized"
        case ambiguousArchive = "lock.ambiguous-archive"
        case incomplete = "lock.incomplete-mirror"
        case missingSuite = "lock.missing-suite"
        case wrongSuite = "lock.wrong-suite"
        case missingArchitecture = "lock.missing-architecture"
        case missingComponent = "lock.missing-component"
        case apt = "lock.apt"
        // The solution.
        case missingPackage = "lock.missing-package"
        case unsatisfiable = "lock.unsatisfiable"
        case inconsistent = "lock.inconsistent"
        // The packages themselves.
        case digest = "fetch.digest"
        case gone = "fetch.gone"
        case transfer = "fetch.transfer"
        case diskFull = "fetch.disk-full"
        case notPackage = "fetch.not-a-package"
    }

    package let code: Code
    package var diagnostic: Diagnostic

    package init(
        _ code: Code,
        _ message: String,
        at span: SourceSpan? = nil,
        causes: [String] = [],
        hint: String? = nil,
        exitStatus: ExitStatus = .failed
    ) {
        self.code = code
        diagnostic = Diagnostic(
            code: code.rawValue,
            message,
            at: span,
            causes: causes,
            hint: hint,
            exitStatus: exitStatus
        )
    }

    package var diagnostics: [Diagnostic] { [diagnostic] }
}
