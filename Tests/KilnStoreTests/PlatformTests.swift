import KilnArchive
import KilnDiagnostics
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Images of several platforms in the store` {
    private static let arm = ImagePlatform(architecture: "s390x")

    private struct Stage {
        let store: ImageStore
        let here: SampleImage.Made
        let foreign: SampleImage.Made
        let index: Descriptor
    }

    private static func stage(_ sandbox: Sandbox) async throws -> Stage {
        let store = ImageStore(home: sandbox.home)
        let here = try await SampleImage.make("web@\(ImagePlatform.host)", in: store, layers: [["a": "1"]])
        let foreign = try await SampleImage.make("web@\(arm)", in: store, layers: [["a": "2"]])
        let index = try await store.tag(
            "web",
            platforms: [
                (platform: .host, manifest: here.manifest), (platform: arm, manifest: foreign.manifest),
            ]
        )
        return Stage(store: store, here: here, foreign: foreign, index: index)
    }

    @Test func `are found by name, by platform and by digest`() async throws {
        try await Sandbox.with { sandbox in
            let stage = try await Self.stage(sandbox)
            let store = stage.store
            #expect(try store.resolve("web").digest == stage.index.digest)
            #expect(try store.image("web").digest == stage.here.manifest.digest)
            #expect(try store.image("web", for: Self.arm).digest == stage.foreign.manifest.digest)
            #expect(try store.resolve("web@\(Self.arm)").digest == stage.foreign.manifest.digest)
            // Pulled under one name, or renamed: no image has the platform in its name.
            try await store.remove("web@\(Self.arm)")
            #expect(try store.image("web", for: Self.arm).digest == stage.foreign.manifest.digest)
            #expect(try store.resolve(String(stage.index.digest.hex.prefix(12))).mediaType == .index)
            let error = #expect(throws: StoreError.self) {
                try store.image("web", for: ImagePlatform(architecture: "riscv64"))
            }
            #expect(error?.diagnostics.first?.exitStatus == .usage)
            #expect(store.isWhole(stage.index.digest))
            try Files.remove(store.blobPath(stage.foreign.layers[0].digest))
            #expect(!store.isWhole(stage.index.digest))
        }
    }

    @Test func `keep their common name when one platform is to be removed`() async throws {
        try await Sandbox.with { sandbox in
            let store = try await Self.stage(sandbox).store
            let here = "web@\(ImagePlatform.host)"
            #expect(try await store.remove(here).map(\.name) == [here])
            let error = await #expect(throws: StoreError.self) { try await store.remove(here) }
            #expect(error?.reason == .onePlatform(here, of: "web"))
            #expect(try store.list().map(\.name) == ["web", "web@\(Self.arm)"])
        }
    }

    @Test func `go as one, and count as one on the disk`() async throws {
        try await Sandbox.with { sandbox in
            let stage = try await Self.stage(sandbox)
            let store = stage.store
            try await store.tag("kept", stage.foreign.manifest)
            let roots = try DiskUse.roots(of: store, others: [stage.here.manifest.digest: "release 1"])
            #expect(roots.map(\.name) == ["kept", "web"])
            try await store.remove("kept")
            let use = try DiskUse.measure(sandbox.home, roots: DiskUse.roots(of: store))
            #expect(use.images.map(\.root.name) == ["web"] && use.images[0].shared == 0)

            // One that was baked since is another image.
            let newer = try await SampleImage.make("web@\(Self.arm)", in: store, layers: [["a": "3"]])
            #expect(try await store.remove("web").map(\.name) == ["web", "web@\(ImagePlatform.host)"])
            #expect(try store.list().map(\.descriptor.digest) == [newer.manifest.digest])
        }
    }

    @Test func `are known to be behind when one platform was baked alone, and go along with a pull`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let stage = try await Self.stage(sandbox)
            let store = stage.store
            #expect(try store.platformsAhead(of: "web") == [])
            let newer = try await SampleImage.make("web@\(Self.arm)", in: store, layers: [["a": "3"]])
            #expect(try store.platformsAhead(of: "web") == [Self.arm])
            #expect(try store.platformsAhead(of: "web@\(Self.arm)") == [])
            // A name of a platform that the common one has nothing for says nothing.
            try await store.tag("web@linux/arm64", newer.manifest)
            #expect(try store.platformsAhead(of: "web") == [Self.arm])
            try await store.alignPlatformNames(with: "web")
            #expect(try store.resolve("web@\(Self.arm)").digest == stage.foreign.manifest.digest)
            #expect(try store.resolve("web@linux/arm64").digest == newer.manifest.digest)
            // One image under the common name, as a pull of this machine's alone leaves it.
            let pulled = try await SampleImage.make("web", in: store, layers: [["a": "4"]])
            try await store.alignPlatformNames(with: "web")
            #expect(try store.resolve("web@\(ImagePlatform.host)").digest == pulled.manifest.digest)
            #expect(try store.resolve("web@\(Self.arm)").digest == stage.foreign.manifest.digest)
        }
    }

    @Test func `one platform alone is removed by its platform with no other name`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let made = try await SampleImage.make("web", in: store, layers: [["a": "1"]])
            try await store.tag("other", made.manifest)
            #expect(try await store.remove("web@\(ImagePlatform.host)").map(\.name) == ["web"])
            #expect(try store.list().map(\.name) == ["other"])
        }
    }

    @Test func `one platform alone is the image itself`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let made = try await SampleImage.make("web@\(Self.arm)", in: store, layers: [["a": "1"]])
            let named = try await store.tag("web", platforms: [(platform: Self.arm, manifest: made.manifest)])
            #expect(named == made.manifest)
            #expect(try store.resolve("web").digest == made.manifest.digest)
        }
    }

    @Test func `stay as a whole while the common name stays, and go with it`() async throws {
        try await Sandbox.with { sandbox in
            let stage = try await Self.stage(sandbox)
            try await stage.store.remove("web@\(ImagePlatform.host)")
            try await stage.store.remove("web@\(Self.arm)")
            let collector = GarbageCollector(home: sandbox.home)
            let kept = GarbageCollector.Kept(roots: [], packages: nil)
            #expect(try await collector.collect(keeping: { kept }).items.filter { $0.kind == .blob } == [])
            #expect(stage.store.isWhole(stage.index.digest))
            let use = try DiskUse.measure(
                sandbox.home,
                roots: [DiskUse.Root(name: "web", digest: stage.index.digest)]
            )
            #expect(use.layers.filter { $0.images == ["web"] }.count == 2)
            try await stage.store.remove("web")
            // By root alone, as a release would keep it.
            let rooted = GarbageCollector.Kept(roots: [stage.index.digest], packages: nil)
            #expect(try await collector.collect(keeping: { rooted }).items.filter { $0.kind == .blob } == [])
            _ = try await collector.collect(keeping: { kept })
            #expect(try Files.list(stage.store.home.images.pushing("blobs/sha256")).isEmpty)
        }
    }
}
