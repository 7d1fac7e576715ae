package import KilnDiagnostics
import KilnFleet

/// Why the local platform could not do what it was asked.
package struct LocalPlatformError: DiagnosticError, Hashable {
    package enum Code: String, Sendable {
        /// A newer holder of the fleet's lease was here.
        case fenced = "platform.fenced"
        case unknownInstance = "platform.instance"
        case image = "platform.image"
        case configFile = "platform.config-file"
        case state = "platform.state"
        case user = "platform.user"
        case start = "platform.start"
        /// The image has no such program, or none that can be run.
        case program = "platform.program"
        case network = "platform.network"
        case listener = "platform.listener"
        case balancer = "platform.balancer"
        /// A listener's certificate or key is no good, or not there.
        case certificate = "platform.certificate"
    }

    package let code: Code
    package let message: String
    package let causes: [String]
    package let hint: String?

    package init(_ code: Code, _ message: String, causes: [String] = [], hint: String? = nil) {
        self.code = code
        self.message = message
        self.causes = causes
        self.hint = hint
    }

    package var diagnostics: [Diagnostic] {
        [Diagnostic(code: code.rawValue, message, causes: causes, hint: hint)]
    }
}

extension LocalPlatformError: ReleaseFault {
    package var isOfRelease: Bool {
        switch code {
        case .configFile, .user, .program, .image: true
        case .fenced, .unknownInstance, .state, .start, .network, .listener, .balancer, .certificate: false
        }
    }
}

extension LocalPlatformError {
    static func unknown(_ instance: InstanceID) -> LocalPlatformError {
        LocalPlatformError(.unknownInstance, "there is no instance \(instance)")
    }
}
