/// Work that a release asks for once, before its first instance: a migration, say.
package struct BeforeDefinition: Sendable, Hashable, Codable {
    package var run: [String]
    /// Whether the releases before it go on working after it, and it may be run again.
    package var reversible: Bool
    /// How long it may take.
    package var timeout: Duration

    package init(run: [String], reversible: Bool = false, timeout: Duration = .seconds(300)) {
        self.run = run
        self.reversible = reversible
        self.timeout = timeout
    }

    /// The command as a person would type it.
    package var title: String { run.joined(separator: " ") }
}
