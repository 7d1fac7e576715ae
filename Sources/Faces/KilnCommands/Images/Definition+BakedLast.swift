import KilnDefinition
import KilnOCI
import KilnStore

extension Definition {
    /// The manifest of an image of several platforms as it was baked last for this machine, which may have been without the
    /// others: the common name stands for all of them, and is left where it was then. nil where the image's name says it all.
    func bakedLast(_ image: ImageName, in images: ImageStore) throws -> Digest? {
        guard platforms(of: image).contains(.host) else { return nil }
        let name = image.on(.host).description
        return try images.list().first { $0.name == name }?.descriptor.digest
    }
}
