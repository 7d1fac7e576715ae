package import KilnDiagnostics
package import SystemPackage

/// A value that a fleet's instances read, by where this machine keeps it: the value itself is in no definition and no
/// release.
package struct FleetSecret: Sendable, Hashable {
    /// Where the value is; it is read each time that an instance starts.
    package enum Source: Sendable, Hashable, CustomStringConvertible {
        /// Absolute.
        case file(FilePath)
        /// A secret of Kiln's own store on this machine.
        case config(path: String, key: String)

        package var description: String {
            switch self {
            case .file(let path): "file:\(path)"
            case .config(let path, let key): "config:\(path)/\(key)"
            }
        }
    }

    package var name: String
    package var source: Source
    /// Where instances read it; `/run/secrets/<name>` when nil.
    package var target: String?
    package var span: SourceSpan?

    package init(name: String, source: Source, target: String? = nil) {
        self.name = name
        self.source = source
        self.target = target
    }

    package var place: String { target ?? "/run/secrets/\(name)" }
}
