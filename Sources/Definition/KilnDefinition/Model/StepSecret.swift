package import KilnDiagnostics
package import SystemPackage

/// A secret that a step may read while it runs. Its name is part of the definition, its value never is.
package struct StepSecret: Sendable, Hashable {
    /// Where the machine that bakes keeps the value.
    package enum Source: Sendable, Hashable, CustomStringConvertible {
        /// Absolute.
        case file(FilePath)
        case variable(String)

        package var description: String {
            switch self {
            case .file(let path): "file:\(path)"
            case .variable(let name): "env:\(name)"
            }
        }
    }

    /// The step reads `/run/secrets/<name>`.
    package var name: String
    package var source: Source
    package var span: SourceSpan?

    package init(name: String, source: Source, span: SourceSpan? = nil) {
        self.name = name
        self.source = source
        self.span = span
    }
}
