import KilnAdvisories
import KilnArchive
package import KilnOCI
import KilnStore
package import KilnSystem

/// An image whose layers can be read, wherever it is.
package struct ImageContent: Sendable {
    let subject: String
    let digest: Digest
    package let config: ImageConfig
    /// The lowest first.
    package let layers: [LayerContent]
    /// Whether it is an image of the home's store, for as long as that has it.
    let isOfStore: Bool

    /// nil for a folder, which is no image.
    package static func open(
        _ target: InventoryTarget,
        home: KilnHome,
        platform: ImagePlatform = .host
    ) async throws -> ImageContent? {
        switch target {
        case .image(let reference):
            try ImageContent(reference, in: ImageStore(home: home), for: platform)
        case .layout(let path, let tag): try ImageContent(layout: path, tag: tag, for: platform)
        case .archive(let path):
            try await Blocking.run { try ImageContent(archive: path, for: platform) }
        case .root: nil
        }
    }

    init(subject: String, digest: Digest, config: ImageConfig, layers: [LayerContent]) {
        self.subject = subject
        self.digest = digest
        self.config = config
        self.layers = layers
        isOfStore = false
    }

    /// An image of the store. What it keeps was checked when it came in.
    init(_ reference: String, in store: ImageStore, for platform: ImagePlatform) throws {
        let descriptor = try store.image(reference, for: platform)
        let manifest = try store.manifest(descriptor.digest).value
        let config = try store.config(manifest).value
        guard manifest.layers.count == config.rootfs.diffIDs.count else {
            throw InventoryError(.layerCount(manifest.layers.count, config.rootfs.diffIDs.count), reference)
        }
        let made = config.layerHistory
        subject = reference
        digest = descriptor.digest
        isOfStore = true
        self.config = config
        layers = zip(manifest.layers, config.rootfs.diffIDs).enumerated().map { place, layer in
            let blob = store.blobPath(layer.0.digest)
            return LayerContent(
                diffID: layer.1,
                createdBy: place < made.count ? made[place].createdBy : nil,
                isVerified: true,
                open: { try FileSource(blob) }
            )
        }
    }
}

extension ImageConfig {
    /// Of the layers, where the history is about them all.
    var layerHistory: [HistoryEntry] {
        let entries = (history ?? []).filter { $0.emptyLayer != true }
        return entries.count == rootfs.diffIDs.count ? entries : []
    }
}
