import KilnOCI
import KilnStore

/// What instances of one image are made of: its configuration, and its layers in the form that they run in.
struct RootImage: Sendable {
    /// Of the manifest.
    let digest: Digest
    let config: ImageConfig
    /// The lowest first.
    let layers: [SealedLayer]
    /// What each layer is sealed from.
    let blobs: [DiffID: Descriptor]

    /// Seals the layers that were not run or built upon before.
    static func load(_ digest: Digest, from images: ImageStore) async throws -> RootImage {
        let manifest = try images.manifest(digest).value
        let config = try images.config(manifest).value
        let diffIDs = config.rootfs.diffIDs
        guard diffIDs.count == manifest.layers.count, !diffIDs.isEmpty else {
            throw LocalPlatformError(
                .image,
                "the image's configuration and manifest do not agree on its layers",
                causes: ["\(diffIDs.count) in the one, \(manifest.layers.count) in the other"]
            )
        }
        let sealed = SealedLayers(home: images.home)
        let layers = try await StoreLock(images.home).shared {
            var layers: [SealedLayer] = []
            for (diffID, blob) in zip(diffIDs, manifest.layers) {
                layers.append(try await sealed.seal(diffID, blob: blob))
            }
            return layers
        }
        let blobs = Dictionary(zip(diffIDs, manifest.layers)) { first, _ in first }
        return RootImage(digest: digest, config: config, layers: layers, blobs: blobs)
    }
}
