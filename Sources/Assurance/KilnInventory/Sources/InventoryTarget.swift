import KilnArchive
import KilnSystem
package import SystemPackage

/// What an inventory is taken of.
package enum InventoryTarget: Sendable, Hashable {
    /// An image of the store, by name or digest.
    case image(String)
    /// An OCI image layout, by tag where it has several images.
    case layout(FilePath, tag: String?)
    /// What `docker save` and `skopeo copy … docker-archive:` write; an OCI layout in a tar.
    case archive(FilePath)
    /// A folder that is, or was, somebody's root.
    case root(FilePath)

    /// As users write it: `oci:DIR`, `oci:DIR:TAG`, `archive:FILE`, `root:DIR`; a path with a slash by what is there; otherwise an
    /// image of the store.
    package init(parsing text: String) {
        func rest(_ prefix: String) -> String? {
            text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
        }
        if let layout = rest("oci:") {
            self = Self.layout(named: layout)
        } else if let file = rest("archive:") ?? rest("docker-archive:") {
            self = .archive(FilePath(file))
        } else if let folder = rest("root:") {
            self = .root(FilePath(folder))
        } else if text.contains("/") || text == "." || text == "..",
            let facts = Files.facts(FilePath(text), followingSymlinks: true)
        {
            let path = FilePath(text)
            if facts.kind == .directory {
                let isLayout = Files.exists(path.appending("oci-layout"))
                self = isLayout ? .layout(path, tag: nil) : .root(path)
            } else {
                self = .archive(path)
            }
        } else {
            self = .image(text)
        }
    }

    /// A tag has no slash; a folder of the whole name comes first.
    private static func layout(named text: String) -> InventoryTarget {
        guard !Files.exists(FilePath(text)), let colon = text.lastIndex(of: ":"),
            !text[colon...].contains("/")
        else { return .layout(FilePath(text), tag: nil) }
        return .layout(FilePath(String(text[..<colon])), tag: String(text[text.index(after: colon)...]))
    }
}
