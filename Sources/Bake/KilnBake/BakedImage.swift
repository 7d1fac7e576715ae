package import KilnDefinition
package import KilnOCI

/// An image as a bake left it in the store, under its name.
package struct BakedImage: Sendable, Hashable {
    package let name: ImageName
    package let manifest: Descriptor
    /// The digest of the image's configuration.
    package let imageID: Digest
    /// All of the image's layers, those of the images below included, lowest first.
    package let layers: [BakedLayer]
    /// How many of them are its own, the topmost.
    package let ownLayers: Int
    /// What lies at the bottom, when that is a registry's image.
    let base: BaseImage?
    /// What it stands on.
    let ancestry: AncestryRecord
    /// What this image's own layers took.
    package let elapsed: Duration

    package var isCached: Bool { layers.allSatisfy(\.isCached) }
}

package struct BakedLayer: Sendable, Hashable {
    package let kind: LayerKind
    package let diffID: DiffID
    /// The compressed blob.
    package let blob: Descriptor
    /// An earlier bake's result.
    package let isCached: Bool
    /// What made it, for the image's history.
    package let title: String
    /// The same for people who watch.
    package let label: String
    package var timings = LayerTimings()
}

extension BakedLayer {
    /// Where there was nothing to take out: such a layer says nothing, and the image goes without it.
    var isEmptyHardening: Bool { Self.isEmptyHardening(kind, diffID) }

    static func isEmptyHardening(_ kind: LayerKind, _ diffID: DiffID) -> Bool {
        kind == .hardening && diffID == empty
    }

    /// Of a tar that holds nothing but its end.
    private static let empty = DiffID(trustedHex: Digest(of: [UInt8](repeating: 0, count: 1024)).hex)
}
