/// A manifest of something else than an image (OCI image spec, manifest.md, "Guidelines for Artifact Usage").
package struct ArtifactManifest: Sendable, Hashable, Codable {
    package var schemaVersion = 2
    package var mediaType = MediaType.manifest
    package var artifactType: MediaType
    package var config: Descriptor
    package var layers: [Descriptor]
    /// The manifest that it says something about.
    package var subject: Descriptor?
    package var annotations: [String: String]?

    /// The bytes of the empty configuration.
    package static let emptyConfig = Array("{}".utf8)

    package init(_ artifactType: MediaType, layers: [Descriptor], subject: Descriptor? = nil) {
        self.artifactType = artifactType
        self.layers = layers
        self.subject = subject
        config = Descriptor(
            mediaType: .empty,
            digest: Digest(of: Self.emptyConfig),
            size: Int64(Self.emptyConfig.count)
        )
    }
}

extension ArtifactManifest {
    /// The kind of an artifact may be told by its configuration alone (manifest.md, `artifactType`), and the media type be left
    /// out.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        schemaVersion = try container.decode(Int.self, forKey: .schemaVersion)
        mediaType = try container.decodeIfPresent(MediaType.self, forKey: .mediaType) ?? .manifest
        config = try container.decode(Descriptor.self, forKey: .config)
        artifactType =
            try container.decodeIfPresent(MediaType.self, forKey: .artifactType) ?? config.mediaType
        layers = try container.decode([Descriptor].self, forKey: .layers)
        subject = try container.decodeIfPresent(Descriptor.self, forKey: .subject)
        annotations = try container.decodeIfPresent([String: String].self, forKey: .annotations)
    }
}
