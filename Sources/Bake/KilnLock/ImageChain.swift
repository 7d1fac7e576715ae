package import KilnDefinition
import KilnDiagnostics
import OrderedCollections

/// An image with all that it stands on.
package struct ImageChain: Sendable {
    /// From the one that stands on no other image up to the image itself.
    package let names: [ImageName]
    /// What the lowest one starts from.
    package let root: ImageDefinition.Origin

    /// Throws when the chain names an image that isn't there, or comes back to itself.
    package init(of image: ImageName, in definition: Definition) throws(LockError) {
        var names: [ImageName] = []
        var next = image
        while true {
            guard let found = definition.images[next] else {
                throw LockError(
                    .chain,
                    "image \"\(names.last ?? image)\" stands on \"\(next)\", which is not defined",
                    at: names.last.flatMap { definition.images[$0]?.span },
                    exitStatus: .usage
                )
            }
            guard !names.contains(next) else {
                throw LockError(
                    .chain,
                    "image \"\(next)\" stands on itself",
                    at: found.span,
                    exitStatus: .usage
                )
            }
            names.append(next)
            guard case .image(let below) = found.origin else {
                root = found.origin
                break
            }
            next = below
        }
        self.names = names.reversed()
    }

    /// The archive that the chain's packages come from, if it starts from one.
    package var archive: ArchiveName? {
        if case .archive(let name) = root { name } else { nil }
    }

    /// The image's name.
    package var top: ImageName { names[names.count - 1] }
    /// What the image stands on, lowest first.
    package var below: [ImageName] { names.dropLast() }
}

extension Definition {
    /// The images, each after the one it stands on; otherwise in the definition's order.
    func imagesFromTheGround() throws(LockError) -> [ImageChain] {
        var chains: [ImageChain] = []
        for name in images.keys { chains.append(try ImageChain(of: name, in: self)) }
        var done: Set<ImageName> = []
        var ordered: [ImageChain] = []
        let byTop = Dictionary(chains.map { ($0.top, $0) }, uniquingKeysWith: { first, _ in first })
        for chain in chains {
            for name in chain.names where done.insert(name).inserted {
                if let chain = byTop[name] { ordered.append(chain) }
            }
        }
        return ordered
    }
}
