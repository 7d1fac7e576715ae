import KilnOCI
import KilnSystem
import SystemPackage

/// Finds what a collection would remove.
struct GarbageSurvey {
    typealias Item = GarbageCollector.Report.Item
    typealias Kind = GarbageCollector.Report.Kind
    typealias Reason = GarbageCollector.Report.Reason

    private let home: KilnHome
    private let marks: GarbageMarks
    /// nil keeps every package.
    private let kept: Set<Digest>?
    private let mounted: Set<FilePath>
    private let reasons: GarbageReasons

    init(home: KilnHome, kept: GarbageCollector.Kept, superseded: [SupersededImage]) throws {
        self.home = home
        self.kept = kept.packages
        marks = try GarbageMarks(home: home, roots: kept.roots)
        reasons = GarbageReasons(images: ImageStore(home: home), superseded: superseded, given: kept.given)
        mounted = Set(try MountTable.current().under(home.root).map(\.target))
    }

    func items() throws -> [Item] {
        let images = ImageStore(home: home)
        let blobs = try items(.blob, in: images.blobs) { !marks.blobs.contains($0) && !isDraft($0) }
        let gone = Set(blobs.compactMap { $0.path.lastComponent?.string })
        let records = try items(.cacheRecord, in: home.cache) { name in
            isRecord(name) && isStale(home.cache.appending(name), gone: gone)
        }
        let sources = try items(.cacheRecord, in: home.sources) { name in
            isRecord(name) && !marks.blobs.contains(String(name.dropLast(5)))
        }
        let inventories = try items(.cacheRecord, in: home.inventories) { !marks.blobs.contains($0) }
        let surveys = try items(.cacheRecord, in: home.secretSurveys) { name in
            guard let layer = try? DiffID(parsingHex: name) else { return true }
            return !marks.layerNames.contains(layer.short)
        }
        let drafts = try [home.sources, home.images, images.blobs, home.layers, home.cache].flatMap {
            try items(.scratch, in: $0, where: isDraft)
        }
        return blobs + (try layers()) + records + sources + inventories + surveys + (try packages()) + drafts
            + (try scratch())
    }

    private func layers() throws -> [Item] {
        let names = try Files.list(home.layers)
            .filter { !marks.layerNames.contains(LayerFile.layer(of: $0)) && !isDraft($0) }
        func isRecord(_ name: String) -> Bool {
            name.hasSuffix(".index") || name.hasSuffix(LayerFile.inventorySuffix)
        }
        let byLayer = Dictionary(grouping: names.filter { !isRecord($0) }, by: LayerFile.layer)
        let sealed = try byLayer.sorted { $0.key < $1.key }.map { _, names in
            let paths = names.map { home.layers.appending($0) }
            let main = paths.first { $0.extension == "erofs" } ?? paths.first { $0.extension == "json" }
            // A lock without a layer is what a sealing that failed left.
            return try item(main == nil ? .scratch : .sealedLayer, main ?? paths[0], paths)
        }
        return sealed + (try names.filter(isRecord).map { try item(.layerIndex, home.layers.appending($0)) })
    }

    private func packages() throws -> [Item] {
        guard let kept else { return [] }
        let names = Set(kept.map(\.hex))
        // What images that stay were made of stays with them, though the lock has moved on.
        return try items(.package, in: home.packages) {
            isDigest($0) && !names.contains($0) && !marks.blobs.contains($0)
        }
            + items(.scratch, in: home.packages) { !isDigest($0) && !isLock($0) }
    }

    private func scratch() throws -> [Item] {
        try items(.scratch, in: home.scratch) { !isLock($0) && !FileLock.isHeld(home.scratch.appending($0)) }
    }

    private func items(
        _ kind: Kind,
        in directory: FilePath,
        where isUnreferenced: (String) -> Bool
    ) throws -> [Item] {
        try Files.list(directory).filter(isUnreferenced).map { try item(kind, directory.appending($0)) }
    }

    private func item(
        _ kind: Kind,
        _ path: FilePath,
        _ all: [FilePath] = []
    ) throws -> Item {
        let companions = all.filter { $0 != path }
        let bytes = try ([path] + companions).reduce(0) { $0 + (try size(of: $1)) }
        return Item(
            kind: kind,
            path: path,
            size: bytes,
            reason: reason(kind, path.lastComponent?.string ?? ""),
            companions: companions
        )
    }

    private func reason(_ kind: Kind, _ name: String) -> Reason {
        switch kind {
        case .blob: reasons.blobs[name] ?? .unreferenced
        case .layerIndex, .sealedLayer: reasons.layers[LayerFile.layer(of: name)] ?? .unreferenced
        case .cacheRecord: .stale
        case .package: .unlocked
        case .scratch: .leftover
        }
    }

    /// Without what is mounted in it.
    private func size(of path: FilePath) throws -> Int64 {
        guard let facts = Files.facts(path), !mounted.contains(path) else { return 0 }
        guard facts.kind == .directory else { return facts.size }
        return try Files.list(path).reduce(0) { $0 + (try size(of: path.appending($1))) }
    }

    /// Whether a cache record's blobs are all gone.
    private func isStale(_ path: FilePath, gone: Set<String>) -> Bool {
        guard let bytes = try? Files.read(path),
            let layer = try? CanonicalJSON.decode(CachedLayer.self, from: bytes)
        else { return true }
        let images = ImageStore(home: home)
        return layer.blobs.values.allSatisfy { gone.contains($0.digest.hex) || !images.hasBlob($0) }
    }

    private func isDigest(_ name: String) -> Bool {
        (try? Digest(parsingHex: name)) != nil
    }

    /// `<key>.json`; other folders and files in the cache are not layers'.
    private func isRecord(_ name: String) -> Bool {
        name.hasSuffix(".json") && isDigest(String(name.dropLast(5)))
    }

    /// A write that a crash cut off.
    private func isDraft(_ name: String) -> Bool {
        name.hasPrefix(".") && name.hasSuffix(".tmp")
    }

    /// Whoever waits for it has it open already: without its file, two would hold it.
    private func isLock(_ name: String) -> Bool {
        name.hasSuffix(".lock")
    }
}
