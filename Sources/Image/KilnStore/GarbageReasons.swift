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
        guard let tree = try? images.tree(of: digest) else { return }
        let manifests = tree.manifests.flatMap { [$0.descriptor.digest] + $0.parts.map(\.digest) }
        for part in (tree.indexes.map(\.digest) + manifests).map(\.hex) where blobs[part] == nil {
            blobs[part] = reason
        }
        for entry in tree.manifests {
            for layer in (try? images.diffIDs(of: entry)) ?? [] where layers[layer.short] == nil {
                layers[layer.short] = reason
            }
        }
    }
}
