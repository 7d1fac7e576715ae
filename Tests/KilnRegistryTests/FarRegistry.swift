import KilnArchive
import KilnOCI
import KilnStore
import KilnSystem

@testable import KilnRegistry

/// A registry that has what a store has, and what to put into that.
enum FarRegistry {
    static let repository = Repository(registry: "r.example.org", path: "shop/web")

    /// A registry that has what a store has.
    static func transport(of store: ImageStore) -> ScriptedTransport {
        ScriptedTransport { request, _ in
            guard let name = request.url.split(separator: "/").last,
                let digest = try? Digest(parsing: String(name)), store.hasBlob(digest)
            else { return HTTPResponse(status: 404) }
            let bytes = try Files.read(store.blobPath(digest))
            if case .file(let file, let offset, _) = request.destination {
                let earlier = Files.exists(file) ? try Files.read(file) : []
                try Files.write(earlier + bytes[Int(offset)...], to: file)
                return HTTPResponse(status: 200)
            }
            let isIndex = if case .index = try? ManifestDocument(bytes) { true } else { false }
            let type: MediaType = isIndex ? .index : .manifest
            return HTTPResponse(status: 200, headers: ["content-type": type.rawValue], body: bytes)
        }
    }

    static func pull(_ store: ImageStore, _ transport: ScriptedTransport) -> ImagePull {
        ImagePull(
            store: store,
            client: RegistryClient(
                transport: transport,
                credentials: RegistryCredentials(files: []),
                clock: HastyClock()
            )
        )
    }

    static func reference(_ image: Descriptor) -> ImageReference {
        ImageReference(repository, tag: nil, digest: image.digest)
    }

    static func layer(_ text: String, in store: ImageStore) async throws -> WrittenLayer {
        let content = Array(text.utf8)
        return try await store.ingestLayer(encoding: .gzip()) { writer in
            let entry = TarEntry(path: "file", kind: .file(size: Int64(content.count)), mode: 0o644)
            try writer.append(entry, content: content)
        }
    }

    static func image(_ layer: Descriptor, _ diffID: DiffID, in store: ImageStore) throws -> Descriptor {
        let config = ImageConfig(platform: .host, diffIDs: [diffID])
        let blob = try store.put(try CanonicalJSON.encode(config), mediaType: .config)
        let manifest = ImageManifest(config: blob, layers: [layer])
        return try store.put(try CanonicalJSON.encode(manifest), mediaType: .manifest)
    }

    static func index(_ entries: [Descriptor], in store: ImageStore) throws -> Descriptor {
        try store.put(try CanonicalJSON.encode(ImageIndex(manifests: entries)), mediaType: .index)
    }
}
