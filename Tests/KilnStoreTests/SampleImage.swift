import KilnArchive
import KilnOCI
import KilnStore
import KilnSystem
import SystemPackage

/// Small images made without a bake.
enum SampleImage {
    struct Made {
        let layers: [WrittenLayer]
        let manifest: Descriptor
    }

    /// One layer per dictionary of path and content; the image gets the name.
    static func make(
        _ name: String,
        in store: ImageStore,
        encoding: LayerEncoding = .standard,
        layers contents: [[String: String]]
    ) async throws -> Made {
        try store.prepare()
        var layers: [WrittenLayer] = []
        for files in contents { layers.append(try await layer(files, in: store, encoding: encoding)) }
        let manifest = try commit(layers, in: store)
        try await store.tag(name, manifest)
        return Made(layers: layers, manifest: manifest)
    }

    static func layer(
        _ files: [String: String],
        in store: ImageStore,
        encoding: LayerEncoding = .standard
    ) async throws -> WrittenLayer {
        try store.prepare()
        return try await store.ingestLayer(encoding: encoding) { writer in
            for (path, content) in files.sorted(by: { $0.key < $1.key }) {
                let entry = TarEntry(path: path, kind: .file(size: Int64(content.utf8.count)), mode: 0o644)
                try writer.append(entry, content: Array(content.utf8))
            }
        }
    }

    static func commit(
        _ layers: [WrittenLayer],
        on base: Descriptor? = nil,
        called baseName: String? = nil,
        ancestors: [Digest]? = nil,
        isClosed: Bool = true,
        in store: ImageStore
    ) throws -> Descriptor {
        var config = ImageConfig(platform: .host, diffIDs: layers.map(\.diffID))
        config.created = "1970-01-01T00:00:00Z"
        config.config = ImageConfig.Execution()
        config.config?.entrypoint = ["/bin/true"]
        let configBlob = try store.put(try CanonicalJSON.encode(config), mediaType: .config)
        var manifest = ImageManifest(config: configBlob, layers: layers.map(\.descriptor))
        if let base { manifest.annotations = [ImageManifest.baseDigestAnnotation: base.digest.description] }
        if let baseName { manifest.annotations?[ImageManifest.baseNameAnnotation] = baseName }
        if let ancestors {
            let record = AncestryRecord(digests: ancestors, isClosed: isClosed)
            manifest.annotations?.merge(ImageManifest.annotations(record)) { $1 }
        }
        return try store.put(try CanonicalJSON.encode(manifest), mediaType: .manifest)
    }

    @discardableResult
    static func shell(_ script: String) async throws -> String {
        try await ToolRunner().run(ToolInvocation("bash", ["-c", script])).text
    }
}
