package import KilnDiagnostics
import SystemPackage

/// Why a request was not understood, or a server not reached.
package struct APIError: DiagnosticError, Hashable {
    package enum Code: String, Sendable, Hashable, CaseIterable {
        case unknownPath = "api.unknown-path"
        case unknownVerb = "api.unknown-verb"
        case unknownRequest = "api.unknown-request"
        case badName = "api.bad-name"
        case badMethod = "api.bad-method"
        case badBody = "api.bad-body"
        case badParameter = "api.bad-parameter"
        case tooLarge = "api.too-large"
        case otherProtocol = "api.other-protocol"
        case ending = "api.ending"
        case late = "api.late"
        case silent = "serve.silent"
        case garbled = "serve.garbled"
        case gone = "serve.gone"
        case absent = "serve.absent"
        case mode = "serve.mode"
        case running = "serve.running"
        case address = "serve.address"
    }

    package let code: Code
    package let message: String
    package let causes: [String]
    package let hint: String?
    package let status: ExitStatus

    package init(
        _ code: Code,
        _ message: String,
        causes: [String] = [],
        hint: String? = nil,
        status: ExitStatus = .failed
    ) {
        self.code = code
        self.message = message
        self.causes = causes
        self.hint = hint
        self.status = status
    }

    package var diagnostics: [Diagnostic] {
        [Diagnostic(code: code.rawValue, message, causes: causes, hint: hint, exitStatus: status)]
    }

    /// The status of the HTTP answer that tells it (RFC 9110, section 15).
    package var httpStatus: Int {
        switch code {
        case .unknownPath, .unknownVerb, .unknownRequest: 404
        case .badMethod: 405
        case .tooLarge: 413
        case .ending, .late: 503
        case .badName, .badBody, .badParameter, .otherProtocol: 400
        case .silent, .garbled, .gone, .absent, .mode, .running, .address: 500
        }
    }
}

extension APIError {
    static func badBody(_ why: String) -> APIError {
        APIError(
            .badBody,
            "the request's body is not understood",
            causes: [why],
            hint: "docs/reference/api.md shows the fields of each change",
            status: .usage
        )
    }

    package static func tooLarge(limit: Int) -> APIError {
        APIError(.tooLarge, "the request's body is longer than \(limit >> 20) MiB", status: .usage)
    }

    /// `theirs` and `ours` are words for what each side speaks.
    package static func otherProtocol(theirs: String, ours: String) -> APIError {
        APIError(
            .otherProtocol,
            "kiln serve and this command are not of the same version: it is \(theirs), this is \(ours)",
            hint: "restart kiln serve with the same version (systemctl restart kiln); instances go on running"
        )
    }

    static func silent(_ socket: FilePath, _ limit: Duration) -> APIError {
        APIError(
            .silent,
            "kiln serve does not answer at \(socket) within \(limit.components.seconds) s",
            causes: ["it accepts connections, so it may still drive fleets: two drivers must not"],
            hint:
                "see what it does (systemctl status kiln) and restart it; KILN_SERVE=off works beside it at your own risk"
        )
    }

    package static func deaf(_ address: String) -> APIError {
        APIError(
            .address,
            "nothing is accepted at \(address) any more",
            hint: "start kiln serve again; too few file descriptors are the usual reason (LimitNOFILE=)"
        )
    }

    /// Of a change, which may be on its way.
    static func silent(_ verb: ChangeVerb, _ fleet: String, _ limit: Duration) -> APIError {
        APIError(
            .silent,
            "kiln serve did not say within \(limit.components.seconds) s that it begins the \(verb.rawValue) of \(fleet)",
            causes: [
                "it may have begun it all the same; what it has not begun by now it does not begin any more"
            ],
            hint:
                "kiln status \(fleet) and kiln events \(fleet) show whether it did; systemctl status kiln what it does"
        )
    }

    package static let late = APIError(
        .late,
        "kiln serve came to this too late, when its asker had given up; nothing was changed",
        hint: "run the command again"
    )

    static func garbled(_ socket: FilePath, _ why: String) -> APIError {
        APIError(
            .garbled,
            "what answers at \(socket) is not understood",
            causes: [why],
            hint: "restart kiln serve with the same version"
        )
    }

    static func gone(_ verb: ChangeVerb, _ fleet: String) -> APIError {
        APIError(
            .gone,
            "kiln serve ended before it told how the \(verb.rawValue) of \(fleet) went",
            hint:
                "kiln status \(fleet) shows where it is; the next kiln serve, or kiln resume \(fleet), goes on with it"
        )
    }
}
