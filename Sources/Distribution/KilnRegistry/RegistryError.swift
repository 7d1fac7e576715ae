package import KilnDiagnostics

/// Why a registry could not be read or written.
package struct RegistryError: DiagnosticError {
    package enum Code: String, Sendable, CaseIterable {
        case reference = "registry.reference"
        case credentials = "registry.credentials"
        case unreachable = "registry.unreachable"
        case denied = "registry.denied"
        case notFound = "registry.not-found"
        case refused = "registry.refused"
        /// What came is not what its digest or its format says.
        case content = "registry.content"
        case platform = "registry.platform"
    }

    package let code: Code
    package let diagnostic: Diagnostic

    package init(
        _ code: Code,
        _ message: String,
        causes: [String] = [],
        hint: String? = nil,
        exitStatus: ExitStatus = .failed
    ) {
        self.code = code
        diagnostic = Diagnostic(
            code: code.rawValue,
            message,
            causes: causes,
            hint: hint,
            exitStatus: exitStatus
        )
    }

    package var diagnostics: [Diagnostic] { [diagnostic] }

    /// For a text that a person wrote.
    package init(_ text: String, _ error: ImageReferenceSyntaxError) {
        let (message, hint): (String, String) =
            switch error {
            case .noRegistry:
                (
                    "\"\(text)\" names no registry",
                    "write the host too: registry.example.org/\(text), or docker.io/library/\(text)"
                )
            case .badRegistry(let host): ("\"\(host)\" is no host of a registry", "write host or host:port")
            case .badPath(let path):
                (
                    "\"\(path)\" is no repository",
                    "repositories are lower-case letters, digits, and . _ - between them, parted by /"
                )
            case .badTag(let tag):
                ("\"\(tag)\" is no tag", "tags are letters, digits, and . _ -, 128 at most")
            case .badDigest(let digest):
                ("\"\(digest)\" is no digest", "digests are sha256: and 64 lower-case hex digits")
            case .neitherTagNorDigest:
                ("\"\(text)\" has neither a tag nor a digest", "add a version: \(text):1.0.0")
            }
        self.init(.reference, message, hint: hint, exitStatus: .usage)
    }
}
