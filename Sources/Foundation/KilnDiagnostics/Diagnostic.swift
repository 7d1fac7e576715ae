/// One message to the user: what is wrong, where, why, and what to do next.
package struct Diagnostic: Sendable, Hashable {
    package enum Severity: String, Sendable {
        case error
        case warning
        case note
    }

    package var severity: Severity
    /// A stable word for scripts and tests, such as `lock.stale`.
    package var code: String
    package var message: String
    package var span: SourceSpan?
    /// What lies behind it, outermost first: a tool's own words, a failed call.
    package var causes: [String]
    package var hint: String?
    package var exitStatus: ExitStatus

    package init(
        _ severity: Severity = .error,
        code: String,
        _ message: String,
        at span: SourceSpan? = nil,
        causes: [String] = [],
        hint: String? = nil,
        exitStatus: ExitStatus = .failed
    ) {
        self.severity = severity
        self.code = code
        self.message = message
        self.span = span
        self.causes = causes
        self.hint = hint
        self.exitStatus = exitStatus
    }
}

/// An error that knows how to tell itself to the user.
///
/// Each module has one such struct (or a closed enum in a leaf parser). Nobody inspects the text: callers that decide look at the type or the code.
package protocol DiagnosticError: Error, Sendable {
    /// At least one; several when a whole file was checked.
    var diagnostics: [Diagnostic] { get }
}

/// Several diagnostics found in one pass, or one that needs no type of its own.
package struct DiagnosticFailure: DiagnosticError {
    package let diagnostics: [Diagnostic]

    package init(_ diagnostics: [Diagnostic]) {
        self.diagnostics = diagnostics
    }

    package init(_ diagnostic: Diagnostic) {
        diagnostics = [diagnostic]
    }
}

extension Error {
    /// The error's diagnostics, or its plain description when it brings none.
    package var asDiagnostics: [Diagnostic] {
        if let error = self as? any DiagnosticError { return error.diagnostics }
        if self is CancellationError {
            return [Diagnostic(code: "interrupted", "interrupted", exitStatus: .interrupted)]
        }
        return [Diagnostic(code: "unexpected", String(describing: self))]
    }

    /// The status a command ends with when this error ends it.
    package var exitStatus: ExitStatus { asDiagnostics.first?.exitStatus ?? .failed }
}
