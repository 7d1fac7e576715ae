package import KilnDefinition
package import KilnLock
import OrderedCollections

/// Which behaviour made a layer. Each constant enters the cache keys of its kind: a change of what a kind of layer
/// puts into its tar must move the constant, so that no older result is taken for a newer one. Locks name them all.
///
/// The encoder and the image's metadata (variables, entry point, ports, …) are no part of a layer and of no key.
package enum BakeBehaviour {
    /// A registry's image, whose layers are taken as they are.
    private static let base = BehaviourVersion("oci", 1)
    /// Package installation: the order of unpacking and configuring, dpkg's options, the clean-up.
    private static let packages = BehaviourVersion("packages", 3)
    /// How a root file system's tar becomes a layer.
    private static let tar = BehaviourVersion("tar", 2)
    /// Users and files: modes, owners, times, the account files' format.
    private static let files = BehaviourVersion("files", 2)
    /// Downloads: where they go, and how an archive of them is unpacked.
    private static let downloads = BehaviourVersion("downloads", 1)
    /// Steps: the sandbox that a script sees, and the clean-up after it.
    private static let step = BehaviourVersion("step", 4)
    /// The profile `hardened`: what it takes out.
    private static let hardening = BehaviourVersion("hardening", 2)

    /// All of this program's, for a lock.
    package static let all = LayerKind.allCases.map(own) + Normalizer.behaviours

    /// Those that decide on what the definition's images hold.
    package static func deciding(on definition: Definition) -> [BehaviourVersion] {
        let used = Set(definition.images.values.flatMap(kinds)).flatMap(parts)
        return all.filter(used.contains)
    }

    static func version(of kind: LayerKind) -> String {
        parts(of: kind).map(\.description).joined(separator: "+")
    }

    private static func parts(of kind: LayerKind) -> [BehaviourVersion] {
        switch kind {
        case .packages, .step: [own(kind)] + Normalizer.behaviours
        case .base, .tar, .downloads, .files, .hardening: [own(kind)]
        }
    }

    private static func own(_ kind: LayerKind) -> BehaviourVersion {
        switch kind {
        case .base: base
        case .packages: packages
        case .tar: tar
        case .downloads: downloads
        case .files: files
        case .step: step
        case .hardening: hardening
        }
    }

    private static func kinds(of image: ImageDefinition) -> [LayerKind] {
        var kinds: [LayerKind] = []
        switch image.origin {
        case .tar: kinds.append(.tar)
        case .archive: kinds.append(.packages)
        case .oci: kinds.append(.base)
        default: break
        }
        if !image.packages.isEmpty { kinds.append(.packages) }
        if !image.downloads.isEmpty { kinds.append(.downloads) }
        if !image.users.isEmpty || !image.files.isEmpty { kinds.append(.files) }
        if !image.steps.isEmpty { kinds.append(.step) }
        if image.profile != nil { kinds.append(.hardening) }
        return kinds
    }
}
