package import KilnOCI
package import SystemPackage

/// A source as it was when it was digested: a file, or a folder with all that is below it.
package struct InputTree: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        package enum Content: Sendable, Hashable {
            case file(Digest, size: Int64, isExecutable: Bool)
            case directory
            case symlink(String)
        }

        /// Below the source; empty for the source itself.
        package let path: String
        package let content: Content
    }

    /// Where it was read.
    package let location: FilePath
    /// Parents before children, names in byte order; the source itself is first.
    package let entries: [Entry]
    /// Moves with names, contents, the owner's executable bit and link targets; not with times, owners or the umask.
    package let digest: Digest

    init(location: FilePath, entries: [Entry]) {
        self.location = location
        self.entries = entries
        var hasher = ContentHasher()
        for entry in entries { hasher.update(Self.line(entry)) }
        digest = hasher.finish()
    }

    package func location(of entry: Entry) -> FilePath {
        entry.path.isEmpty ? location : location.pushing(FilePath(entry.path))
    }

    private static func line(_ entry: Entry) -> String {
        switch entry.content {
        case .file(let digest, _, let isExecutable):
            "file \(isExecutable ? "x" : "-") \(digest.hex) \(entry.path)\0"
        case .directory: "directory \(entry.path)\0"
        case .symlink(let target): "symlink \(entry.path)\0\(target)\0"
        }
    }
}
