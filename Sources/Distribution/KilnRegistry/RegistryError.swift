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
        /// It says itself that the same may work a moment later.
        case busy = "registry.busy"
        /// What came is not what its digest or its format says.
        case content = "registry.content"
        case platform = "registry.platform"
        /// What an image was made of is no longer here.
        case sources = "registry.sources"
    }

    package let code: Code
    package private(set) var diagnostic: Diagnostic

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

    /// The same may well succeed a moment later.
    var isPassing: Bool { code == .unreachable || code == .busy }

    /// With the place in a definition that led to it.
    package func at(_ span: SourceSpan?) -> RegistryError {
        var error = self
        error.diagnostic.span = diagnostic.span ?? span
        return error
    }

    /// For a text that a person wrote.
    package init(_ text: String, _ error: ImageReferenceSyntaxError) {
        let (message, hint) = error.words(on: text)
        self.init(.reference, message, hint: hint, exitStatus: .usage)
    }
}

extension ImageReferenceSyntaxError {
    /// What is wrong with the text, and what to write instead.
    package func words(on text: String) -> (message: String, hint: String) {
        switch self {
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
        case .notRepository(let name):
            ("\"\(text)\" names an image, not a repository", "leave tag and digest out: \(name)")
        }
    }
}
