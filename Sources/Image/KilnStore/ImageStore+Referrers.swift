package import KilnOCI
import KilnSystem

/// An artifact of the layout that says something about an image: a signature, an attestation.
package struct Referrer: Sendable, Hashable {
    package let descriptor: Descriptor
    package let manifest: ArtifactManifest
    /// The manifest or index that it is about.
    package let subject: Digest
}

/// What is said about images: manifests with a subject, in the layout's index without a name (OCI image spec, image-layout.md
/// and manifest.md, `subject`). They go when their subject goes.
extension ImageStore {
    /// What is said of a manifest or an index, in the order of the layout.
    package func referrers(of subject: Digest, type: MediaType? = nil) throws -> [Referrer] {
        try allReferrers().filter {
            $0.subject == subject && (type == nil || $0.manifest.artifactType == type)
        }
    }

    /// All in the layout whose manifest is here.
    func allReferrers() throws -> [Referrer] {
        try readIndex().manifests.compactMap { entry in
            guard Self.name(of: entry).isEmpty, entry.mediaType.isManifest, hasBlob(entry) else { return nil }
            let manifest: ArtifactManifest
            do {
                let bytes = try read(entry.digest, limit: Self.referrerLimit)
                manifest = try CanonicalJSON.decode(ArtifactManifest.self, from: bytes)
            } catch let error as DecodingError {
                throw StoreError(.unreadable(blobPath(entry.digest), why: String(describing: error)))
            }
            guard let subject = manifest.subject else { return nil }
            return Referrer(descriptor: entry, manifest: manifest, subject: subject.digest)
        }
    }

    /// Changes the layers of the one artifact of its type that the layout has about a subject; an artifact left without layers
    /// goes. What the layers name must be here. nil when there is none afterwards.
    @discardableResult
    package func attach(
        _ type: MediaType,
        to subject: Descriptor,
        _ change: @Sendable (inout [Descriptor]) throws -> Void
    ) async throws -> Descriptor? {
        try prepare()
        return try await FileLock.with(indexLock) {
            let known = try referrers(of: subject.digest, type: type)
            let old = known.flatMap(\.manifest.layers)
            var layers = old
            try change(&layers)
            if layers == old, known.count <= 1 { return known.first?.descriptor }
            for layer in layers where !hasBlob(layer) { throw StoreError(.missingBlob(layer.digest)) }
            let made = layers.isEmpty ? nil : try store(type, layers, of: subject)
            try self.change { manifests in
                manifests.removeAll { entry in known.contains { $0.descriptor == entry } }
                if let made { manifests.append(made) }
            }
            return made
        }
    }

    private func store(
        _ type: MediaType,
        _ layers: [Descriptor],
        of subject: Descriptor
    ) throws -> Descriptor {
        // As the subject is known by everywhere, whatever the place where it was found says of it.
        let bare = Descriptor(mediaType: subject.mediaType, digest: subject.digest, size: subject.size)
        let artifact = ArtifactManifest(type, layers: layers, subject: bare)
        try put(ArtifactManifest.emptyConfig, mediaType: .empty)
        var descriptor = try put(try CanonicalJSON.encode(artifact), mediaType: .manifest)
        descriptor.artifactType = type
        return descriptor
    }

    /// Most bytes of such a manifest: what registries are asked to take.
    private static let referrerLimit = 4 << 20
}
