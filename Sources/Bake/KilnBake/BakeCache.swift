import KilnArchive
import KilnOCI
import KilnStore
import KilnSystem

/// Layers of earlier bakes, as one encoder left them.
struct BakeCache: Sendable {
    private let layers: LayerCache
    private let encoder: String

    init(home: KilnHome, encoding: LayerEncoding) {
        layers = LayerCache(home: home)
        encoder = encoding.encoderName
    }

    func lookup(_ layer: PlannedLayer) -> (diffID: DiffID, blob: Descriptor)? {
        guard let known = layers.lookup(layer.key.digest), let blob = known.blobs[encoder] else { return nil }
        return (known.diffID, blob)
    }

    func record(_ layer: PlannedLayer, _ written: WrittenLayer) throws {
        try layers.record(
            layer.key.digest,
            diffID: written.diffID,
            encoder: encoder,
            blob: written.descriptor
        )
    }
}
