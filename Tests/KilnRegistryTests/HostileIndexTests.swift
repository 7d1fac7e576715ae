import KilnArchive
import KilnDiagnostics
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnRegistry

@Suite struct `What a registry says of itself` {
    /// A store that is the registry's, with an image of a layer in it, and a store to pull into.
    private static func with(
        _ body: (_ far: ImageStore, _ image: Descriptor, _ near: ImageStore) async throws -> Void
    ) async throws {
        try await Sandbox.with { sandbox in
            let far = ImageStore(home: KilnHome(root: sandbox.path.appending("far")))
            let layer = try await FarRegistry.layer("good", in: far)
            var image = try FarRegistry.image(layer.descriptor, layer.diffID, in: far)
            image.platform = .host
            try await body(far, image, ImageStore(home: sandbox.home))
        }
    }

    private static func refusal(
        of reference: Descriptor,
        _ far: ImageStore,
        _ near: ImageStore
    ) async -> RegistryError? {
        let pull = FarRegistry.pull(near, FarRegistry.transport(of: far))
        return await #expect(throws: RegistryError.self) {
            try await pull.pullAll(FarRegistry.reference(reference))
        }
    }

    @Test func `is refused where an index has no image`() async throws {
        try await Self.with { far, image, near in
            var statement = image
            statement.platform = ImagePlatform(architecture: "unknown", os: "unknown")
            let index = try FarRegistry.index([statement], in: far)
            #expect(await Self.refusal(of: index, far, near)?.code == .content)
            #expect(!near.hasBlob(index.digest))
        }
    }

    @Test func `is refused where indexes lie too deep in one another, or name too many`() async throws {
        try await Self.with { far, image, near in
            var index = image
            for _ in 0...ManifestTree.depthLimit { index = try FarRegistry.index([index], in: far) }
            #expect(await Self.refusal(of: index, far, near)?.code == .content)
            let many = (0..<ManifestTree.countLimit).map { number in
                Descriptor(mediaType: .manifest, digest: Digest(of: "\(number)"), size: 1)
            }
            index = try FarRegistry.index([image] + many, in: far)
            #expect(await Self.refusal(of: index, far, near)?.code == .content)
        }
    }

    @Test func `is taken where it is deep and says the same twice`() async throws {
        try await Self.with { far, image, near in
            let inner = try FarRegistry.index([image], in: far)
            let index = try FarRegistry.index([inner, image, inner], in: far)
            let transport = FarRegistry.transport(of: far)
            let pulled = try await FarRegistry.pull(near, transport).pullAll(FarRegistry.reference(index))
            #expect(pulled.digest == index.digest && near.isWhole(index.digest))
            #expect(transport.requests.count { $0.url.hasSuffix("\(image.digest)") } == 1)
        }
    }

    @Test func `is refused where it could be read as an image and as an index`() async throws {
        try await Self.with { far, image, near in
            var text = String(decoding: try far.read(image.digest), as: UTF8.self)
            text = text.replacing(#""mediaType":"\#(MediaType.manifest.rawValue)","#, with: "")
            text = text.replacing(#""schemaVersion":2"#, with: #""manifests":[],"schemaVersion":2"#)
            let either = try far.put(Array(text.utf8), mediaType: .manifest)
            #expect(await Self.refusal(of: either, far, near)?.code == .content)
            let index = try FarRegistry.index([image, either], in: far)
            #expect(await Self.refusal(of: index, far, near)?.code == .content)
            #expect(!near.hasBlob(either.digest))
        }
    }

    @Test func `is refused where an entry is of another kind or size than the index says`() async throws {
        try await Self.with { far, image, near in
            var longer = image
            longer.size += 1
            var other = image
            other.mediaType = .index
            for entry in [longer, other] {
                let index = try FarRegistry.index([entry], in: far)
                #expect(await Self.refusal(of: index, far, near)?.code == .content)
            }
        }
    }

    @Test(arguments: [-1, 1])
    func `is refused where a blob is of another size than its manifest says`(_ more: Int64) async throws {
        try await Self.with { far, image, near in
            var manifest = try far.manifest(image.digest).value
            manifest.layers[0].size += more
            let wrong = try far.put(try CanonicalJSON.encode(manifest), mediaType: .manifest)
            let error = await Self.refusal(of: wrong, far, near)
            #expect(error?.code == .content)
            #expect(error?.diagnostic.message.contains("another size") == true)
            #expect(!near.hasBlob(wrong.digest))
            #expect(try Files.list(near.home.scratch).filter { $0.hasPrefix("pull-") } == [])
        }
    }

    @Test func `leaves the index in mind by which one platform's image came`() async throws {
        try await Self.with { far, image, near in
            let index = try FarRegistry.index([image], in: far)
            let pull = FarRegistry.pull(near, FarRegistry.transport(of: far))
            #expect(try await pull.pull(FarRegistry.reference(index)).digest == image.digest)
            #expect(!near.hasBlob(index.digest))
            #expect(try near.manifests(namedBy: index.digest) == [image.digest])
        }
    }
}
