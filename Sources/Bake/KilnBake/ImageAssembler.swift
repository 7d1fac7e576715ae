import KilnDefinition
import KilnOCI
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

    func config() throws -> ImageConfig {
        var config = ImageConfig(platform: .host, diffIDs: layers.map(\.diffID))
        config.created = WallClock.format(created)
        config.config = try execution()
        config.history = layers.map { ImageConfig.HistoryEntry(created: config.created, createdBy: $0.title) }
        return config
    }

    func manifest(_ config: Descriptor) -> ImageManifest {
        var annotations: [String: String] = [:]
        if let version = image.version { annotations[ImageManifest.versionAnnotation] = version }
        if let parent {
            annotations[ImageManifest.baseDigestAnnotation] = parent.manifest.digest.description
            annotations[ImageManifest.baseNameAnnotation] = parent.name.description
        }
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
        execution.workingDir = image.workingDirectory
        execution.user = image.user
        let ports = image.ports.values.map { ("\($0)/tcp", EmptyObject()) }
        execution.exposedPorts = ports.isEmpty ? nil : Dictionary(ports) { first, _ in first }
        execution.stopSignal = "SIG" + image.stop.signal
        let runtime = try CanonicalJSON.encode(ImageRuntime(name, image))
        execution.labels = [ImageRuntime.label: String(decoding: runtime, as: UTF8.self)]
        return execution
    }
}
