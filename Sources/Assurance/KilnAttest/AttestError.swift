package import KilnDiagnostics

/// What is wrong with a key, a signature or a statement.
package struct AttestError: DiagnosticError {
    package enum Code: String, Sendable, CaseIterable {
        case key = "attest.key"
        case passphrase = "attest.passphrase"
        case exists = "attest.exists"
        /// A document that is not what its format says.
        case document = "attest.document"
        /// What must have been signed was not.
        case unsigned = "attest.unsigned"
    }

    package let code: Code
    package let diagnostics: [Diagnostic]

    package init(
        _ code: Code,
        _ message: String,
        at span: SourceSpan? = nil,
        causes: [String] = [],
        hint: String? = nil
    ) {
        self.code = code
        let status: ExitStatus =
            switch code {
            case .key, .passphrase, .exists: .usage
            case .document: .failed
            case .unsigned: .gateRefused
            }
        diagnostics = [
            Diagnostic(
                code: code.rawValue,
                message,
                at: span,
                causes: causes,
                hint: hint,
                exitStatus: status
            )
        ]
    }
}
