package import KilnOCI
import KilnStore

/// Pulling all that an index names.
extension ImagePull {
    /// Brings the images of all platforms, where the reference names several; gives the index's descriptor.
    package func pullAll(_ reference: ImageReference) async throws -> Descriptor {
        let named = try await client.manifest(reference)
        try store.prepare()
        switch try document(named, reference) {
        case .image:
            let repositories = [reference.repository]
            let mediaType = named.descriptor.mediaType
            return try await pull(named.bytes, mediaType, reference, from: repositories).descriptor
        case .index(let index):
            var round = IndexRound()
            try await bring(index, reference, &round, depth: 1)
            guard round.images > 0 else {
                throw RegistryError(.content, "\(reference) is an index without any image")
            }
            return try await keep(index, named)
        }
    }

    /// What one pull has met so far.
    private struct IndexRound {
        var seen: Set<Digest> = []
        var images = 0
    }

    /// All that it leads to, without the index itself.
    private func bring(
        _ index: ImageIndex,
        _ reference: ImageReference,
        _ round: inout IndexRound,
        depth: Int
    ) async throws {
        let entries = index.manifests.filter { $0.mediaType.isIndex || $0.mediaType.isManifest }
        guard depth <= ManifestTree.depthLimit, round.seen.count + entries.count < ManifestTree.countLimit
        else {
            throw RegistryError(
                .content,
                "\(reference) leads to more than can be meant",
                causes: [
                    "indexes lie in indexes, \(ManifestTree.depthLimit) deep at most, "
                        + "and name \(ManifestTree.countLimit) manifests at most"
                ]
            )
        }
        for entry in entries where round.seen.insert(entry.digest).inserted {
            let pinned = ImageReference(reference.repository, tag: nil, digest: entry.digest)
            let found = try await client.manifest(pinned)
            switch try document(found, pinned) {
            case .index(let inner) where entry.size == found.descriptor.size && entry.mediaType.isIndex:
                try await bring(inner, pinned, &round, depth: depth + 1)
                _ = try await keep(inner, found)
            case .image(let manifest) where entry.size == found.descriptor.size && entry.mediaType.isManifest:
                if entry.isImage && manifest.config.mediaType.isImageConfig {
                    let repositories = [reference.repository]
                    _ = try await pull(found.bytes, found.descriptor.mediaType, pinned, from: repositories)
                    round.images += 1
                } else {
                    try await keep(manifest, found, from: reference.repository)
                }
            default:
                throw RegistryError(
                    .content,
                    "\(pinned) is not what the index says",
                    causes: ["that says \(entry.mediaType.rawValue) of \(entry.size) bytes"]
                )
            }
        }
    }

    /// Once all that it names is here.
    private func keep(_ index: ImageIndex, _ found: RegistryManifest) async throws -> Descriptor {
        try await KnownIndexes(home: store.home)
            .record(found.descriptor.digest, index.manifests.map(\.digest))
        return try store.put(found.bytes, mediaType: found.descriptor.mediaType)
    }

    /// What an index names that is no image, such as the provenance that other tools put there: its bytes and those of its
    /// parts, without which the index could not be sent on.
    private func keep(
        _ manifest: ImageManifest,
        _ found: RegistryManifest,
        from repository: Repository
    ) async throws {
        for part in [manifest.config] + manifest.layers { try await fetch(part, from: [repository]) }
        try store.put(found.bytes, mediaType: found.descriptor.mediaType)
    }
}
