import KilnDiagnostics
package import KilnOCI

/// Images of several platforms: an image index, whose manifests are each an image.
extension ImageStore {
    /// nil for the image of one platform.
    package func index(_ descriptor: Descriptor) throws -> ImageIndex? {
        descriptor.mediaType.isIndex ? try imageIndex(descriptor.digest) : nil
    }

    /// nil for what is not here, and for what is no index.
    func imageIndex(_ digest: Digest) throws -> ImageIndex? {
        guard hasBlob(digest) else { return nil }
        let bytes = try read(digest, limit: 4 << 20)
        guard let index = try? CanonicalJSON.decode(ImageIndex.self, from: bytes),
            index.mediaType?.isIndex ?? true
        else { return nil }
        return index
    }

    /// The images in what a name refers to, as far as they are here: the image itself, or those of an index and of the indexes
    /// in it.
    package func images(in descriptor: Descriptor) throws -> [Descriptor] {
        guard descriptor.mediaType.isIndex else { return [descriptor] }
        return try tree(of: descriptor.digest).manifests.filter(\.isImage).map(\.descriptor)
    }

    /// The image that a user means, for a platform where there are several.
    package func image(_ reference: String, for platform: ImagePlatform = .host) throws -> Descriptor {
        let named = try resolve(reference)
        guard let index = try index(named) else { return named }
        if let image = try image(of: platform, in: named) { return image }
        if let absent = index.image(for: platform) { throw StoreError(.missingBlob(absent.digest)) }
        throw StoreError(.missingPlatform(reference, platform, offered: index.platforms))
    }

    /// The image itself, or of an index the one that is for the platform; nil when none is.
    package func image(_ named: Descriptor, for platform: ImagePlatform) throws -> Descriptor? {
        named.mediaType.isIndex ? try image(of: platform, in: named) : named
    }

    /// Of those that are here; nil when none is for the platform.
    func image(of platform: ImagePlatform, in named: Descriptor) throws -> Descriptor? {
        ImageIndex(manifests: try images(in: named)).image(for: platform)
    }

    /// One image to stand for all of what a name refers to: that of this machine, else the first; nil for an index of which
    /// no image is here.
    package func representative(of descriptor: Descriptor) throws -> Descriptor? {
        guard descriptor.mediaType.isIndex else { return descriptor }
        return try image(of: .host, in: descriptor) ?? images(in: descriptor).first
    }

    /// Gives the name to the images of several platforms, as an image index; to the image itself where there is one.
    package func tag(
        _ name: String,
        platforms images: [(platform: ImagePlatform, manifest: Descriptor)]
    ) async throws -> Descriptor {
        if images.count == 1, let only = images.first {
            try await tag(name, only.manifest)
            return only.manifest
        }
        let index = ImageIndex(
            manifests: images.map { image in
                var manifest = Descriptor(
                    mediaType: image.manifest.mediaType,
                    digest: image.manifest.digest,
                    size: image.manifest.size
                )
                manifest.platform = image.platform
                return manifest
            }
        )
        let descriptor = try put(try CanonicalJSON.encode(index), mediaType: .index)
        try await tag(name, descriptor)
        return descriptor
    }
}
