import KilnDiagnostics
package import KilnSystem

/// Whether commands have their changes carried out by `kiln serve` (the variable `KILN_SERVE`).
package enum ServeMode: String, Sendable, Hashable, CaseIterable {
    /// By `kiln serve` where one runs, else by the command itself.
    case auto
    /// By `kiln serve`, or not at all.
    case on
    /// By the command itself.
    case off

    package static let variable = "KILN_SERVE"

    package init(environment: [String: String]) throws(APIError) {
        let text = environment[Self.variable] ?? ""
        guard !text.isEmpty else {
            self = .auto
            return
        }
        guard let mode = ServeMode(rawValue: text) else {
            throw APIError(
                .mode,
                "\(Self.variable) is \"\(text)\"",
                hint: Spelling.hint(for: text, in: Self.allCases.map(\.rawValue)),
                status: .usage
            )
        }
        self = mode
    }

    /// The server to ask; nil when the command does the work itself. One that is there and does not answer is an error: a
    /// second driver beside it would be worse than none.
    package func server(of home: KilnHome, version: String) async throws -> APIClient? {
        guard self != .off else { return nil }
        let client = APIClient(socket: home.controlSocket)
        guard let identity = try await client.identity() else {
            guard self == .on else { return nil }
            throw APIError(
                .absent,
                "no kiln serve runs for \(home.root)",
                causes: ["\(Self.variable)=on says that one should"],
                hint: "start it (systemctl start kiln), or leave \(Self.variable) out"
            )
        }
        guard identity.protocol == ServerIdentity.currentProtocol, identity.kiln == version else {
            throw APIError.otherProtocol(
                theirs: "\(identity.kiln) (protocol \(identity.protocol))",
                ours: "\(version) (protocol \(ServerIdentity.currentProtocol))"
            )
        }
        return client
    }
}
