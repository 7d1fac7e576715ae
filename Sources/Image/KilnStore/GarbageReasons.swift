import KilnOCI

/// Whose the parts were that go, as far as that can be told. What cannot be read says nothing: this is for the report only.
struct GarbageReasons {
    typealias Reason = GarbageCollector.Report.Reason

    /// By hex digits.
    private(set) var blobs: [String: Reason] = [:]
    /// By short name.
    private(set) var layers: [String: Reason] = [:]

    /// A part of several counts as the first one's: superseded images before what was given up.
    init(images: ImageStore, superseded: [SupersededImage], given: [Digest: String]) {
        for image in superseded {
            add(image.digest, .superseded(name: image.name, at: image.superseded), in: images)
        }
        for (digest, what) in given.sorted(by: { $0.key < $1.key }) { add(digest, .given(what), in: images) }
    }

    private mutating func add(_ digest: Digest, _ reason: Reason, in images: ImageStore) {
        guard let manifest = try? images.manifest(digest).value else {
            guard let index = try? images.imageIndex(digest) else { return }
            if blobs[digest.hex] == nil { blobs[digest.hex] = reason }
            for image in index.manifests { add(image.digest, reason, in: images) }
            return
        }
        let parts = [digest.hex, manifest.config.digest.hex] + manifest.layers.map(\.digest.hex)
        for part in parts where blobs[part] == nil { blobs[part] = reason }
        guard let config = try? images.config(manifest).value else { return }
        for layer in config.rootfs.diffIDs where layers[layer.short] == nil { layers[layer.short] = reason }
    }
}
