package import KilnDiagnostics
package import SystemPackage

/// A Debian-style package archive.
package struct ArchiveDefinition: Sendable, Hashable {
    package enum Mirror: Sendable, Hashable {
        /// The machine's own apt sources whose suites match.
        case host
        /// A base URL (`https:`, `http:` or `file:`) that holds `dists/` and `pool/`.
        case url(String)
    }

    package var mirror: Mirror
    package var suites: [String]
    package var components: [String]
    /// The keys that may sign the archive's Release files.
    package var keyring: FilePath
    /// Whether Recommends are installed.
    package var recommends: Bool
    /// Of its versions among those of other archives (apt_preferences(5)); nil leaves each suite what apt gives it.
    package var priority: Int?
    package var span: SourceSpan?

    package init(
        mirror: Mirror = .host,
        suites: [String],
        components: [String] = ["main"],
        keyring: FilePath = "/usr/share/keyrings/debian-archive-keyring.gpg",
        recommends: Bool = false,
        priority: Int? = nil,
        span: SourceSpan? = nil
    ) {
        self.mirror = mirror
        self.suites = suites
        self.components = components
        self.keyring = keyring
        self.recommends = recommends
        self.priority = priority
        self.span = span
    }
}
