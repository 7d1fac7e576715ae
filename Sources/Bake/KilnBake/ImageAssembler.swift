import KilnDefinition
import KilnLock
import KilnOCI
import KilnRegistry
import KilnStore
import KilnSystem
import OrderedCollections

/// Puts layers and metadata together into an image. Pure, apart from `store`.
struct ImageAssembler {
    let name: ImageName
    /// As resolved: with what it takes over from the images below it.
    let image: ImageDefinition
    let layers: [BakedLayer]
    /// Seconds since 1970.
    let created: Int64
    /// The image of the same definition that it stands on.
    let parent: BakedImage?
    /// The registry's image at the bottom of all.
    let base: BaseImage?

    init(
        name: ImageName,
        image: ImageDefinition,
        layers: [BakedLayer],
        created: Int64,
        parent: BakedImage?,
        base: BaseImage?
    ) {
        self.name = name
        var resolved = image
        if let base { resolved.inherit(from: base.definition) }
        self.image = resolved
        self.layers = layers
        self.created = created
        self.parent = parent
        self.base = base
        // Arguments belong to the entrypoint that they were written for.
        arguments = image.entrypoint.isEmpty ? base?.config.config?.cmd : nil
    }

    /// What follows the entrypoint, of the registry's image.
    private let arguments: [String]?

    static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// Writes configuration and manifest, and gives the image its name.
    func store(in images: ImageStore) async throws -> (manifest: Descriptor, imageID: Digest) {
        let config = try images.put(try CanonicalJSON.encode(try config()), mediaType: .config)
        let manifest = try images.put(
            try CanonicalJSON.encode(manifest(config)),
            mediaType: .manifest
        )
        try await images.tag(name.description, manifest)
        return (manifest, config.digest)
    }

    /// What `store` would write, without writing it.
    func describe() throws -> (manifest: Descriptor, imageID: Digest) {
        func descriptor(_ bytes: [UInt8], _ type: MediaType) -> Descriptor {
            Descriptor(mediaType: type, digest: Digest(of: bytes), size: Int64(bytes.count))
        }
        let config = descriptor(try CanonicalJSON.encode(try config()), .config)
        let manifest = descriptor(try CanonicalJSON.encode(manifest(config)), .manifest)
        return (manifest, config.digest)
    }

    func config() throws -> ImageConfig {
        var config = ImageConfig(platform: name.platform ?? .host, diffIDs: layers.map(\.diffID))
        // What stands on a registry's image has no packages, and so no time of its own.
        config.created = base?.config.created ?? WallClock.format(created)
        config.config = try execution()
        let own = layers.dropFirst(base?.layers.count ?? 0)
        config.history =
            (base?.history ?? [])
            + own.map { ImageConfig.HistoryEntry(created: config.created, createdBy: $0.title) }
        return config
    }

    /// What the image stands on.
    var ancestry: AncestryRecord {
        guard let parent else { return base?.ancestry ?? .nothing }
        return AncestryRecord(
            digests: [parent.manifest.digest] + parent.ancestry.digests,
            isClosed: parent.ancestry.isClosed
        )
    }

    func manifest(_ config: Descriptor) -> ImageManifest {
        var annotations: [String: String] = [:]
        if let version = image.version { annotations[ImageManifest.versionAnnotation] = version }
        if let parent {
            annotations[ImageManifest.baseDigestAnnotation] = parent.manifest.digest.description
            annotations[ImageManifest.baseNameAnnotation] = parent.name.description
        } else if let base {
            annotations[ImageManifest.baseDigestAnnotation] = base.locked.digest.description
            annotations[ImageManifest.baseNameAnnotation] = base.locked.image.named
        }
        // Whoever has this image alone, out of a registry, can tell by it whether what it stands on was revoked.
        annotations.merge(ImageManifest.annotations(ancestry)) { $1 }
        return ImageManifest(
            config: config,
            layers: layers.map(\.blob),
            annotations: annotations.isEmpty ? nil : annotations
        )
    }

    private func execution() throws -> ImageConfig.Execution {
        var execution = ImageConfig.Execution()
        let path = image.env.keys.contains("PATH") ? [] : ["PATH=" + Self.defaultPath]
        execution.env = path + image.env.map { "\($0)=\($1)" }
        execution.entrypoint = image.entrypoint.isEmpty ? nil : image.entrypoint
        execution.cmd = arguments?.isEmpty == true ? nil : arguments
        execution.workingDir = image.workingDirectory
        execution.user = image.user
        let ports = image.ports.values.map { ("\($0)/tcp", EmptyObject()) }
        let exposed =
            ports.isEmpty ? base?.config.config?.exposedPorts : Dictionary(ports) { first, _ in first }
        execution.exposedPorts = exposed?.isEmpty == true ? nil : exposed
        execution.stopSignal = "SIG" + image.stop.signal
        let runtime = try CanonicalJSON.encode(ImageRuntime(name.common, image))
        execution.labels = base?.config.config?.labels ?? [:]
        execution.labels?[ImageRuntime.label] = String(decoding: runtime, as: UTF8.self)
        return execution
    }
}
