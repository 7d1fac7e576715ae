package import KilnOCI
package import KilnSystem
import SystemPackage

/// What a home takes on disk, as blocks that are really taken: by image, by layer, and all of it.
package struct DiskUse: Sendable, Hashable {
    /// Whose parts are counted together.
    package struct Root: Sendable, Hashable {
        package let name: String
        /// Of the manifest.
        package let digest: Digest

        package init(name: String, digest: Digest) {
            self.name = name
            self.digest = digest
        }
    }

    package struct Image: Sendable, Hashable {
        package let root: Root
        /// Blobs, sealed layers and indexes that it needs.
        package var total: Int64 = 0
        /// Of that, what no other image needs: what its removal would free.
        package var unique: Int64 = 0
        package var shared: Int64 { total - unique }
    }

    package struct Layer: Sendable, Hashable {
        package let diffID: DiffID
        /// Compressed, for each encoder that was used.
        package var blobs: Int64 = 0
        /// The EROFS file with its record.
        package var sealed: Int64 = 0
        package var index: Int64 = 0
        package var images: [String] = []
        package var total: Int64 { blobs + sealed + index }
    }

    /// What the bytes are; their sum is the home.
    package enum Part: String, Sendable, Hashable, CaseIterable {
        /// Parts of images that one image alone needs.
        case unique = "in one image alone"
        case shared = "shared by images"
        /// Blobs and layers that none of the images needs.
        case unreferenced = "in no image"
        case packages = "fetched packages"
        case indexes = "archive indexes"
        case cache
        case catalog
        /// Instances, logs, evidence.
        case fleets = "fleets"
        case volumes
        case scratch
        case other
    }

    /// In the order asked for.
    package private(set) var images: [Image]
    /// The largest first.
    package private(set) var layers: [Layer]
    package private(set) var parts: [Part: Int64]

    package var total: Int64 { parts.values.reduce(0, +) }

    /// Walks the home. What comes and goes meanwhile may be missed; mounts in it are not its own.
    package static func measure(_ home: KilnHome, roots: [Root]) throws -> DiskUse {
        var use = DiskUse(
            images: roots.map { Image(root: $0) },
            layers: [],
            parts: [:]
        )
        let owners = try DiskOwners(store: ImageStore(home: home), roots: roots)
        var layers: [String: Layer] = [:]
        for (diffID, images) in owners.layers {
            layers[diffID.short] = Layer(diffID: diffID, images: images.map { roots[$0].name })
        }
        var walk = DiskWalk(home: home)
        try walk.files { path, bytes in
            let name = path.lastComponent?.string ?? ""
            guard let kind = DiskWalk.imagePart(path, home) else {
                use.parts[DiskWalk.part(of: path, home), default: 0] += bytes
                return
            }
            let key = kind == .blob ? name : LayerFile.layer(of: name)
            let holders = kind == .blob ? owners.blobs[key] ?? [] : owners.layersByName[key] ?? []
            let part: Part = holders.isEmpty ? .unreferenced : holders.count == 1 ? .unique : .shared
            use.parts[part, default: 0] += bytes
            for holder in holders {
                use.images[holder].total += bytes
                if holders.count == 1 { use.images[holder].unique += bytes }
            }
            let short = kind == .blob ? owners.layerOfBlob[key]?.short : key
            guard let short else { return }
            switch kind {
            case .blob: layers[short]?.blobs += bytes
            case .sealed: layers[short]?.sealed += bytes
            case .index: layers[short]?.index += bytes
            }
        }
        use.layers = layers.values.sorted { ($1.total, $0.diffID) < ($0.total, $1.diffID) }
        return use
    }
}

/// Which images need which parts, by their place in the list of roots.
private struct DiskOwners {
    private(set) var blobs: [String: Set<Int>] = [:]
    private(set) var layers: [DiffID: [Int]] = [:]
    private(set) var layersByName: [String: Set<Int>] = [:]
    private(set) var layerOfBlob: [String: DiffID] = [:]

    init(store: ImageStore, roots: [DiskUse.Root]) throws {
        for (place, root) in roots.enumerated() where store.hasBlob(root.digest) {
            let tree = try store.tree(of: root.digest)
            for index in tree.indexes { blobs[index.digest.hex, default: []].insert(place) }
            for entry in tree.manifests { try add(entry, to: place, in: store) }
        }
    }

    private mutating func add(_ entry: ManifestTree.Entry, to place: Int, in store: ImageStore) throws {
        for part in [entry.descriptor] + entry.parts { blobs[part.digest.hex, default: []].insert(place) }
        for (layer, diffID) in zip(entry.manifest.layers, try store.diffIDs(of: entry)) {
            layerOfBlob[layer.digest.hex] = diffID
            guard layersByName[diffID.short, default: []].insert(place).inserted else { continue }
            layers[diffID, default: []].append(place)
        }
    }
}

/// Every file and folder of a home that is on the home's own file system, each inode once.
private struct DiskWalk {
    enum ImagePart {
        case blob
        case sealed
        case index
    }

    let home: KilnHome
    private var seen: Set<UInt64> = []

    init(home: KilnHome) {
        self.home = home
    }

    /// Folders count to what they are in, by their own blocks.
    mutating func files(_ body: (FilePath, Int64) -> Void) throws {
        guard let facts = Files.facts(home.root) else { return }
        try visit(home.root, facts, device: facts.device, body)
    }

    private mutating func visit(
        _ path: FilePath,
        _ facts: FileFacts,
        device: UInt64,
        _ body: (FilePath, Int64) -> Void
    ) throws {
        guard facts.device == device, seen.insert(facts.inode).inserted else { return }
        body(path, facts.allocated)
        guard facts.kind == .directory else { return }
        for name in try Files.list(path) {
            let child = path.appending(name)
            if let facts = Files.facts(child) { try visit(child, facts, device: device, body) }
        }
    }

    /// nil for what is no part of an image.
    static func imagePart(_ path: FilePath, _ home: KilnHome) -> ImagePart? {
        let folder = path.removingLastComponent()
        if folder == ImageStore(home: home).blobs { return .blob }
        guard folder == home.layers else { return nil }
        return ["index", "inventory"].contains(path.extension) ? .index : .sealed
    }

    static func part(of path: FilePath, _ home: KilnHome) -> DiskUse.Part {
        let folders: [(FilePath, DiskUse.Part)] = [
            (home.packages, .packages), (home.indexes, .indexes), (home.cache, .cache), (home.run, .fleets),
            (home.volumes, .volumes), (home.scratch, .scratch),
        ]
        if let found = folders.first(where: { path.starts(with: $0.0) }) { return found.1 }
        // The database has files beside it.
        let isCatalog =
            path.removingLastComponent() == home.root
            && path.lastComponent?.string.hasPrefix(home.catalog.lastComponent?.string ?? "") == true
        return isCatalog ? .catalog : .other
    }
}
