package import KilnDefinition
package import KilnOCI

/// What a bake made, and what that took.
package struct BakeOutcome: Sendable {
    /// In the order of the plan.
    package let images: [BakedImage]
    /// What the names of images of several platforms refer to now, in the definition's order.
    package let platformNames: [(name: ImageName, descriptor: Descriptor)]
    /// Packages are fetched for all images before the first is made.
    package let fetch: Duration
    package let elapsed: Duration
    /// The image's own; the rest came with the image below.
    package func layers(of image: BakedImage) -> ArraySlice<BakedLayer> {
        image.layers.suffix(image.ownLayers)
    }

    /// Layers that were made, and layers that the cache had.
    package var counts: (made: Int, cached: Int) {
        let layers = images.flatMap { self.layers(of: $0) }
        let made = layers.count { !$0.isCached }
        return (made, layers.count - made)
    }

    /// The chain of images, lowest first, that the whole took longest to wait for.
    package func criticalPath(parents: [ImageName: ImageName]) -> (images: [ImageName], elapsed: Duration) {
        var paths: [ImageName: (images: [ImageName], elapsed: Duration)] = [:]
        for image in images {
            let below = parents[image.name].flatMap { paths[$0] } ?? ([], .zero)
            paths[image.name] = (below.images + [image.name], below.elapsed + image.elapsed)
        }
        return paths.values.max { $0.elapsed < $1.elapsed } ?? ([], .zero)
    }
}
