package import KilnDefinition
package import KilnLock
package import KilnOCI

/// What a bake would do, whatever of it is cached: images with the ones they stand on first.
package struct BakePlan: Sendable, Hashable {
    package var images: [PlannedImage]

    package init(images: [PlannedImage]) {
        self.images = images
    }
}

package struct PlannedImage: Sendable, Hashable {
    package var name: ImageName
    /// The image of the same definition that this one stands on; always earlier in the plan.
    package var parent: ImageName?
    /// This image's own layers, bottom first.
    package var layers: [PlannedLayer]
    /// The newest epoch of the image and those below it: when the image counts as made.
    package var created: Int64
    /// The image of a registry that this one stands on; its layers are taken as they are.
    package var base: LockedBase?
}

package enum LayerKind: String, Sendable, Hashable, Codable, CaseIterable {
    /// Another's, of a registry's image.
    case base
    case packages
    case tar
    case downloads
    case files
    case step
    case hardening
}

package struct PlannedLayer: Sendable, Hashable {
    package var key: CacheKey
    package var operation: LayerOperation
    package var epochs: LayerEpochs

    package var kind: LayerKind { operation.kind }
}

/// What makes a layer from the ones below it.
package enum LayerOperation: Sendable, Hashable {
    /// dpkg installs these, once debconf knows the answers; `fresh` starts from nothing and brings up dpkg itself first.
    case packages([LockedPackage], fresh: Bool, debconf: [DebconfAnswer])
    case tar(LockedTar)
    /// With those of the image's own users that own some of them: the users themselves come with the files above.
    case downloads([PlannedDownload], owners: [UserDefinition])
    case files([UserDefinition], [FileDefinition])
    case step(StepDefinition)
    /// The profile `hardened`, over all that is below.
    case hardening(HardeningDefinition)

    /// Not inlined: where it is, the optimizer of Swift 6.3.1 finds an error of ownership in its own work and gives up.
    @inline(never)
    package var kind: LayerKind {
        switch self {
        case .packages: .packages
        case .tar: .tar
        case .downloads: .downloads
        case .files: .files
        case .step: .step
        case .hardening: .hardening
        }
    }
}

/// Names a layer by everything that goes into it, before it is made.
package struct CacheKey: Sendable, Hashable, CustomStringConvertible {
    package let digest: Digest

    package init(_ digest: Digest) {
        self.digest = digest
    }

    package var description: String { digest.description }
}
