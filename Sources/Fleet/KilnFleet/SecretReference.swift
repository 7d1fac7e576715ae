import KilnDefinition
import KilnDiagnostics
import KilnSystem
import SystemPackage

/// Where a secret is kept and where instances read it. A release holds no more than that: the value is read when an
/// instance starts, and a rollback does not bring an earlier one back.
package struct SecretReference: Sendable, Hashable, Codable {
    package let name: String
    /// Absolute, on the machine; nil for one of Kiln's own store.
    package let file: String?
    /// A path of Kiln's own store with a key after the last `/`; nil for a file, as in releases of before.
    package let config: String?
    /// Absolute, inside the instance.
    package let target: String

    package init(name: String, file: String, target: String) {
        self.name = name
        self.file = file
        config = nil
        self.target = target
    }

    init(_ secret: FleetSecret) {
        name = secret.name
        target = secret.place
        switch secret.source {
        case .file(let path):
            file = path.string
            config = nil
        case .config(let path, let key):
            file = nil
            config = "\(path)/\(key)"
        }
    }

    private static let longest = 64 << 10

    /// The value as it is now. Its bytes belong into an instance's memory and nowhere else.
    package func read(from store: any SecretStore) async throws -> [UInt8] {
        guard let file else { return try await value(in: store) }
        let path = FilePath(file)
        guard let facts = Files.facts(path, followingSymlinks: true), facts.kind == .file else {
            throw missing("there is no file \(file)")
        }
        guard facts.size > 0 else { throw missing("\(file) is empty") }
        guard facts.size <= Self.longest else {
            throw missing("\(file) has more than \(Self.longest >> 10) KiB")
        }
        return try Files.read(path, limit: Self.longest)
    }

    private func value(in store: any SecretStore) async throws -> [UInt8] {
        guard let config, let slash = config.lastIndex(of: "/") else {
            throw missing("its release does not say where it is")
        }
        let value = try await store.secret(
            at: String(config[..<slash]),
            String(config[config.index(after: slash)...]),
            for: name
        )
        guard !value.isEmpty else { throw missing("\(config) is empty in the configuration store") }
        guard value.count <= Self.longest else {
            throw missing("\(config) has more than \(Self.longest >> 10) KiB")
        }
        return value
    }

    private func missing(_ cause: String) -> FleetError {
        FleetError(
            .secret,
            "the secret \(name) cannot be read on this machine",
            causes: [cause],
            hint: file.map {
                "put its value there, readable by root alone; the definition says where: from: file:\($0)"
            } ?? "put its value there: kiln config set --secret PATH KEY --from-file FILE",
            status: .usage
        )
    }
}

extension ReleaseContent {
    /// Throws when a value that instances would read is not there.
    package func checkSecrets(in store: any SecretStore) async throws {
        for secret in secrets ?? [] { _ = try await secret.read(from: store) }
    }
}
