import KilnArchive
package import KilnOCI
package import KilnSystem
import SystemPackage

/// A layer that was baked before.
package struct CachedLayer: Sendable, Hashable, Codable {
    package let diffID: DiffID
    /// The blobs that are in the store, by the encoder's name.
    package var blobs: [String: Descriptor]
    /// What came out when it was made a second time; nil when nobody did.
    package var verdict: LayerVerdict?

    package init(diffID: DiffID, blobs: [String: Descriptor]) {
        self.diffID = diffID
        self.blobs = blobs
    }
}

/// Whether a layer that was made again from nothing, in hostile conditions, came out the same.
package struct LayerVerdict: Sendable, Hashable, Codable {
    package enum Result: String, Sendable, Hashable, Codable {
        case verified
        case differs
    }

    package let result: Result
    /// Whether the programs that made it could be told another time; nil when none did.
    package let clockWasMoved: Bool?

    package init(result: Result, clockWasMoved: Bool?) {
        self.result = result
        self.clockWasMoved = clockWasMoved
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

    /// Remembers what making the layer again came to, as long as the layer itself is remembered.
    package func judge(_ key: Digest, _ diffID: DiffID, _ verdict: LayerVerdict) throws {
        guard var layer = read(key), layer.diffID == diffID, layer.verdict != verdict else { return }
        layer.verdict = verdict
        try Files.write(try CanonicalJSON.encode(layer), to: path(key))
    }

    /// What is known of these layers. Where one was made from several things, a bad verdict counts most.
    package func verdicts(of layers: Set<DiffID>) throws -> [DiffID: LayerVerdict] {
        var found: [DiffID: LayerVerdict] = [:]
        for name in try Files.list(home.cache) where name.hasSuffix(".json") {
            guard let key = try? Digest(parsingHex: String(name.dropLast(5))), let layer = read(key),
                layers.contains(layer.diffID), let verdict = layer.verdict
            else { continue }
            if found[layer.diffID]?.result != .differs { found[layer.diffID] = verdict }
        }
        return found
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
