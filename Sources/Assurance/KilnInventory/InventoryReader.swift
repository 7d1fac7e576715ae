import KilnAdvisories
import KilnArchive
package import KilnOCI
import KilnStore
package import KilnSystem
import SystemPackage

extension Inventory {
    /// Takes the inventory of an image or a folder; what layers hold is kept in the home, by their diffIDs. Without the files that no
    /// package owns, that of an image is kept as a whole, and what is kept answers without a look at the layers.
    package static func read(
        _ target: InventoryTarget,
        home: KilnHome,
        platform: ImagePlatform = .host,
        files: Bool = true
    ) async throws -> Inventory {
        if case .root(let path) = target {
            let facts = try await Blocking.run {
                var walk = RootWalk(path, scratch: home.scratch)
                try walk.run()
                return walk.inspector.facts
            }
            return InventoryBuilder(layers: [facts], isImage: false).inventory(of: path.string)
        }
        guard let image = try await ImageContent.open(target, home: home, platform: platform) else {
            throw InventoryError(.notALayout, "\(target)")
        }
        return try await read(image, home: home, files: files)
    }

    /// The same of one that is open.
    package static func read(
        _ image: ImageContent,
        home: KilnHome,
        files: Bool = true
    ) async throws -> Inventory {
        let kept = ImageInventories(home: home)
        let isKept = image.isOfStore && !files
        if isKept, let inventory = kept.load(image.digest, as: image.subject) { return inventory }
        let facts = try await facts(of: image.layers, home)
        var inventory = InventoryBuilder(layers: facts, isImage: true)
            .inventory(of: image.subject, files: files)
        inventory.digest = image.digest
        inventory.platform = image.config.platform
        inventory.created = image.config.created.flatMap { Moment(parsing: $0) }
        inventory.layers = image.layers.enumerated().map { place, layer in
            InventoryLayer(index: place, diffID: layer.diffID, createdBy: layer.createdBy)
        }
        if isKept { kept.save(inventory) }
        return inventory
    }

    /// A few at once; what was read before is not read again.
    private static func facts(of layers: [LayerContent], _ home: KilnHome) async throws -> [LayerFacts] {
        let kept = LayerInventories(home: home)
        return try await withThrowingTaskGroup(of: (Int, LayerFacts).self) { group in
            var found: [Int: LayerFacts] = [:]
            var room = LayerFacts.longestOfAll
            func take(_ place: Int, _ facts: LayerFacts) throws {
                room -= facts.weight
                guard room >= 0 else { throw ArchiveError(.limit(.metadata)) }
                found[place] = facts
            }
            for (place, layer) in layers.enumerated() {
                if place >= 2, let (done, facts) = try await group.next() { try take(done, facts) }
                group.addTask {
                    (place, try await Blocking.run { try Self.facts(of: layer, kept, home.scratch) })
                }
            }
            for try await (place, facts) in group { try take(place, facts) }
            return layers.indices.compactMap { found[$0] }
        }
    }

    private static func facts(
        of layer: LayerContent,
        _ kept: LayerInventories,
        _ scratch: FilePath
    ) throws -> LayerFacts {
        if let facts = kept.load(layer.diffID) { return facts }
        let facts = try layer.inspect(scratch: scratch)
        kept.save(facts, for: layer.diffID)
        return facts
    }
}
