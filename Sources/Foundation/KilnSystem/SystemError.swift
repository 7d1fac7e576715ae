import Glibc
package import KilnDiagnostics
package import SystemPackage

/// A system call that failed, with what it was asked to do.
package struct SystemError: DiagnosticError, Hashable {
    /// In the user's words, such as `write /var/lib/kiln/kiln.db`.
    package let action: String
    package let errno: Errno

    package init(_ action: String, _ errno: Errno) {
        self.action = action
        self.errno = errno
    }

    /// The error of the call that just failed on this thread.
    package static func last(_ action: String) -> SystemError {
        SystemError(action, Errno(rawValue: Glibc.errno))
    }

    package var diagnostics: [Diagnostic] {
        [Diagnostic(code: "system", "cannot \(action)", causes: [errno.description], hint: hint)]
    }

    private var hint: String? {
        switch errno {
        case .noSpace: "free some space (kiln gc drops what nothing refers to), then run the command again"
        case .permissionDenied, .notPermitted: "run as root, or as the owner of the file"
        case .readOnlyFileSystem: "the file system is mounted read-only"
        default: nil
        }
    }
}
