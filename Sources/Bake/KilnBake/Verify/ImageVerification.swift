package import KilnArchive
package import KilnDefinition
package import KilnDiagnostics
package import KilnOCI

/// What the rebuilding of an image came to.
package struct ImageVerification: Sendable, Hashable {
    package let name: ImageName
    /// What the store has under the name, and what came out when it was made again.
    package let stored: Identity
    package let rebuilt: Identity
    /// All layers, those of the images below included, lowest first.
    package let layers: [LayerVerification]
    /// Whether the store had no such image and it was baked first.
    package let wasBaked: Bool

    package struct Identity: Sendable, Hashable {
        package let manifest: Digest
        package let imageID: Digest
    }

    package var isSame: Bool { stored == rebuilt && !layers.contains(where: \.isDamaged) }
}

package struct LayerVerification: Sendable, Hashable {
    /// From 1, lowest first.
    package let number: Int
    package let kind: LayerKind
    /// What made it, as the image's history says.
    package let title: String
    /// The image of the definition that it belongs to, and where it stands there.
    package let image: ImageName
    package let span: SourceSpan?
    package let stored: DiffID
    package let rebuilt: DiffID
    /// Whether its programs could be told another time; nil for a layer that no program makes.
    package let clockWasMoved: Bool?
    /// Paths that differ. Empty for layers that differ in their tar's form alone, or of which one side is not known.
    package let differences: [PathDifference]
    /// Whether what the store keeps as this layer is gone, or is not what its digest says.
    package let isDamaged: Bool

    package var isSame: Bool { stored == rebuilt && !isDamaged }
}

extension ImageDefinition {
    /// Where the layer that an operation makes is written.
    func place(of operation: LayerOperation?) -> SourceSpan? {
        switch operation {
        case nil: spans["from"] ?? span
        case .packages: spans["packages"] ?? span
        case .tar: spans["from"] ?? span
        case .downloads(let downloads, _): downloads.first?.definition.span ?? span
        case .files(let users, let files): files.first?.span ?? users.first?.span ?? span
        case .step(let step): step.span ?? span
        case .hardening: spans["profile"] ?? span
        }
    }
}
