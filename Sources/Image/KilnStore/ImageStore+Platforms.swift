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

    /// The images in what a name refers to, as far as they are here: the image itself, or those of an index.
    package func images(in descriptor: Descriptor) throws -> [Descriptor] {
        guard let index = try index(descriptor) else { return [descriptor] }
        return index.manifests.filter { hasBlob($0) && $0.isImage }
    }

    /// The same by digest alone.
    func manifests(of digest: Digest) throws -> [Digest] {
        guard let index = try imageIndex(digest) else { return [digest] }
        return index.manifests.map(\.digest).filter(hasBlob)
    }

    /// The image that a user means, for a platform where there are several.
    package func image(_ reference: String, for platform: ImagePlatform = .host) throws -> Descriptor {
        let named = try resolve(reference)
        guard let index = try index(named) else { return named }
        guard let image = index.image(for: platform) else {
            throw StoreError(.missingPlatform(reference, platform, offered: index.platforms))
        }
        guard hasBlob(image) else { throw StoreError(.missingBlob(image.digest)) }
        return image
    }

    /// One image to stand for all of what a name refers to: that of this machine, else the first.
    package func representative(of descriptor: Descriptor) throws -> Descriptor {
        guard let index = try index(descriptor) else { return descriptor }
        let here = index.manifests.filter { hasBlob($0) && $0.isImage }
        return index.image(for: .host).flatMap { here.contains($0) ? $0 : nil } ?? here.first ?? descriptor
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
