import KilnDefinition
import KilnDiagnostics
import KilnSystem
import SystemPackage

/// Where a secret is kept and where instances read it. A release holds no more than that: the value is read when an
/// instance starts, and a rollback does not bring an earlier one back.
package struct SecretReference: Sendable, Hashable, Codable {
    package let name: String
    /// Absolute, on the machine.
    package let file: String
    /// Absolute, inside the instance.
    package let target: String

    package init(name: String, file: String, target: String) {
        self.name = name
        self.file = file
        self.target = target
    }

    private static let longest = 64 << 10

    /// The value as it is now. Its bytes belong into an instance's memory and nowhere else.
    package func read() throws -> [UInt8] {
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

    private func missing(_ cause: String) -> FleetError {
        FleetError(
            .secret,
            "the secret \(name) cannot be read on this machine",
            causes: [cause],
            hint:
                "put its value there, readable by root alone; the definition says where: from: file:\(file)",
            status: .usage
        )
    }
}

extension ReleaseContent {
    /// Throws when a value that instances would read is not there.
    package func checkSecrets() throws {
        for secret in secrets ?? [] { _ = try secret.read() }
    }
}
