package import KilnAdvisories

/// What kind of package it is: whose database, or which language's metadata, tells of it.
package enum PackageKind: String, Sendable, Hashable, CaseIterable, Comparable {
    case deb
    case apk
    case rpm
    case python
    case npm
    case java
    case go
    case cargo
    case gem
    case swift

    /// Whether it is the distribution's own, whose advisories know of fixes that were taken back into older versions.
    package var isDistribution: Bool { self == .deb || self == .apk || self == .rpm }

    package static func < (left: PackageKind, right: PackageKind) -> Bool {
        left.order < right.order
    }

    private var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// A package that is in an image, with what is known of it beside its name and version.
package struct InventoryEntry: Sendable, Hashable {
    package var kind: PackageKind
    package var package: InventoryPackage
    package var architecture: String?
    /// As its metadata has them: SPDX expressions where it speaks SPDX, names otherwise. Sorted, each once.
    package var licences: [String]
    /// Index of the layer from which on it is in the image as it is; nil for a folder.
    package var layer: Int?
    /// Where it was found, by layer and path.
    package var evidence: [Evidence]
    /// The distribution's package whose file told of it: a Python package that Debian ships is judged by Debian's advisories.
    package var owner: String?
    /// Others of the distribution's that brought the same.
    package var otherOwners: [String] = []
    /// With the qualifiers that its type has: architecture, distribution, source.
    package var packageURL: PackageURL

    package struct Evidence: Sendable, Hashable {
        package var path: String
        package var layer: Int?

        package init(path: String, layer: Int?) {
            self.path = path
            self.layer = layer
        }
    }
}
