import KilnDefinition
import KilnStore

extension BakeExecutor {
    /// The plan's images as earlier bakes of this definition and lock left them here, told without baking; without
    /// those of which a layer is not remembered.
    func remembered(_ plan: BakePlan) throws -> [ImageName: BakedImage] {
        let cache = BakeCache(home: home, encoding: encoding)
        var images: [ImageName: BakedImage] = [:]
        for planned in plan.images {
            let parent = planned.parent.flatMap { images[$0] }
            // What stands on a registry's image is known only once that was looked at.
            if planned.base != nil || (planned.parent != nil && parent == nil) { continue }
            let written = try definition.imageToBake(planned.name)
            let own = planned.layers.compactMap { layer in
                cache.lookup(layer).map { known in
                    BakedLayer(
                        kind: layer.kind,
                        diffID: known.diffID,
                        blob: known.blob,
                        isCached: true,
                        title: layer.operation.title(wanted: written.packages),
                        label: layer.operation.label(wanted: written.packages)
                    )
                }
            }
            guard own.count == planned.layers.count else { continue }
            let layers = (parent?.layers ?? []) + own.filter { !$0.isEmptyHardening }
            let assembler = ImageAssembler(
                name: planned.name,
                image: definition.resolvedImage(planned.name),
                layers: layers,
                created: planned.created,
                parent: parent,
                base: nil
            )
            let (manifest, imageID) = try assembler.describe()
            images[planned.name] = BakedImage(
                name: planned.name,
                manifest: manifest,
                imageID: imageID,
                layers: layers,
                base: nil,
                elapsed: .zero
            )
        }
        return images
    }
}
