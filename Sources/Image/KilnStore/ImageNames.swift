import KilnDiagnostics
package import KilnOCI
import KilnSystem

/// An image under one of its names.
package struct StoredImage: Sendable, Hashable {
    package let name: String
    /// Of the manifest.
    package let descriptor: Descriptor
}

/// The names of images: the layout's `index.json`.
extension ImageStore {
    private static let nameAnnotation = "org.opencontainers.image.ref.name"

    /// Gives the image the name, taking it from another that has it, which is remembered as superseded.
    package func tag(_ name: String, _ descriptor: Descriptor, now: Int64 = WallClock.now) async throws {
        guard Self.isName(name) else { throw StoreError(.badImageName(name)) }
        guard hasBlob(descriptor) else { throw StoreError(.missingBlob(descriptor.digest)) }
        try prepare()
        try await update { manifests in
            var named = descriptor
            named.annotations = (descriptor.annotations ?? [:]).merging([Self.nameAnnotation: name]) { $1 }
            if manifests.contains(named) { return }
            if let old = manifests.first(where: { Self.name(of: $0) == name }), old.digest != named.digest {
                // Before the name moves: what a crash leaves is an entry of what is still current, which counts for nothing.
                try NameHistory(home: home).remember(name, old.digest, supersededBy: named.digest, at: now)
            }
            manifests.removeAll { $0.annotations?[Self.nameAnnotation] == name }
            manifests.append(named)
            manifests.sort { Self.name(of: $0) < Self.name(of: $1) }
        }
    }

    /// Takes the name away that the reference means, with the names of its single platforms beside it, or all names of an image
    /// that is meant by its digest, and forgets what they referred to before. The blobs go with the next collection.
    @discardableResult
    package func remove(_ reference: String) async throws -> [StoredImage] {
        // Before the lock, which a home without images has no place for.
        _ = try match(reference)
        return try await FileLock.with(indexLock) {
            let gone = try names(meantBy: reference)
            let names = Set(gone.map(\.name))
            try change { manifests in manifests.removeAll { names.contains(Self.name(of: $0)) } }
            try NameHistory(home: home).forget(names)
            return gone
        }
    }

    private func names(meantBy reference: String) throws -> [StoredImage] {
        let found = try match(reference)
        guard let name = found.name else {
            return try list().filter { $0.descriptor.digest == found.descriptor.digest }
        }
        let named = try list().filter { $0.name == name }
        guard named.contains(where: { $0.descriptor.digest == found.descriptor.digest }) else {
            throw StoreError(.onePlatform(reference, of: name))
        }
        return named + (try named.flatMap { try platformNames(ofImagesOf: $0) })
    }

    /// All names, sorted.
    package func list() throws -> [StoredImage] {
        try readIndex().manifests.compactMap { descriptor in
            guard let name = descriptor.annotations?[Self.nameAnnotation] else { return nil }
            return StoredImage(name: name, descriptor: descriptor)
        }
        .sorted { $0.name < $1.name }
    }

    /// The image that a user means: by name, by name without its version where only one has it, by digest, or by the first
    /// digits of one (six at least).
    package func resolve(_ reference: String) throws -> Descriptor {
        try match(reference).descriptor
    }

    /// With the name by which it was found; nil when it was by digest.
    private func match(_ reference: String) throws -> (descriptor: Descriptor, name: String?) {
        let images = try list()
        if let image = images.first(where: { $0.name == reference }) { return (image.descriptor, image.name) }
        let versions = images.filter { $0.name.hasPrefix(reference + ":") }
        if versions.count == 1, let only = versions.first { return (only.descriptor, only.name) }
        if versions.count > 1 {
            throw StoreError(.ambiguousImage(reference, candidates: versions.map(\.name)))
        }
        if let found = try byDigest(reference, images) { return (found, nil) }
        if let found = try byPlatform(reference) { return found }
        let similar = Spelling.nearest(to: reference, in: images.map(\.name))
        throw StoreError(.unknownImage(reference, similar: similar))
    }

    /// `shop@linux/arm64`: of an index, where no image has that very name.
    private func byPlatform(_ reference: String) throws -> (descriptor: Descriptor, name: String?)? {
        guard let at = reference.firstIndex(of: "@"),
            let platform = ImagePlatform(parsing: String(reference[reference.index(after: at)...]))
        else { return nil }
        let name = String(reference[..<at])
        guard try list().contains(where: { $0.name == name }) else { return nil }
        let image = try image(name, for: platform)
        let config = try config(try manifest(image.digest).value).value
        guard platform.accepts(config.platform) else {
            throw StoreError(.missingPlatform(name, platform, offered: [config.platform]))
        }
        return (image, name)
    }

    private func byDigest(_ reference: String, _ images: [StoredImage]) throws -> Descriptor? {
        let hex = reference.hasPrefix("sha256:") ? String(reference.dropFirst(7)) : reference
        guard hex.utf8.count >= 6, hex.utf8.count <= 64, hex.utf8.allSatisfy(Self.isHexDigit) else {
            return nil
        }
        var found: [Digest: Descriptor] = [:]
        for image in images where image.descriptor.digest.hex.hasPrefix(hex) {
            found[image.descriptor.digest] = image.descriptor
        }
        if found.isEmpty {
            for name in try Files.list(blobs) where name.hasPrefix(hex) {
                if let descriptor = untagged(name) { found[descriptor.digest] = descriptor }
            }
        }
        guard found.count <= 1 else {
            throw StoreError(.ambiguousImage(reference, candidates: found.keys.sorted().map(\.short)))
        }
        return found.values.first
    }

    /// A manifest or an index that no name refers to, told from other blobs by reading it.
    private func untagged(_ name: String) -> Descriptor? {
        guard let digest = try? Digest(parsingHex: name), let facts = Files.facts(blobPath(digest)),
            facts.size < 1 << 20
        else { return nil }
        guard let manifest = try? manifest(digest) else {
            guard let index = try? imageIndex(digest) else { return nil }
            return Descriptor(mediaType: index.mediaType ?? .index, digest: digest, size: facts.size)
        }
        return Descriptor(
            mediaType: manifest.value.mediaType,
            digest: digest,
            size: Int64(manifest.bytes.count)
        )
    }

    func readIndex() throws -> ImageIndex {
        guard try hasIndex() else { return ImageIndex(manifests: []) }
        do {
            return try CanonicalJSON.decode(ImageIndex.self, from: try Files.read(indexPath))
        } catch let error as SystemError {
            throw error
        } catch {
            throw StoreError(.unreadable(indexPath, why: String(describing: error)))
        }
    }

    /// False for a store that holds nothing yet. One that lost its index is an error: without the names, everything in it
    /// would look like waste.
    func hasIndex() throws -> Bool {
        if try Files.isPresent(indexPath) { return true }
        guard try Files.list(blobs).isEmpty else { throw StoreError(.missingIndex(indexPath)) }
        return false
    }

    private func update(_ change: (inout [Descriptor]) throws -> Void) async throws {
        try await FileLock.with(indexLock) { try self.change(change) }
    }

    /// The caller holds the index's lock.
    func change(_ body: (inout [Descriptor]) throws -> Void) throws {
        let old = try readIndex()
        var new = old
        try body(&new.manifests)
        if new != old { try Files.write(try CanonicalJSON.encode(new), to: indexPath) }
    }

    static func name(of descriptor: Descriptor) -> String {
        descriptor.annotations?[nameAnnotation] ?? ""
    }

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, isAlphanumeric(first), name.utf8.count <= 255 else { return false }
        return name.utf8.allSatisfy { isAlphanumeric($0) || "._-/:+@".utf8.contains($0) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...102).contains(byte)
    }
}
