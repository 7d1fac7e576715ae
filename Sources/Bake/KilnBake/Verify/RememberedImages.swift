import KilnDefinition
import KilnStore

extension BakeExecutor {
    /// The plan's images as earlier bakes of this definition and lock left them here, told without baking; without
    /// those of which a layer is not remembered. `bases` are the registries' images that are here, by who stands on them.
    func remembered(
        _ plan: BakePlan,
        on bases: [ImageName: BaseImage] = [:]
    ) throws -> [ImageName: BakedImage] {
        let cache = BakeCache(home: home, encoding: encoding)
        var images: [ImageName: BakedImage] = [:]
        for planned in plan.images {
            let parent = planned.parent.flatMap { images[$0] }
            // What stands on a registry's image is known only once that was looked at.
            if planned.base != nil && bases[planned.name] == nil || (planned.parent != nil && parent == nil) {
                continue
            }
            let base = bases[planned.name] ?? parent?.base
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
            let layers = (parent?.layers ?? base?.layers ?? []) + own.filter { !$0.isEmptyHardening }
            let assembler = ImageAssembler(
                name: planned.name,
                image: definition.resolvedImage(planned.name),
                layers: layers,
                created: planned.created,
                parent: parent,
                base: base
            )
            let (manifest, imageID) = try assembler.describe()
            images[planned.name] = BakedImage(
                name: planned.name,
                manifest: manifest,
                imageID: imageID,
                layers: layers,
                ownLayers: layers.count - (parent?.layers ?? base?.layers ?? []).count,
                base: base,
                ancestry: assembler.ancestry,
                elapsed: .zero
            )
        }
        return images
    }
}
