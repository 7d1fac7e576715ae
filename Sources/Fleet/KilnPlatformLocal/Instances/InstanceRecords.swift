package import KilnOCI
import KilnSystem
import SystemPackage

/// What an instance's root was made of, recorded when it was made.
package struct RootRecord: Sendable, Hashable, Codable {
    /// The image's manifest.
    package let image: Digest
    /// Sealed layers, the lowest first.
    package let layers: [SealedFile]
    /// The generated layer above them (mount points and configuration); nil until it is made.
    package var top: Digest?

    package struct SealedFile: Sendable, Hashable, Codable {
        package let diffID: DiffID
        package let path: String
    }
}

/// Where an instance is on the network.
package struct NetworkRecord: Sendable, Hashable, Codable {
    package let address: String
}

/// The started process: an instance that has this record was made whole.
package struct ProcessRecord: Sendable, Hashable, Codable {
    package let process: ProcessIdentity
    package let supervisor: ProcessIdentity?
    package let started: BootTime

    package struct BootTime: Sendable, Hashable, Codable {
        package let bootID: String
        package let nanoseconds: Int64
    }
}

/// Small JSON files of the platform, written whole.
enum Record {
    /// What tells of a running process need not outlive a power loss, which ends the process too: `synced` is for the rest.
    static func write(_ value: some Encodable, to path: FilePath, synced: Bool = false) throws {
        try Files.write(try CanonicalJSON.encode(value), to: path, mode: 0o600, synced: synced)
    }

    /// nil when there is no such file, or a power loss emptied it.
    static func read<Value: Decodable>(_ type: Value.Type, from path: FilePath) throws -> Value? {
        guard let facts = Files.facts(path), facts.size > 0 else { return nil }
        let bytes = try Files.read(path)
        do {
            return try CanonicalJSON.decode(type, from: bytes)
        } catch {
            throw LocalPlatformError(
                .state,
                "\(path) is damaged",
                causes: ["it holds \(bytes.count) bytes that are not what was written"],
                hint: "remove it; what it told of is made anew"
            )
        }
    }

    /// The same, for where a damaged record counts as none.
    static func readable<Value: Decodable>(_ type: Value.Type, from path: FilePath) -> Value? {
        try? read(type, from: path)
    }
}
