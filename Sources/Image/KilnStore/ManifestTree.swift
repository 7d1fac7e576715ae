package import KilnOCI
import KilnSystem

/// What a digest leads to in the store: one image, or the images of an index and of the indexes in that.
package struct ManifestTree: Sendable, Hashable {
    /// How deep indexes may lie in indexes, and how many manifests and indexes there may be in all. A pull refuses more.
    package static let depthLimit = 3
    package static let countLimit = 1000

    package struct Entry: Sendable, Hashable {
        /// With the platform that the index says.
        package let descriptor: Descriptor
        package let manifest: ImageManifest

        /// Otherwise it is about an image, as provenance is.
        package var isImage: Bool { descriptor.isImage && manifest.config.mediaType.isImageConfig }

        /// Configuration and layers, as the blobs that they are.
        package var parts: [Descriptor] { [manifest.config] + manifest.layers }
    }

    /// Those in an index before it; none for one image.
    package private(set) var indexes: [Descriptor] = []
    package private(set) var manifests: [Entry] = []
    /// Manifests and indexes that are named and not here.
    package private(set) var missing: [Descriptor] = []
    /// What indexes name besides, which no registry gives as a manifest.
    private(set) var others: [Digest] = []
    private var seen: Set<Digest> = []

    fileprivate init(_ root: Digest, in store: ImageStore) throws {
        try add(Descriptor(mediaType: .manifest, digest: root, size: 0), depth: 0, store)
    }

    private mutating func add(_ entry: Descriptor, depth: Int, _ store: ImageStore) throws {
        guard seen.insert(entry.digest).inserted else { return }
        guard entry.mediaType.isManifest || entry.mediaType.isIndex else {
            return others.append(entry.digest)
        }
        guard store.hasBlob(entry.digest) else { return missing.append(entry) }
        guard depth <= Self.depthLimit, seen.count <= Self.countLimit else {
            throw StoreError(
                .unreadable(
                    store.blobPath(entry.digest),
                    why: "it lies too deep in indexes, or among too many"
                )
            )
        }
        var found = entry
        let (document, size) = try store.document(entry.digest)
        found.size = size
        switch document {
        case .image(let manifest):
            found.mediaType = manifest.mediaType
            manifests.append(Entry(descriptor: found, manifest: manifest))
        case .index(let index):
            for inner in index.manifests { try add(inner, depth: depth + 1, store) }
            found.mediaType = index.mediaType ?? .index
            indexes.append(found)
        }
    }
}

extension ImageStore {
    /// What is here of all that the digest leads to. Damage is an error.
    package func tree(of digest: Digest) throws -> ManifestTree {
        try ManifestTree(digest, in: self)
    }

    /// What could be read as either is a manifest here, so that no layers are given up; a pull refuses it.
    fileprivate func document(_ digest: Digest) throws -> (ManifestDocument, size: Int64) {
        let bytes = try read(digest)
        let size = Int64(bytes.count)
        do {
            let manifest = try CanonicalJSON.decode(ImageManifest.self, from: bytes)
            return (.image(manifest), size)
        } catch {
            if let index = try? CanonicalJSON.decode(ImageIndex.self, from: bytes) {
                return (.index(index), size)
            }
            throw StoreError(.unreadable(blobPath(digest), why: String(describing: error)))
        }
    }

    /// Of an image's layers, where its configuration is here; none for what is about an image, whatever its
    /// configuration holds.
    func diffIDs(of entry: ManifestTree.Entry) throws -> [DiffID] {
        guard try Files.isPresent(blobPath(entry.manifest.config.digest)) else { return [] }
        guard entry.isImage else { return (try? config(entry.manifest).value.rootfs.diffIDs) ?? [] }
        return try config(entry.manifest).value.rootfs.diffIDs
    }
}
