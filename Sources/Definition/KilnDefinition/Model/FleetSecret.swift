package import KilnDiagnostics
package import SystemPackage

/// A value that a fleet's instances read, by where this machine keeps it: the value itself is in no definition and no
/// release.
package struct FleetSecret: Sendable, Hashable {
    package var name: String
    /// Absolute; read each time that an instance starts.
    package var file: FilePath
    /// Where instances read it; `/run/secrets/<name>` when nil.
    package var target: String?
    package var span: SourceSpan?

    package init(name: String, file: FilePath, target: String? = nil) {
        self.name = name
        self.file = file
        self.target = target
    }

    package var place: String { target ?? "/run/secrets/\(name)" }
}
