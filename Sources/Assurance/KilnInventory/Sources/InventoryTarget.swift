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
}
