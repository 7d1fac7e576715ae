import KilnAdvisories
import KilnArchive
import KilnOCI
import KilnSystem
import SystemPackage

/// Where the blobs of a layout come from: a folder, or a tar that holds one.
protocol LayoutFiles: Sendable {
    func source(_ name: String) throws -> (any ByteSource)?
}

struct LayoutFolder: LayoutFiles {
    let path: FilePath

    func source(_ name: String) throws -> (any ByteSource)? {
        let file = path.pushing(FilePath(name))
        guard Files.facts(file, followingSymlinks: true)?.kind == .file else { return nil }
        return try FileSource(file)
    }
}

extension ImageContent {
    private static let nameAnnotation = "org.opencontainers.image.ref.name"
    private static let mostLayers = 1000
    private static let longestDocument: Int64 = 16 << 20

    /// An OCI image layout (OCI image spec, image-layout.md).
    init(layout path: FilePath, tag: String?, for platform: ImagePlatform) throws {
        let subject = tag.map { "\(path):\($0)" } ?? path.string
        guard Files.facts(path, followingSymlinks: true)?.kind == .directory else {
            throw InventoryError(.notALayout, path.string)
        }
        try self.init(subject, layout: LayoutFolder(path: path), tag: tag, for: platform)
    }

    init(_ subject: String, layout: some LayoutFiles, tag: String?, for platform: ImagePlatform) throws {
        guard let bytes = try Self.document("index.json", layout),
            let index = try? CanonicalJSON.decode(ImageIndex.self, from: bytes)
        else { throw InventoryError(.notALayout, subject) }
        var descriptor = try Self.choose(from: index, tag, subject)
        var depth = 0
        while descriptor.mediaType.isIndex {
            depth += 1
            guard depth <= 3, let bytes = try Self.blob(descriptor, layout, subject),
                let inner = try? CanonicalJSON.decode(ImageIndex.self, from: bytes)
            else { throw InventoryError(.damaged("an index"), subject) }
            guard let image = inner.image(for: platform) ?? Self.only(inner.manifests.filter(\.isImage))
            else {
                throw InventoryError(.noPlatform(platform.description), subject)
            }
            descriptor = image
        }
        guard let manifestBytes = try Self.blob(descriptor, layout, subject),
            let manifest = try? CanonicalJSON.decode(ImageManifest.self, from: manifestBytes),
            let configBytes = try Self.blob(manifest.config, layout, subject),
            let config = try? CanonicalJSON.decode(ImageConfig.self, from: configBytes)
        else { throw InventoryError(.damaged("the manifest or the configuration"), subject) }
        try self.init(subject, descriptor.digest, config, manifest.layers.map(\.digest)) { digest in
            guard let source = try layout.source("blobs/sha256/\(digest.hex)") else {
                throw InventoryError(.damaged("layer \(digest.short)"), subject)
            }
            return source
        }
    }

    /// Layers that are hashed as they are read.
    init<Layer: Sendable>(
        _ subject: String,
        _ digest: Digest,
        _ config: ImageConfig,
        _ layers: [Layer],
        open: @escaping @Sendable (Layer) throws -> any ByteSource
    ) throws {
        guard layers.count == config.rootfs.diffIDs.count else {
            throw InventoryError(.layerCount(layers.count, config.rootfs.diffIDs.count), subject)
        }
        guard layers.count <= Self.mostLayers else {
            throw InventoryError(.damaged("its list of \(layers.count) layers"), subject)
        }
        let made = config.layerHistory
        self.init(
            subject: subject,
            digest: digest,
            config: config,
            layers: zip(layers, config.rootfs.diffIDs).enumerated().map { place, layer in
                LayerContent(
                    diffID: layer.1,
                    createdBy: place < made.count ? made[place].createdBy : nil,
                    isVerified: false,
                    open: { try open(layer.0) }
                )
            }
        )
    }

    private static func choose(
        from index: ImageIndex,
        _ tag: String?,
        _ subject: String
    ) throws -> Descriptor {
        let names = index.manifests.compactMap { $0.annotations?[nameAnnotation] }
        guard let tag else {
            guard let only = only(index.manifests) else {
                throw InventoryError(.severalImages(names), subject)
            }
            return only
        }
        let found = index.manifests.first { $0.annotations?[nameAnnotation] == tag }
        guard let found else { throw InventoryError(.noTag(tag, names), subject) }
        return found
    }

    private static func only(_ descriptors: [Descriptor]) -> Descriptor? {
        descriptors.count == 1 ? descriptors.first : nil
    }

    private static func blob(
        _ descriptor: Descriptor,
        _ layout: some LayoutFiles,
        _ subject: String
    ) throws -> [UInt8]? {
        guard let bytes = try document("blobs/sha256/\(descriptor.digest.hex)", layout) else { return nil }
        guard Digest(of: bytes) == descriptor.digest else {
            throw InventoryError(.damaged("blob \(descriptor.digest.short)"), subject)
        }
        return bytes
    }

    static func document(_ name: String, _ layout: some LayoutFiles) throws -> [UInt8]? {
        guard let source = try layout.source(name) else { return nil }
        let bytes = try LayerInspector.all(of: source, longestDocument)
        return bytes.count < longestDocument ? bytes : nil
    }
}
