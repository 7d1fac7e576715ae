import KilnDefinition
import KilnLock
import KilnOCI
import KilnRegistry
import KilnStore
import OrderedCollections

/// A registry's image that others stand on, as it is in the store.
struct BaseImage: Sendable, Hashable {
    let locked: LockedBase
    let config: ImageConfig
    /// Lowest first.
    let layers: [BakedLayer]
    /// Of what stands on this image: the image itself, the index by which it was named, and what is known to be below it.
    let ancestry: AncestryRecord
    /// What it is made of besides its layers.
    let files: [SourceFile]

    init(_ locked: LockedBase, _ image: PulledImage) {
        self.locked = locked
        config = image.config
        let titles = Self.titles(of: image)
        layers = zip(image.manifest.layers, image.config.rootfs.diffIDs).enumerated().map { position, layer in
            var blob = Descriptor(mediaType: layer.0.mediaType, digest: layer.0.digest, size: layer.0.size)
            blob.mediaType = blob.mediaType.asLayer ?? blob.mediaType
            return BakedLayer(
                kind: .base,
                diffID: layer.1,
                blob: blob,
                isCached: true,
                title: position < titles.count ? titles[position] : "oci \(locked.pinned)",
                label: "layer of \(locked.image)"
            )
        }
        ancestry = image.manifest.ancestryOfChild(of: locked.digest, namedBy: locked.index)
        let config = image.manifest.config
        files = [
            .ofBase("manifest", locked.digest, size: locked.size),
            .ofBase("config", config.digest, size: config.size),
        ]
    }

    /// What its own history says of each layer; nothing where it is not about these layers.
    private static func titles(of image: PulledImage) -> [String] {
        let entries = (image.config.history ?? []).filter { $0.emptyLayer != true }
        return entries.count == image.manifest.layers.count ? entries.map { $0.createdBy ?? "" } : []
    }

    /// Its history, when that is about its layers.
    var history: [ImageConfig.HistoryEntry] {
        let entries = config.history ?? []
        if entries.filter({ $0.emptyLayer != true }).count == layers.count { return entries }
        return layers.map { ImageConfig.HistoryEntry(created: config.created, createdBy: $0.title) }
    }

    /// How it runs, as an image that others inherit from: by OCI's configuration, and by Kiln's own label where it was
    /// baked by Kiln.
    var definition: ImageDefinition {
        var image = ImageDefinition(origin: .oci(locked.image))
        let execution = config.config
        for entry in execution?.env ?? [] {
            guard let equals = entry.firstIndex(of: "=") else { continue }
            image.env[String(entry[..<equals])] = String(entry[entry.index(after: equals)...])
        }
        image.entrypoint = execution?.entrypoint ?? []
        image.workingDirectory = execution?.workingDir.flatMap { $0.isEmpty ? nil : $0 }
        image.user = execution?.user.flatMap { $0.isEmpty ? nil : $0 }
        if let signal = execution?.stopSignal.flatMap(LinuxSignal.name(parsing:)) {
            image.stop.signal = signal
        }
        guard let label = execution?.labels?[ImageRuntime.label],
            let runtime = try? CanonicalJSON.decode(ImageRuntime.self, from: Array(label.utf8))
        else { return image }
        for (name, number) in runtime.ports.sorted(by: { $0.key < $1.key }) {
            if let name = try? PortName(parsing: name) { image.ports[name] = number }
        }
        image.health = runtime.health
        image.state = runtime.state
        image.stop = runtime.stop
        return image
    }
}
