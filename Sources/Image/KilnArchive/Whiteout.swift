/// What a layer's reserved names mean (OCI image spec, layer.md: whiteouts).
package enum Whiteout: Equatable {
    /// The path is gone from the layers below.
    case removed(String)
    /// Nothing of the layers below shows in this folder.
    case opaque(String)

    static let prefix = ".wh."
    static let opaqueName = ".wh..wh..opq"

    /// nil for a name that means itself; an error for one that would remove `.`, `..` or nothing.
    package init?(path: String) throws(ArchiveError) {
        let (parent, name) = EntryPath.split(path)
        guard name.utf8.starts(with: Self.prefix.utf8) else { return nil }
        guard name != Self.opaqueName else {
            self = .opaque(parent)
            return
        }
        let removed = EntryPath.join(parent, String(Substring(name.utf8.dropFirst(Self.prefix.utf8.count))))
        guard EntryPath.isValid(removed), !removed.isEmpty else {
            throw ArchiveError(.unsafePath, path: path)
        }
        self = .removed(removed)
    }

    /// The reserved name that says so.
    var path: String {
        switch self {
        case .removed(let path):
            let (parent, name) = EntryPath.split(path)
            return EntryPath.join(parent, Self.prefix + name)
        case .opaque(let path): return EntryPath.join(path, Self.opaqueName)
        }
    }
}

extension TarEntry {
    /// Says in a layer that what the layers below have at the path is gone.
    package init(whiteoutOf path: String) {
        self.init(path: Whiteout.removed(path).path, kind: .file(size: 0), mode: 0)
    }
}
