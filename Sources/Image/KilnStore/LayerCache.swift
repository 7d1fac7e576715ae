import KilnArchive
package import KilnOCI
package import KilnSystem
import SystemPackage

/// A layer that was baked before.
package struct CachedLayer: Sendable, Hashable, Codable {
    package let diffID: DiffID
    /// The blobs that are in the store, by the encoder's name.
    package var blobs: [String: Descriptor]

    package init(diffID: DiffID, blobs: [String: Descriptor]) {
        self.diffID = diffID
        self.blobs = blobs
    }
}

/// Results of bakes by cache key. A record counts only for as long as what it names is there.
package struct LayerCache: Sendable {
    private let home: KilnHome

    package init(home: KilnHome) {
        self.home = home
    }

    /// nil when nothing was recorded, or when its blob or its index is gone.
    package func lookup(_ key: Digest) -> CachedLayer? {
        guard var layer = read(key) else { return nil }
        let store = ImageStore(home: home)
        layer.blobs = layer.blobs.filter { store.hasBlob($0.value) }
        let index = LayerIndexes(home: home).path(for: layer.diffID)
        return layer.blobs.isEmpty || !Files.exists(index) ? nil : layer
    }

    /// Remembers a layer; one that another encoder made of the same content is kept beside it.
    package func record(_ key: Digest, diffID: DiffID, encoder: String, blob: Descriptor) throws {
        var layer = CachedLayer(diffID: diffID, blobs: [:])
        if let known = read(key), known.diffID == diffID { layer = known }
        guard layer.blobs[encoder] != blob else { return }
        layer.blobs[encoder] = blob
        try home.makePrivate(home.cache)
        try Files.write(try CanonicalJSON.encode(layer), to: path(key))
    }

    func path(_ key: Digest) -> FilePath {
        home.cache.appending(key.hex + ".json")
    }

    /// A record that cannot be read is no record: the layer is made again.
    private func read(_ key: Digest) -> CachedLayer? {
        guard let bytes = try? Files.read(path(key)) else { return nil }
        return try? CanonicalJSON.decode(CachedLayer.self, from: bytes)
    }
}
