import FoundationEssentials
import KilnArchive
import KilnDiagnostics
package import KilnOCI
package import KilnStore
import KilnSystem
import SystemPackage

/// Fetches an image from a registry into the store, every blob checked against its digest and every layer against
/// the configuration's diffIDs.
package struct ImagePull: Sendable {
    private let store: ImageStore
    private let client: RegistryClient

    package init(store: ImageStore, client: RegistryClient) {
        self.store = store
        self.client = client
    }

    /// The digest that a reference names now: of the image of this platform, where the registry has an index.
    package func resolve(
        _ reference: ImageReference,
        platform: ImagePlatform
    ) async throws -> RegistryManifest {
        let found = try await client.manifest(reference)
        guard [.index, .dockerManifestList].contains(found.descriptor.mediaType) else { return found }
        let index: ImageIndex = try decode(found.bytes, reference)
        let matches = index.manifests.filter { descriptor in
            descriptor.platform?.os == platform.os
                && descriptor.platform?.architecture == platform.architecture
        }
        guard let match = matches.first else {
            let offered = index.manifests.compactMap { $0.platform.map { "\($0.os)/\($0.architecture)" } }
            throw RegistryError(
                .platform,
                "\(reference) has no image for \(platform.os)/\(platform.architecture)",
                causes: ["it has: \(offered.joined(separator: ", "))"]
            )
        }
        return try await client.manifest(
            ImageReference(reference.repository, tag: nil, digest: match.digest)
        )
    }

    /// Brings the image into the store; gives its manifest's descriptor. Blobs that are there are not fetched again.
    package func pull(_ reference: ImageReference, platform: ImagePlatform = .host) async throws -> Descriptor
    {
        let found = try await resolve(reference, platform: platform)
        let manifest: ImageManifest = try decode(found.bytes, reference)
        try store.prepare()
        try await fetch(manifest.config, reference)
        let config = try store.config(manifest).value
        guard config.rootfs.diffIDs.count == manifest.layers.count else {
            throw RegistryError(
                .content,
                "\(reference) has \(manifest.layers.count) layers and \(config.rootfs.diffIDs.count) diffIDs"
            )
        }
        for (layer, diffID) in zip(manifest.layers, config.rootfs.diffIDs) {
            try await fetch(layer, reference)
            try await index(layer, diffID, reference)
        }
        return try store.put(found.bytes, mediaType: found.descriptor.mediaType)
    }

    private func fetch(_ blob: Descriptor, _ reference: ImageReference) async throws {
        if store.hasBlob(blob) { return }
        let label = "pull \(blob.digest.short)"
        try await Progress.track(WorkID(label), label: label, total: blob.size) {
            let partial = store.home.scratch.appending("pull-\(blob.digest.hex)")
            try await FileLock.with(store.home.scratch.appending(".pull-\(blob.digest.short).lock")) {
                try await client.pull(blob, from: reference.repository, into: partial)
                _ = try await store.ingest(mediaType: blob.mediaType, expecting: blob.digest) { target in
                    try Files.rename(partial, to: target)
                }
            }
            try Files.remove(store.home.scratch.appending(".pull-\(blob.digest.short).lock"))
        }
    }

    /// Reads the layer once: its diffID must be the configuration's, and its index is kept for bakes and runs.
    private func index(_ layer: Descriptor, _ diffID: DiffID, _ reference: ImageReference) async throws {
        let indexes = LayerIndexes(home: store.home)
        if (try? indexes.load(diffID)) != nil { return }
        let path = store.blobPath(layer.digest)
        let scanned = try await Blocking.run { try LayerScanner.scan(path) }
        guard scanned.diffID == diffID else {
            throw RegistryError(
                .content,
                "layer \(layer.digest.short) of \(reference) is not what its configuration says",
                causes: ["its content has the diffID \(scanned.diffID) instead of \(diffID)"]
            )
        }
        try indexes.save(scanned.index, for: diffID)
    }

    private func decode<Value: Decodable>(_ bytes: [UInt8], _ reference: ImageReference) throws -> Value {
        do {
            return try CanonicalJSON.decode(Value.self, from: bytes)
        } catch {
            throw RegistryError(
                .content,
                "the manifest of \(reference) cannot be read",
                causes: [String(describing: error)]
            )
        }
    }
}
