import Glibc
import KilnArchive
package import KilnOCI
package import KilnSystem
package import SystemPackage

/// A layer as an EROFS file: what instances run and bakes build upon.
package struct SealedLayer: Sendable, Hashable {
    package let path: FilePath
    package let diffID: DiffID
    /// Of the EROFS file, as recorded when it was sealed.
    package let digest: Digest
    package let size: Int64
}

/// The sealed layers of a home: each made once, never written again.
package struct SealedLayers: Sendable {
    private struct Record: Codable {
        var diffID: DiffID
        var digest: Digest
        var size: Int64
    }

    private let home: KilnHome
    private let tools: ToolRunner

    package init(home: KilnHome, tools: ToolRunner = ToolRunner()) {
        self.home = home
        self.tools = tools
    }

    /// `layers/<first digits of the diffID>.erofs`, whether it is there or not.
    package func path(for diffID: DiffID) -> FilePath {
        home.layers.appending(diffID.short + ".erofs")
    }

    /// The layer when it is sealed here; nil otherwise. Looks at the record and the size, not at the content.
    package func lookup(_ diffID: DiffID) throws -> SealedLayer? {
        let path = path(for: diffID)
        guard let bytes = try? Files.read(recordPath(diffID)),
            let record = try? CanonicalJSON.decode(Record.self, from: bytes)
        else { return nil }
        guard record.diffID == diffID else { throw StoreError(.layerNameTaken(diffID, by: record.diffID)) }
        guard Files.facts(path)?.size == record.size else { return nil }
        return SealedLayer(path: path, diffID: diffID, digest: record.digest, size: record.size)
    }

    /// Seals the layer unless it is sealed already; of several callers one does and the others wait.
    ///
    /// The blob must be in the image store and hold what the diffID says. One that is damaged is deleted and named in the error.
    package func seal(
        _ diffID: DiffID,
        blob: Descriptor,
        allowsDevices: Bool = false
    ) async throws -> SealedLayer {
        if let layer = try lookup(diffID) { return layer }
        guard geteuid() == 0 else { throw StoreError(.needsRoot("sealing a layer")) }
        let images = ImageStore(home: home)
        guard images.hasBlob(blob) else { throw StoreError(.missingBlob(blob.digest)) }
        try home.makePrivate(home.scratch)
        try ExtendedAttributes.dropDefaultAccess(of: home.scratch)
        return try await locked(diffID) {
            if let layer = try lookup(diffID) { return layer }
            return try await TemporaryDirectory.with(in: home.scratch, prefix: "seal-") { directory in
                var extractor = LayerExtractor(form: .overlay)
                extractor.allowsDevices = allowsDevices
                do {
                    return try await make(
                        diffID,
                        from: images.blobPath(blob.digest),
                        with: extractor,
                        in: directory
                    )
                } catch let error as ArchiveError {
                    // A damaged blob can read as anything; the disk's own errors say nothing of what is on it.
                    if error.isAboutContent { try await images.discardIfDamaged(blob.digest) }
                    throw error
                }
            }
        }
    }

    /// The layer with every byte of its sealed file checked; one that was altered is told to `onAltered` and sealed anew. For a
    /// first use after a boot, and to build upon.
    package func sealVerified(
        _ diffID: DiffID,
        blob: Descriptor,
        allowsDevices: Bool = false,
        onAltered: (StoreError) -> Void = { _ in }
    ) async throws -> SealedLayer {
        if let known = try lookup(diffID) {
            if try await isWhole(known) { return known }
            try await locked(diffID) {
                // Another process may have been faster.
                guard let layer = try lookup(diffID), try await !isWhole(layer) else { return }
                onAltered(StoreError(.alteredLayer(diffID, path: layer.path)))
                try discard(diffID)
            }
        }
        return try await seal(diffID, blob: blob, allowsDevices: allowsDevices)
    }

    /// Reads the whole file again and compares it with what was sealed.
    package func verify(_ layer: SealedLayer) async throws {
        guard Files.exists(layer.path) else { throw StoreError(.missingLayer(layer.diffID)) }
        guard try await isWhole(layer) else {
            throw StoreError(.alteredLayer(layer.diffID, path: layer.path))
        }
    }

    /// Forgets the sealed file, so that the next use makes it anew. Mounts of it go on.
    package func discard(_ diffID: DiffID) throws {
        try Files.remove(recordPath(diffID))
        try Files.remove(path(for: diffID))
    }

    private func isWhole(_ layer: SealedLayer) async throws -> Bool {
        try await Blocking.run { try FileDigest.measure(layer.path).digest } == layer.digest
    }

    private func locked<Result>(
        _ diffID: DiffID,
        _ body: () async throws -> Result
    ) async throws -> Result {
        try home.makePrivate(home.layers)
        let lock = home.layers.appending(".\(diffID.short).lock")
        return try await FileLock.with(lock) { try await body() }
    }

    private func make(
        _ diffID: DiffID,
        from blob: FilePath,
        with extractor: LayerExtractor,
        in directory: FilePath
    ) async throws -> SealedLayer {
        let tree = directory.appending("tree")
        let image = SealedImage(path: directory.appending("image"), tree: tree, diffID: diffID)
        try Files.createDirectory(tree)
        // The root folder's own mode is sealed too, and must not follow the umask.
        guard chmod(tree.string, 0o755) == 0 else { throw SystemError.last("set the mode of \(tree)") }
        _ = try await Blocking.run { try extractor.extract(blob: blob, into: tree, expecting: diffID) }
        try await tools.run(image.invocation)
        let target = path(for: diffID)
        let record = recordPath(diffID)
        return try await Blocking.run {
            try image.clearBuildTime()
            let measured = try FileDigest.measure(image.path)
            try FileDigest.sync(image.path, mode: 0o400)
            try Files.rename(image.path, to: target)
            // The record comes last: without it the file counts for nothing and is made again.
            try Files.write(
                try CanonicalJSON.encode(
                    Record(diffID: diffID, digest: measured.digest, size: measured.size)
                ),
                to: record
            )
            return SealedLayer(
                path: target,
                diffID: diffID,
                digest: measured.digest,
                size: measured.size
            )
        }
    }

    private func recordPath(_ diffID: DiffID) -> FilePath {
        home.layers.appending(diffID.short + ".json")
    }
}
