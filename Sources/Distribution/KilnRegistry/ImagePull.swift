import KilnArchive
import KilnDiagnostics
package import KilnOCI
package import KilnStore
import KilnSystem
import SystemPackage

/// Fetches an image from a registry into the store, every blob checked against its digest and every layer against
/// the configuration's diffIDs.
package struct ImagePull: Sendable {
    let store: ImageStore
    let client: RegistryClient
    /// Repositories that keep what was pinned, asked before the image's own.
    let sources: [Repository]

    package init(store: ImageStore, client: RegistryClient, sources: [Repository] = []) {
        self.store = store
        self.client = client
        self.sources = sources
    }

    /// What a reference names, and the image of one platform in it.
    package struct Resolution: Sendable, Hashable {
        /// Of an index, or of the image itself.
        package let named: Digest
        package let image: Descriptor
        /// nil where the reference names the image itself.
        let index: ImageIndex?
        let bytes: [UInt8]
    }

    package func resolution(
        of reference: ImageReference,
        platform: ImagePlatform
    ) async throws -> Resolution {
        let named = try await client.manifest(reference)
        guard case .index(let index) = try document(named, reference) else {
            return Resolution(
                named: named.descriptor.digest,
                image: named.descriptor,
                index: nil,
                bytes: named.bytes
            )
        }
        guard let match = index.image(for: platform) else {
            throw RegistryError(
                .platform,
                "\(reference) has no image for \(platform)",
                causes: ["it has: \(index.platforms.map(\.description).joined(separator: ", "))"]
            )
        }
        let pinned = ImageReference(reference.repository, tag: nil, digest: match.digest)
        let image = try await client.manifest(pinned)
        return Resolution(
            named: named.descriptor.digest,
            image: image.descriptor,
            index: index,
            bytes: image.bytes
        )
    }

    /// Keeps in mind by which index an image was found: whoever revokes the index means the image.
    package func remember(_ found: Resolution) async throws {
        guard let index = found.index else { return }
        try await KnownIndexes(home: store.home).record(found.named, index.manifests.map(\.digest))
    }

    /// Brings the image into the store; gives its manifest's descriptor. Blobs that are there are not fetched again.
    package func pull(_ reference: ImageReference, platform: ImagePlatform = .host) async throws -> Descriptor
    {
        let found = try await resolution(of: reference, platform: platform)
        try store.prepare()
        // First, so that no crash leaves an image that a revocation of the index does not reach.
        try await remember(found)
        let image = try await pull(
            found.bytes,
            found.image.mediaType,
            reference,
            from: [reference.repository]
        )
        return image.descriptor
    }

    /// Takes the manifest's parts from the repositories, and keeps it once they are all there.
    func pull(
        _ bytes: [UInt8],
        _ mediaType: MediaType,
        _ reference: ImageReference,
        from repositories: [Repository]
    ) async throws -> PulledImage {
        guard case .image(let manifest) = try document(bytes, reference) else {
            throw RegistryError(.content, "\(reference) is an index where an image should be")
        }
        try await fetch(manifest.config, from: repositories)
        let config = try store.config(manifest).value
        guard config.rootfs.diffIDs.count == manifest.layers.count else {
            throw RegistryError(
                .content,
                "\(reference) has \(manifest.layers.count) layers and \(config.rootfs.diffIDs.count) diffIDs"
            )
        }
        for (layer, diffID) in zip(manifest.layers, config.rootfs.diffIDs) {
            try await fetch(layer, from: repositories)
            try await check(layer, diffID, reference)
        }
        let descriptor = try store.put(bytes, mediaType: mediaType)
        return PulledImage(descriptor: descriptor, manifest: manifest, config: config)
    }

    func fetch(_ blob: Descriptor, from repositories: [Repository]) async throws {
        if store.hasBlob(blob) { return }
        let label = "pull \(blob.digest.short)"
        try await Progress.track(WorkID(label), label: label, total: blob.size) {
            // The file stays: whoever waits for it holds this very file. Few, since each stands for many blobs.
            let lock = store.home.scratch.appending(".pull-\(blob.digest.hex.prefix(2)).lock")
            try await FileLock.with(lock) {
                if store.hasBlob(blob) { return }
                try await firstAnswer(of: repositories) { try await bring(blob, from: $0) }
            }
        }
    }

    private func bring(_ blob: Descriptor, from repository: Repository) async throws {
        let partial = store.home.scratch.appending("pull-\(blob.digest.hex)")
        try await client.pull(blob, from: repository, into: partial)
        // The digest may fit all the same: then it is the manifest that is wrong, and the image would never be whole.
        let size = Files.facts(partial)?.size ?? 0
        guard size == blob.size else {
            try Files.remove(partial)
            throw RegistryError(
                .content,
                "\(repository) has another size for blob \(blob.digest.short) than the manifest says",
                causes: ["\(size) bytes came, and it should be \(blob.size)"],
                hint: "what came was deleted; run the command again"
            )
        }
        do {
            _ = try await store.ingest(mediaType: blob.mediaType, expecting: blob.digest) { target in
                try Files.rename(partial, to: target)
            }
        } catch let error as StoreError {
            throw RegistryError(
                .content,
                "\(repository) sent something else for blob \(blob.digest.short)",
                causes: error.diagnostics.map(\.message),
                hint: "what came was deleted; run the command again"
            )
        }
    }

    /// Reads the layer once: its diffID must be the configuration's, and its index is kept for bakes and runs.
    ///
    /// That the diffID is known says nothing of this blob: a manifest can pair any two.
    private func check(_ layer: Descriptor, _ diffID: DiffID, _ reference: ImageReference) async throws {
        let indexes = LayerIndexes(home: store.home)
        let cache = LayerCache(home: store.home)
        let key = Digest(of: "pulled/1 \(layer.digest)")
        if cache.lookup(key)?.diffID == diffID, (try? indexes.load(diffID)) != nil { return }
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
        let blob = Descriptor(mediaType: layer.mediaType, digest: layer.digest, size: layer.size)
        try cache.record(key, diffID: diffID, encoder: "pulled", blob: blob)
    }

    /// Refuses what says of itself to be something else than the registry says.
    func document(_ manifest: RegistryManifest, _ reference: ImageReference) throws -> ManifestDocument {
        let document = try document(manifest.bytes, reference)
        let isIndex = if case .index = document { true } else { false }
        let said = manifest.descriptor.mediaType
        guard isIndex ? !said.isManifest : !said.isIndex else {
            throw RegistryError(
                .content,
                "\(reference) is not what the registry says",
                causes: ["\(said.rawValue) is said of \(isIndex ? "an index" : "an image's manifest")"]
            )
        }
        return document
    }

    func document(_ bytes: [UInt8], _ reference: ImageReference) throws -> ManifestDocument {
        do {
            return try ManifestDocument(bytes)
        } catch {
            throw RegistryError(
                .content,
                "the manifest of \(reference) cannot be read",
                causes: [error.words]
            )
        }
    }
}
