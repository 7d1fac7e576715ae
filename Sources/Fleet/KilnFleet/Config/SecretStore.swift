import KilnDiagnostics

/// Kiln's own store of secrets, asked each time that an instance starts. `KilnCatalog` keeps it encrypted in SQLite.
package protocol SecretStore: Sendable {
    /// The newest value of a key that was marked as a secret; `name` is what the fleet calls it, for those who are told that it
    /// is not there.
    func secret(at path: String, _ key: String, for name: String) async throws -> [UInt8]
}

/// For a platform whose fleets have secrets in files alone.
package struct NoSecretStore: SecretStore {
    package init() {}

    package func secret(at path: String, _ key: String, for name: String) async throws -> [UInt8] {
        throw FleetError(
            .secret,
            "the secret \(name) cannot be read on this machine",
            causes: ["no configuration store is open here"],
            status: .usage
        )
    }
}
