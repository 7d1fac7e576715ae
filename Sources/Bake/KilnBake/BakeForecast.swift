package import KilnDefinition
import KilnLock
package import KilnOCI
import KilnRegistry
import KilnStore

/// What a bake of an image would give, told without baking.
package struct BakeForecast: Sendable, Hashable {
    package let image: ImageName
    /// What is baked for this machine: the image itself, or that of several which is for its platform.
    package let baked: ImageName
    /// Names all that goes into its layers, as it is now.
    package let key: Digest
    /// nil when a layer of it, or of what it stands on, would have to be made or fetched.
    package let manifest: Digest?
}

extension BakeExecutor {
    /// Of these images, as this machine runs them; throws what a bake would refuse before it begins.
    package func forecast(_ names: [ImageName]) async throws -> [BakeForecast] {
        try refuseStaleLock()
        let wanted = names.map { name in
            let variants = written.variants(of: name)
            return (name: name, baked: variants.first { $0.platform == .host } ?? variants.first ?? name)
        }
        let (plan, _) = try await plan(wanted.map(\.baked))
        let known = try remembered(plan, on: try await basesThatAreHere(plan))
        return try wanted.compactMap { name, baked in
            guard let image = plan.images.first(where: { $0.name == baked }) else { return nil }
            return BakeForecast(
                image: name,
                baked: baked,
                key: try key(of: image, in: plan),
                manifest: known[baked]?.manifest.digest
            )
        }
    }

    /// Of all layers, those of the images below included.
    private func key(of image: PlannedImage, in plan: BakePlan) throws -> Digest {
        var keys: [String] = []
        var next: PlannedImage? = image
        while let current = next {
            keys += current.layers.reversed().map(\.key.description)
            keys += current.base.map { [$0.digest.description] } ?? []
            next = plan.images.first { $0.name == current.parent }
        }
        return Digest(of: try CanonicalJSON.encode(keys))
    }

    /// Asks no registry.
    func basesThatAreHere(_ plan: BakePlan) async throws -> [ImageName: BaseImage] {
        let store = ImageStore(home: home)
        let pull = ImagePull(store: store, client: registry, sources: definition.sources)
        var found: [ImageName: BaseImage] = [:]
        for image in plan.images {
            guard let base = image.base, store.isWhole(base.digest) else { continue }
            found[image.name] = BaseImage(base, try await pull.pull(pinned: base.pinned, size: base.size))
        }
        return found
    }
}
