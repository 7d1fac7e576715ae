/// What a store holds of what was asked for, at one moment.
package struct ConfigSnapshot: Sendable, Hashable {
    /// By what follows the path or prefix.
    package var values: [String: [UInt8]]
    package var version: Int64
    /// Keys that are secrets: their values are not among these.
    package var secrets: Set<String>

    package init(values: [String: [UInt8]], version: Int64, secrets: Set<String> = []) {
        self.values = values
        self.version = version
        self.secrets = secrets
    }
}

/// Kiln's own configuration store. `KilnCatalog` keeps it encrypted in SQLite.
package protocol ConfigStore: Sendable {
    /// All values right below a path but secrets, with the number of the newest change there.
    func snapshot(of path: String) async throws -> ConfigSnapshot
}
