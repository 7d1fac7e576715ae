import OrderedCollections

/// Where an image's packages come from.
extension Definition {
    /// The archives that an image's packages are solved from: the one that its chain starts from, then those that the
    /// chain's images add, each once. Empty without a first one.
    package func archives(of name: ImageName) -> [ArchiveName] {
        guard let first = archive(of: name) else { return [] }
        var archives: OrderedSet<ArchiveName> = [first]
        for image in chain(of: name) { archives.formUnion(images[image]?.archives ?? []) }
        return Array(archives)
    }

    /// The pins that hold for an image: its own before those of the images below it, since of two the first counts.
    package func pins(of name: ImageName) -> [PackagePin] {
        chain(of: name).reversed().flatMap { images[$0]?.pins ?? [] }
    }
}
