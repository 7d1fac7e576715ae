/// What a registry keeps as a manifest: that of an image (or of an artifact, which has the same form), or an index of several.
package enum ManifestDocument: Sendable, Hashable {
    case image(ImageManifest)
    case index(ImageIndex)

    /// Refuses what could be read as either, since two programs would take it for different images (CVE-2021-41190; OCI image
    /// spec, manifest.md and image-index.md, `mediaType`).
    package init(_ bytes: [UInt8]) throws(ManifestDocumentError) {
        do {
            let shape = try CanonicalJSON.decode(Shape.self, from: bytes)
            guard !shape.hasParts || !shape.hasManifests else { throw ManifestDocumentError.ambiguous }
            if shape.hasManifests {
                guard shape.mediaType?.isManifest != true else { throw ManifestDocumentError.ambiguous }
                self = .index(try CanonicalJSON.decode(ImageIndex.self, from: bytes))
            } else {
                guard shape.mediaType?.isIndex != true else { throw ManifestDocumentError.ambiguous }
                self = .image(try CanonicalJSON.decode(ImageManifest.self, from: bytes))
            }
        } catch let error as ManifestDocumentError {
            throw error
        } catch {
            throw .unreadable(String(describing: error))
        }
    }

    /// Which fields there are, whatever they hold.
    private struct Shape: Decodable {
        enum Key: CodingKey {
            case mediaType
            case config
            case layers
            case manifests
        }

        let mediaType: MediaType?
        let hasParts: Bool
        let hasManifests: Bool

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            mediaType = try container.decodeIfPresent(MediaType.self, forKey: .mediaType)
            hasParts = container.contains(.config) || container.contains(.layers)
            hasManifests = container.contains(.manifests)
        }
    }
}

/// Why bytes are neither a manifest nor an index.
package enum ManifestDocumentError: Error, Hashable {
    /// It could be read as either.
    case ambiguous
    case unreadable(String)

    package var words: String {
        switch self {
        case .ambiguous: "it has what an image's manifest has and what an index has"
        case .unreadable(let why): why
        }
    }
}
