import KilnAPI
import KilnSystem
import SystemPackage

/// The right to answer on a home's control socket: one server at a time, for as long as it lives.
struct SocketClaim: Sendable {
    let home: KilnHome

    /// The kernel lets go of the lock when its holder dies, so a socket that lies there under a free lock is a dead one's.
    func with<Result>(_ body: () async throws -> Result) async throws -> Result {
        try home.makeRuntime()
        let lock = home.runtime.appending("serve.sock.lock")
        let result = try await FileLock.tryWith(lock, .exclusive) {
            try removeSocket()
            defer { try? removeSocket() }
            return try await body()
        }
        guard let result else {
            throw APIError(
                .running,
                "a kiln serve runs for \(home.root) already",
                hint: "there is one for each home; KILN_HOME names another"
            )
        }
        return result
    }

    private func removeSocket() throws {
        guard let facts = Files.facts(home.controlSocket) else { return }
        guard facts.kind == .other else {
            throw APIError(
                .address,
                "\(home.controlSocket) is no socket",
                hint: "somebody put it there; remove it and start kiln serve again"
            )
        }
        try Files.remove(home.controlSocket)
    }
}
