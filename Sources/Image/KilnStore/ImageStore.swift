import Glibc
package import KilnArchive
package import KilnOCI
package import KilnSystem
package import SystemPackage

/// A value that was decoded from a blob, with the very bytes that its digest is of.
package struct StoredValue<Value: Sendable>: Sendable {
    package let digest: Digest
    package let bytes: [UInt8]
    package let value: Value
}

/// The images of a home, as an OCI image layout (OCI image spec, image-layout.md).
package struct ImageStore: Sendable {
    package let home: KilnHome

    package init(home: KilnHome) {
        self.home = home
    }

    /// Makes what is missing of the layout and of the folders beside it. Cheap when all is there.
    package func prepare() throws {
        for folder in [home.images, home.layers, home.packages, home.cache, home.scratch] {
            try home.makePrivate(folder)
        }
        try Files.createDirectory(blobs)
        try create(home.images.appending("oci-layout"), #"{"imageLayoutVersion":"1.0.0"}"#.utf8)
        if try !hasIndex() { try create(indexPath, try CanonicalJSON.encode(ImageIndex(manifests: []))) }
    }

    /// Writes a file unless there is one, however many try at once.
    private func create(_ path: FilePath, _ bytes: some Sequence<UInt8>) throws {
        guard !Files.exists(path) else { return }
        let draft = home.scratch.appending("draft-\(UInt64.random(in: 0...UInt64.max))")
        defer { try? Files.remove(draft) }
        try Files.write(bytes, to: draft)
        guard link(draft.string, path.string) == 0 || errno == EEXIST else {
            throw SystemError.last("create \(path)")
        }
        try Files.syncDirectory(home.images)
    }

    package func blobPath(_ digest: Digest) -> FilePath {
        blobs.appending(digest.hex)
    }

    package func hasBlob(_ digest: Digest) -> Bool {
        Files.facts(blobPath(digest))?.kind == .file
    }

    /// The same, also telling a blob that was cut off.
    package func hasBlob(_ descriptor: Descriptor) -> Bool {
        Files.facts(blobPath(descriptor.digest))?.size == descriptor.size
    }

    /// Whether the image's manifest, configuration and all of its layers are here, or those of all that an index names; their
    /// content is not read.
    package func isWhole(_ digest: Digest) -> Bool {
        guard let tree = try? tree(of: digest), tree.missing.isEmpty, !tree.manifests.isEmpty else {
            return false
        }
        return tree.manifests.allSatisfy { $0.parts.allSatisfy { hasBlob($0) } }
    }

    /// Lets the body write one layer, and keeps the blob and the layer's index. Nothing is left when it throws.
    ///
    /// The body runs on a thread that may block.
    package func ingestLayer(
        encoding: LayerEncoding,
        _ body: @escaping @Sendable (inout LayerWriter) throws -> Void
    ) async throws -> WrittenLayer {
        try prepare()
        return try await TemporaryDirectory.with(in: home.scratch, prefix: "layer-") { directory in
            let path = directory.appending("blob")
            let layer = try await Blocking.run {
                var writer = try LayerWriter(path: path, encoding: encoding)
                try body(&writer)
                return try writer.finish()
            }
            try LayerIndexes(home: home).save(layer.index, for: layer.diffID)
            try await keep(path, as: layer.digest)
            return layer
        }
    }

    /// Lets the body write a file at a path that does not exist yet, and keeps it under the digest that it turns out to have, or
    /// must have. Nothing is left when it throws.
    package func ingest(
        mediaType: MediaType,
        expecting expected: Digest? = nil,
        _ body: (FilePath) async throws -> Void
    ) async throws -> Descriptor {
        try prepare()
        return try await TemporaryDirectory.with(in: home.scratch, prefix: "blob-") { directory in
            let path = directory.appending("blob")
            try await body(path)
            let measured = try await Blocking.run { try FileDigest.measure(path) }
            if let expected, expected != measured.digest {
                throw StoreError(.wrongContent(path, expected: expected, found: measured.digest))
            }
            try await keep(path, as: measured.digest)
            return Descriptor(mediaType: mediaType, digest: measured.digest, size: measured.size)
        }
    }

    /// Keeps small bytes: a manifest, a configuration. What is there under their digest and is damaged is replaced.
    @discardableResult
    package func put(_ bytes: [UInt8], mediaType: MediaType) throws -> Descriptor {
        let descriptor = Descriptor(mediaType: mediaType, digest: Digest(of: bytes), size: Int64(bytes.count))
        let path = blobPath(descriptor.digest)
        let isKept = hasBlob(descriptor) && (try? Files.read(path, limit: bytes.count)) == bytes
        if !isKept { try Files.write(bytes, to: path) }
        return descriptor
    }

    /// Deletes a blob that is not what its digest says, so that it is made anew, and throws what was found. A blob that is what
    /// it should be stays.
    func discardIfDamaged(_ digest: Digest) async throws {
        let path = blobPath(digest)
        let found = try await Blocking.run { try FileDigest.measure(path).digest }
        guard found != digest else { return }
        try Files.remove(path)
        throw StoreError(.wrongContent(path, expected: digest, found: found))
    }

    /// A blob's bytes, checked against its digest.
    package func read(_ digest: Digest, limit: Int = 16 << 20) throws -> [UInt8] {
        let path = blobPath(digest)
        guard Files.exists(path) else { throw StoreError(.missingBlob(digest)) }
        let bytes = try Files.read(path, limit: limit)
        let found = Digest(of: bytes)
        guard found == digest else { throw StoreError(.wrongContent(path, expected: digest, found: found)) }
        return bytes
    }

    package func manifest(_ digest: Digest) throws -> StoredValue<ImageManifest> {
        try decode(ImageManifest.self, digest)
    }

    package func config(_ manifest: ImageManifest) throws -> StoredValue<ImageConfig> {
        try decode(ImageConfig.self, manifest.config.digest)
    }

    /// Moves a finished file of the same file system to its place; a power loss leaves all of it or nothing.
    private func keep(_ path: FilePath, as digest: Digest) async throws {
        let target = blobPath(digest)
        let blobs = blobs
        try await Blocking.run {
            try FileDigest.sync(path, mode: 0o644)
            try Files.createDirectory(blobs)
            try Files.rename(path, to: target)
            try Files.syncDirectory(blobs)
        }
    }

    private func decode<Value: Decodable & Sendable>(
        _ type: Value.Type,
        _ digest: Digest
    ) throws -> StoredValue<Value> {
        let bytes = try read(digest)
        do {
            return StoredValue(
                digest: digest,
                bytes: bytes,
                value: try CanonicalJSON.decode(type, from: bytes)
            )
        } catch {
            throw StoreError(.unreadable(blobPath(digest), why: String(describing: error)))
        }
    }

    var blobs: FilePath { home.images.appending("blobs").appending("sha256") }
    var indexPath: FilePath { home.images.appending("index.json") }
    var indexLock: FilePath { home.root.appending("images.lock") }
}
