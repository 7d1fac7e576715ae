import KilnArchive
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// What `image pull --all-platforms` may bring along, out of anybody's registry.
@Suite struct `Indexes in the store` {
    private static let unknown = ImagePlatform(architecture: "unknown", os: "unknown")
    private static let mainframe = ImagePlatform(architecture: "s390x")

    private static func put(_ text: String, _ type: MediaType, in store: ImageStore) throws -> Descriptor {
        try store.put(Array(text.utf8), mediaType: type)
    }

    private static func index(_ entries: [Descriptor], in store: ImageStore) throws -> Descriptor {
        try store.put(try CanonicalJSON.encode(ImageIndex(manifests: entries)), mediaType: .index)
    }

    /// Provenance: a manifest whose configuration is no image's, whatever it calls itself.
    private static func statement(_ config: MediaType, in store: ImageStore) throws -> Descriptor {
        let manifest = ImageManifest(
            config: try put("{}", config, in: store),
            layers: [try put(#"{"is":"built"}"#, .json, in: store)]
        )
        return try store.put(try CanonicalJSON.encode(manifest), mediaType: .manifest)
    }

    @Test func `with provenance, artifacts and indexes in them are kept, measured and gone through`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            var here = try await SampleImage.make("here", in: store, layers: [["a": "1"]]).manifest
            here.platform = .host
            var far = try await SampleImage.make("far", in: store, layers: [["a": "2"]]).manifest
            far.platform = Self.mainframe
            var provenance = try Self.statement(.config, in: store)
            provenance.platform = Self.unknown
            let artifact = try Self.statement(.empty, in: store)
            let inner = try Self.index([far], in: store)
            let other = try Self.put("x", MediaType(rawValue: "text/plain"), in: store)
            let index = try Self.index([inner, here, provenance, artifact, inner, other], in: store)
            try await store.tag("all", index)
            for name in ["here", "far"] { try await store.remove(name) }

            let tree = try store.tree(of: index.digest)
            #expect(tree.indexes.map(\.digest) == [inner.digest, index.digest] && tree.missing.isEmpty)
            #expect(try store.images(in: index).map(\.digest) == [far.digest, here.digest])
            #expect(try store.representative(of: index)?.digest == here.digest)
            #expect(try store.image("all", for: Self.mainframe).digest == far.digest)
            #expect(store.isWhole(index.digest))
            let kept = GarbageCollector.Kept(roots: [], packages: nil)
            let report = try await GarbageCollector(home: sandbox.home).collect(keeping: { kept })
            #expect(report.items.filter { [.blob, .layerIndex].contains($0.kind) } == [])
            #expect(store.isWhole(index.digest) && store.hasBlob(other))
            let use = try DiskUse.measure(sandbox.home, roots: DiskUse.roots(of: store))
            #expect(use.images.map(\.root.name) == ["all"] && use.images[0].shared == 0)

            // As a root that was given up, for the reasons of a report.
            try await store.remove("all")
            let given = GarbageCollector.Kept(roots: [], packages: nil, given: [index.digest: "release 1"])
            let items = try await GarbageCollector(home: sandbox.home).collect(keeping: { given }).items
            #expect(items.filter { $0.reason == .given("release 1") }.count { $0.kind == .blob } >= 10)
        }
    }

    @Test func `without any image are nothing that breaks what goes through all images`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            try store.prepare()
            var provenance = try Self.statement(.config, in: store)
            provenance.platform = Self.unknown
            let index = try Self.index([provenance], in: store)
            try await store.tag("odd", index)
            #expect(try store.representative(of: index) == nil)
            #expect(try store.images(in: index) == [])
            let kept = GarbageCollector.Kept(roots: [], packages: nil)
            #expect(try await GarbageCollector(home: sandbox.home).collect(keeping: { kept }).items == [])
            _ = try DiskUse.measure(sandbox.home, roots: DiskUse.roots(of: store))
            _ = try store.ancestries(of: [index.digest, provenance.digest])
        }
    }

    @Test func `that lie too deep in one another are refused, and do not run in circles`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            var inner = try await SampleImage.make("here", in: store, layers: [["a": "1"]]).manifest
            for _ in 0..<ManifestTree.depthLimit { inner = try Self.index([inner, inner], in: store) }
            #expect(try store.tree(of: inner.digest).manifests.count == 1)
            let deep = try Self.index([inner], in: store)
            #expect(throws: StoreError.self) { try store.tree(of: deep.digest) }
            #expect(!store.isWhole(deep.digest))
        }
    }

    @Test func `are not what a manifest is taken for that could be read as either`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let made = try await SampleImage.make("web", in: store, layers: [["a": "1"]])
            var text = String(decoding: try store.read(made.manifest.digest), as: UTF8.self)
            text = text.replacing(#""mediaType":"\#(MediaType.manifest.rawValue)","#, with: "")
            text = text.replacing(#""schemaVersion":2"#, with: #""schemaVersion":2,"manifests":[]"#)
            #expect(throws: ManifestDocumentError.ambiguous) { try ManifestDocument(Array(text.utf8)) }
            let either = try Self.put(text, .manifest, in: store)
            try await store.tag("web", either)
            let kept = GarbageCollector.Kept(roots: [], packages: nil)
            _ = try await GarbageCollector(home: sandbox.home).collect(keeping: { kept })
            #expect(store.isWhole(either.digest) && store.hasBlob(made.layers[0].digest))
        }
    }
}

@Suite struct `A manifest from anywhere` {
    private static let blob =
        #"{"mediaType":"a/b","digest":"sha256:\#(String(repeating: "a", count: 64))","size":1}"#

    @Test(arguments: [
        #"{"schemaVersion":2,"config":BLOB,"layers":[],"manifests":[]}"#,
        #"{"schemaVersion":2,"layers":[],"manifests":[]}"#,
        #"{"schemaVersion":2,"mediaType":"INDEX","config":BLOB,"layers":[]}"#,
        #"{"schemaVersion":2,"mediaType":"MANIFEST","manifests":[]}"#,
    ])
    func `is refused where it could be read as an index too`(text: String) {
        #expect(throws: ManifestDocumentError.ambiguous) { try ManifestDocument(Self.bytes(text)) }
    }

    @Test func `is told from an index by what it has`() throws {
        let image = #"{"schemaVersion":2,"config":BLOB,"layers":[]}"#
        guard case .image = try ManifestDocument(Self.bytes(image)) else {
            Issue.record("it is taken for something else")
            return
        }
        let index = #"{"schemaVersion":2,"mediaType":"INDEX","manifests":[BLOB]}"#
        guard case .index = try ManifestDocument(Self.bytes(index)) else {
            Issue.record("it is taken for something else")
            return
        }
        #expect(throws: ManifestDocumentError.self) { try ManifestDocument(Self.bytes("[]")) }
    }

    @Test(arguments: ["-1", "9223372036854775807", "17592186044417", "1.5"])
    func `speaks of no blob of a size that none has`(size: String) {
        let text = Self.blob.replacing(#""size":1"#, with: #""size":\#(size)"#)
        #expect(throws: (any Error).self) {
            try CanonicalJSON.decode(Descriptor.self, from: Array(text.utf8))
        }
    }

    @Test func `has blobs whose sizes add up`() throws {
        func blob(_ size: Int64) -> Descriptor {
            Descriptor(mediaType: .layerTar, digest: Digest(of: "\(size)"), size: size)
        }
        #expect([blob(1), blob(Descriptor.sizeLimit)].totalSize == Descriptor.sizeLimit + 1)
        #expect([blob(.max), blob(1)].totalSize == .max)
    }

    private static func bytes(_ text: String) -> [UInt8] {
        Array(
            text.replacing("BLOB", with: blob).replacing("INDEX", with: MediaType.index.rawValue)
                .replacing("MANIFEST", with: MediaType.manifest.rawValue).utf8
        )
    }
}
