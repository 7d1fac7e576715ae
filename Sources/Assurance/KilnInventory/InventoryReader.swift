import KilnAdvisories
package import KilnOCI
import KilnStore
package import KilnSystem
import SystemPackage

extension Inventory {
    /// Takes the inventory of an image or a folder; what layers hold is kept in the home, by their diffIDs.
    package static func read(
        _ target: InventoryTarget,
        home: KilnHome,
        platform: ImagePlatform = .host
    ) async throws -> Inventory {
        switch target {
        case .image(let reference):
            return try await read(try ImageContent(reference, in: ImageStore(home: home), for: platform))
        case .layout(let path, _), .archive(let path):
            throw InventoryError(.notADirectory, path.string)
        case .root(let path):
            let facts = try await Blocking.run {
                var walk = RootWalk(path)
                try walk.run()
                return walk.inspector.facts
            }
            return InventoryBuilder(layers: [facts], isImage: false).inventory(of: path.string)
        }
    }

    private static func read(_ image: ImageContent) async throws -> Inventory {
        var facts: [LayerFacts] = []
        for layer in image.layers { facts.append(try await Blocking.run { try layer.inspect() }) }
        var inventory = InventoryBuilder(layers: facts, isImage: true).inventory(of: image.subject)
        inventory.digest = image.digest
        inventory.platform = image.config.platform
        inventory.created = image.config.created.flatMap { Moment(parsing: $0) }
        inventory.layers = image.layers.enumerated().map { place, layer in
            InventoryLayer(index: place, diffID: layer.diffID, createdBy: layer.createdBy)
        }
        return inventory
    }
}
