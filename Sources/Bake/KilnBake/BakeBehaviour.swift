/// Which behaviour made a layer. Each constant enters the cache keys of its kind: a change of what a kind of layer
/// puts into its tar must move the constant, so that no older result is taken for a newer one.
///
/// The encoder and the image's metadata (variables, entry point, ports, …) are no part of a layer and of no key.
package enum BakeBehaviour {
    /// A registry's image, whose layers are taken as they are.
    package static let base = "oci/1"
    /// Package installation: the order of unpacking and configuring, dpkg's options, the clean-up.
    package static let packages = "packages/2+" + Normalizer.behaviour
    /// How a root file system's tar becomes a layer.
    package static let tar = "tar/2"
    /// Users and files: modes, owners, times, the account files' format.
    package static let files = "files/2"
    /// Steps: the sandbox that a script sees, and the clean-up after it.
    package static let step = "step/2+" + Normalizer.behaviour
    /// The profile `hardened`: what it takes out.
    package static let hardening = "hardening/1"

    package static func version(of kind: LayerKind) -> String {
        switch kind {
        case .base: base
        case .packages: packages
        case .tar: tar
        case .files: files
        case .step: step
        case .hardening: hardening
        }
    }
}
