package import KilnDiagnostics

/// Which version of a package is preferred, as apt_preferences(5) has it.
package struct PackagePin: Sendable, Hashable {
    /// What the preferred versions have in common.
    package enum Target: Sendable, Hashable {
        /// A suite of one of the image's archives, as written there.
        case suite(String)
        case archive(ArchiveName)
        /// A version, in which `*` stands for any text.
        case version(String)
    }

    /// A name, in which `*` stands for any text.
    package var package: String
    package var target: Target
    /// 500 is what versions have by themselves, 100 those of a suite like backports; negative forbids.
    package var priority: Int
    package var span: SourceSpan?

    package init(package: String, target: Target, priority: Int = 990, span: SourceSpan? = nil) {
        self.package = package
        self.target = target
        self.priority = priority
        self.span = span
    }
}
