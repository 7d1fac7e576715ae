/// What an image is made ready for, beyond what its packages and files make of it.
package enum ImageProfile: String, Sendable, Hashable, Codable, CaseIterable {
    /// Without what an attacker inside would look for first; `HardeningDefinition` says how far.
    case hardened
}

/// How far the profile `hardened` goes.
package struct HardeningDefinition: Sendable, Hashable {
    package enum PackageManager: String, Sendable, Hashable, CaseIterable {
        case keep, remove
    }

    /// Absolute paths of programs that keep their setuid and setgid bits and their capabilities.
    package var keptSetuid: [String]
    package var packageManager: PackageManager

    package init(keptSetuid: [String] = [], packageManager: PackageManager = .keep) {
        self.keptSetuid = keptSetuid
        self.packageManager = packageManager
    }
}
