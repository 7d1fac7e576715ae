import KilnDefinition
import KilnDiagnostics
import KilnSystem
import SystemPackage

/// A secret with its value, for as long as a bake needs it. It describes itself by its name alone, whoever prints it.
struct SecretValue: Sendable, CustomStringConvertible, CustomReflectable {
    /// Fewer could stand in any file by chance: their absence would prove nothing.
    static let shortest = 8
    private static let longest = 64 << 10

    let name: String
    /// What the step reads.
    let bytes: [UInt8]
    /// The variable of the command that it came from.
    let variable: String?

    var description: String { "[secret:\(name)]" }
    var customMirror: Mirror { Mirror(self, children: []) }

    /// What must not be found anywhere: the bytes without the line ends after them, which editors and shells add.
    var core: [UInt8] { Self.core(bytes) }

    private static func core(_ bytes: [UInt8]) -> [UInt8] {
        var core = bytes[...]
        while let last = core.last, last == 10 || last == 13 { core.removeLast() }
        return Array(core)
    }

    /// Reads the value from the machine; one that is not there, or cannot be guarded, is an error.
    init(_ secret: StepSecret, environment: [String: String]) throws {
        name = secret.name
        switch secret.source {
        case .variable(let variable):
            guard let value = environment[variable], !value.isEmpty else {
                throw BakeError.missingSecret(secret, "the variable \(variable) is not set")
            }
            bytes = Array(value.utf8)
            self.variable = variable
        case .file(let path):
            guard let facts = Files.facts(path, followingSymlinks: true), facts.kind == .file else {
                throw BakeError.missingSecret(secret, "there is no file \(path)")
            }
            guard facts.size <= Self.longest else { throw BakeError.longSecret(secret, Self.longest) }
            bytes = try Files.read(path, limit: Self.longest)
            variable = nil
        }
        let count = Self.core(bytes).count
        guard count >= Self.shortest else { throw BakeError.shortSecret(secret, Self.shortest) }
        guard count <= Self.longest else { throw BakeError.longSecret(secret, Self.longest) }
    }

    /// For tests.
    init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
        variable = nil
    }
}
