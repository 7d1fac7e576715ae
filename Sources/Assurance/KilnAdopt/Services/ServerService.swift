/// A program that the server keeps running.
package struct ServerService: Sendable, Hashable {
    /// Without `.service`.
    package var name: String
    /// The unit's file, from the root.
    package var unit: String
    /// The package that brought the unit; nil for one of the server's own.
    package var package: String?
    /// As the image starts it; empty where that could not be told.
    package var command: [String]
    package var user: String?
    package var folder: String?
    /// Variables that are no secrets.
    package var environment: [String: String]
    /// Files of variables, from the root.
    package var environmentFiles: [String]
    /// Folders that it writes, from the root.
    package var writes: [String]
    /// Folders that it writes and that are empty at each start, from the root.
    package var scratch: [String]
    package var ports: [UInt16]
    package var stopSignal: String?
    /// What somebody should know who starts it without systemd.
    package var remarks: [String]
}

/// A timer of the server's own, or one that somebody enabled.
package struct ServerTimer: Sendable, Hashable, Encodable {
    package var name: String
    package var unit: String
    package var schedule: String
    package var command: String
}
