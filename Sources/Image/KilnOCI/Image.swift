/// An image manifest (OCI image spec, manifest.md).
package struct ImageManifest: Sendable, Hashable, Codable {
    package var schemaVersion = 2
    package var mediaType = MediaType.manifest
    package var config: Descriptor
    package var layers: [Descriptor]
    package var annotations: [String: String]?

    package init(config: Descriptor, layers: [Descriptor], annotations: [String: String]? = nil) {
        self.config = config
        self.layers = layers
        self.annotations = annotations
    }

    /// The media type may be left out (manifest.md); then it is OCI's own.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        schemaVersion = try container.decode(Int.self, forKey: .schemaVersion)
        mediaType = try container.decodeIfPresent(MediaType.self, forKey: .mediaType) ?? .manifest
        config = try container.decode(Descriptor.self, forKey: .config)
        layers = try container.decode([Descriptor].self, forKey: .layers)
        annotations = try container.decodeIfPresent([String: String].self, forKey: .annotations)
    }
}

/// The index of an image layout (OCI image spec, image-index.md).
package struct ImageIndex: Sendable, Hashable, Codable {
    package var schemaVersion = 2
    package var mediaType: MediaType? = .index
    package var manifests: [Descriptor]
    package var annotations: [String: String]?

    package init(manifests: [Descriptor]) {
        self.manifests = manifests
    }

    /// The image of a platform, preferably of its very variant.
    package func image(for platform: ImagePlatform) -> Descriptor? {
        manifests.first { $0.platform == platform }
            ?? manifests.first { $0.platform.map(platform.accepts) ?? false }
    }

    /// What it has images for; entries such as attestations are for none that there is.
    package var platforms: [ImagePlatform] { manifests.filter(\.isImage).compactMap(\.platform) }
}

extension Descriptor {
    /// Of the entry of an index: whether it is an image. What others know about one (provenance, a list of parts) is an entry
    /// for a platform that there is not.
    package var isImage: Bool { platform?.os != "unknown" }
}

/// An image configuration (OCI image spec, config.md). Its blob's digest is the image ID.
package struct ImageConfig: Sendable, Hashable, Codable {
    /// How an instance is started.
    package struct Execution: Sendable, Hashable, Codable {
        package var user: String?
        package var exposedPorts: [String: EmptyObject]?
        /// `NAME=value`, in order.
        package var env: [String]?
        package var entrypoint: [String]?
        package var cmd: [String]?
        package var workingDir: String?
        package var labels: [String: String]?
        package var stopSignal: String?

        package init() {}

        private enum CodingKeys: String, CodingKey {
            case user = "User"
            case exposedPorts = "ExposedPorts"
            case env = "Env"
            case entrypoint = "Entrypoint"
            case cmd = "Cmd"
            case workingDir = "WorkingDir"
            case labels = "Labels"
            case stopSignal = "StopSignal"
        }
    }

    package struct RootFS: Sendable, Hashable, Codable {
        package var type = "layers"
        package var diffIDs: [DiffID]

        package init(diffIDs: [DiffID]) {
            self.diffIDs = diffIDs
        }

        private enum CodingKeys: String, CodingKey {
            case type
            case diffIDs = "diff_ids"
        }
    }

    package struct HistoryEntry: Sendable, Hashable, Codable {
        package var created: String?
        package var createdBy: String?
        package var comment: String?
        package var emptyLayer: Bool?

        package init(created: String?, createdBy: String?, comment: String? = nil, emptyLayer: Bool? = nil) {
            self.created = created
            self.createdBy = createdBy
            self.comment = comment
            self.emptyLayer = emptyLayer
        }

        private enum CodingKeys: String, CodingKey {
            case created
            case createdBy = "created_by"
            case comment
            case emptyLayer = "empty_layer"
        }
    }

    /// RFC 3339, UTC.
    package var created: String?
    package var architecture: String
    package var os: String
    package var variant: String?
    package var config: Execution?
    package var rootfs: RootFS
    package var history: [HistoryEntry]?

    package init(platform: ImagePlatform, diffIDs: [DiffID]) {
        architecture = platform.architecture
        os = platform.os
        variant = platform.variant
        rootfs = RootFS(diffIDs: diffIDs)
    }
}

extension ImageConfig {
    package var platform: ImagePlatform {
        ImagePlatform(architecture: architecture, os: os, variant: variant)
    }
}

/// `{}`: what a set looks like in OCI's JSON.
package struct EmptyObject: Sendable, Hashable, Codable {
    package init() {}
}
