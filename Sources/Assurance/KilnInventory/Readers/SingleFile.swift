/// What one file says, for callers that go through a tree themselves.
package enum SingleFile {
    /// A package of a language's own installer, as its metadata names it.
    package struct Module: Sendable, Hashable {
        package let kind: PackageKind
        package let name: String
        package let version: String

        package init(_ kind: PackageKind, _ name: String, _ version: String) {
            self.kind = kind
            self.name = name
            self.version = version
        }
    }

    /// Of an os-release; nil where it names no distribution.
    package static func distribution(_ bytes: [UInt8]) -> Distribution? {
        guard case .distribution(let found) = OSReleaseReader.read(bytes) else { return nil }
        return found
    }

    /// Whether the path is one at which Python, npm or gem keep what they know of an installed package.
    package static func isModule(_ path: String, size: Int64) -> Bool {
        guard let interest = FileInterest(path), size <= interest.limit else { return false }
        switch interest {
        case .pythonMetadata, .npm, .gem: return true
        default: return false
        }
    }

    /// The packages that such a file tells of; none where it cannot be read.
    package static func modules(_ bytes: [UInt8], at path: String) -> [Module] {
        let found: [FoundPackage]? =
            switch FileInterest(path) {
            case .pythonMetadata: try? PythonReader.read(bytes, at: path)
            case .npm: try? NodeReader.read(bytes, at: path)
            case .gem: try? GemReader.read(bytes, at: path)
            default: nil
            }
        return (found ?? []).map { Module($0.kind, $0.name, $0.version) }
    }
}
