import KilnArchive
import KilnOCI
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnStore

@Suite struct `What a collection keeps of names that moved on` {
    @Test(
        arguments: [
            (1, nil, []), (2, nil, ["a3", "b1"]), (3, nil, ["a3", "b1", "a2"]), (1, 50, ["a3"]),
            (1, 51, ["a3", "b1"]),
            (2, 1000, ["a3", "b1", "a2", "a1"]),
        ] as [(Int, Int64?, [String])]
    )
    func `is the last ones of each name and the young ones`(
        _ last: Int,
        _ younger: Int64?,
        _ expected: [String]
    ) {
        let superseded = [("a3", 990), ("b1", 950), ("a2", 800), ("a1", 700)].map { text, time in
            SupersededImage(
                name: String(text.prefix(1)),
                digest: Digest(of: text),
                superseded: Int64(time)
            )
        }
        let kept = ImageRetention(last: last, younger: younger).kept(of: superseded, now: 1000)
        #expect(kept.map(\.digest) == expected.map { Digest(of: $0) })
    }

    @Test func `goes with the reason told, and is then forgotten`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            for content in ["1", "2", "3"] {
                _ = try await SampleImage.make("shop", in: store, layers: [["a": content]])
            }
            let old = try store.superseded()
            func collect(_ retention: ImageRetention) async throws -> GarbageCollector.Report {
                try await GarbageCollector(home: sandbox.home, retention: retention).collect(
                    keeping: { .init(roots: [], packages: nil) }
                )
            }
            #expect(try await collect(ImageRetention(last: 3)).items == [])
            #expect(try await collect(ImageRetention(last: 1, younger: 60)).items == [])
            let report = try await collect(ImageRetention(last: 2))
            #expect(report.items.allSatisfy { $0.reason == .superseded(name: "shop", at: old[1].superseded) })
            #expect(report.items.count(where: { $0.kind == .blob }) == 3)
            #expect(!store.hasBlob(old[1].digest) && store.isWhole(old[0].digest))
            #expect(try store.superseded() == [old[0]])
            _ = try await collect(ImageRetention())
            #expect(try store.superseded() == [])
        }
    }

    @Test func `includes the manifests of what is stood on, so that the ancestry is still known`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let ground = try await SampleImage.make("ground", in: store, layers: [["g": "1"]])
            let layers = [try await SampleImage.layer(["b": "1"], in: store)]
            let base = try SampleImage.commit(
                ground.layers + layers,
                on: ground.manifest,
                called: "ground",
                in: store
            )
            try await store.tag("base", base)
            let shop = try SampleImage.commit(ground.layers + layers, on: base, called: "base", in: store)
            try await store.tag("shop", shop)
            let revocation = Revocation.Note(reason: "why", by: "me", time: 1)
            _ = try await Revocations(home: sandbox.home).revoke(
                ground.manifest.digest,
                name: nil,
                revocation
            )
            // Both are baked anew, and nothing names the old ones any more.
            _ = try await SampleImage.make("base", in: store, layers: [["b": "2"]])
            _ = try await SampleImage.make("ground", in: store, layers: [["g": "2"]])
            let report = try await GarbageCollector(home: sandbox.home).collect(
                keeping: { .init(roots: [], packages: nil) }
            )
            #expect(report.items == [])
            let ancestry = try store.ancestry(of: shop.digest)
            #expect(ancestry.members.count == 3 && ancestry.isComplete)
            #expect(ancestry.revoked?.digest == ground.manifest.digest)
            try await store.remove("shop")
            try await GarbageCollector(home: sandbox.home).collect(
                keeping: { .init(roots: [], packages: nil) }
            )
            #expect(!store.hasBlob(base.digest) && !store.hasBlob(ground.manifest.digest))
        }
    }

    @Test func `includes what lies below a base whose manifest the image's sources name`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let ground = try await SampleImage.make("ground", in: store, layers: [["g": "1"]])
            let base = try SampleImage.commit(
                ground.layers,
                on: ground.manifest,
                called: "ground",
                in: store
            )
            let shop = try SampleImage.commit(ground.layers, on: base, called: "base", in: store)
            try await store.tag("shop", shop)
            let source = SourceFile(
                title: "base.json",
                mediaType: base.mediaType,
                digest: base.digest,
                size: base.size
            )
            try ImageSources(home: sandbox.home).record([source], of: shop.digest)
            try await store.remove("ground")
            try await GarbageCollector(home: sandbox.home).collect(
                keeping: { .init(roots: [], packages: nil) }
            )
            #expect(store.hasBlob(ground.manifest.digest))
            #expect(try store.ancestry(of: shop.digest).isComplete)
        }
    }

    @Test func `names what was given up`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let image = try await SampleImage.make("shop", in: store, layers: [["a": "1"]])
            try await store.remove("shop")
            let report = try await GarbageCollector(home: sandbox.home).collect(
                keeping: {
                    .init(roots: [], packages: nil, given: [image.manifest.digest: "release 1 of shop"])
                }
            )
            #expect(report.items.count == 4)
            #expect(report.items.allSatisfy { $0.reason == .given("release 1 of shop") })
        }
    }
}

@Suite struct `What a home takes on disk` {
    @Test func `adds up to what du counts, and is told apart by image and layer`() async throws {
        try await Sandbox.with { sandbox in
            let home = sandbox.home
            let store = ImageStore(home: home)
            let common = try await SampleImage.layer(["common": Self.noise(20000)], in: store)
            let own = try await SampleImage.layer(["own": Self.noise(90000)], in: store)
            let base = try SampleImage.commit([common], in: store)
            let shop = try SampleImage.commit([common, own], on: base, called: "base", in: store)
            try await store.tag("base", base)
            try await store.tag("shop", shop)
            _ = try await SampleImage.layer(["lost": Self.noise(30000)], in: store)
            _ = try await SealedLayers(home: home).seal(own.diffID, blob: own.descriptor)
            for name in [
                "packages/p", "run/shop/log", "volumes/data", "indexes/x", "kiln.db-wal", "tmp/t", "odd",
            ] {
                try sandbox.write(Self.noise(5000), to: "home/\(name)")
            }
            let link = home.packages.appending("q").string
            try await SampleImage.shell("ln '\(home.packages.appending("p"))' '\(link)'")

            let use = try DiskUse.measure(
                home,
                roots: [.init(name: "base", digest: base.digest), .init(name: "shop", digest: shop.digest)]
            )
            let du = try await SampleImage.shell("du -sx --block-size=1 '\(home.root)' | cut -f1")
            #expect(String(use.total) + "\n" == du)
            #expect(DiskUse.Part.allCases.allSatisfy { part in part == .cache || use.parts[part] ?? 0 > 0 })
            let images = use.images
            let unique = images.reduce(0) { $0 + $1.unique }
            #expect(unique == use.parts[.unique])
            #expect(images[0].shared == use.parts[.shared] && images[1].shared == use.parts[.shared])
            let layer = try #require(use.layers.first)
            #expect(layer.diffID == own.diffID && layer.images == ["shop"])
            #expect(layer.blobs > 0 && layer.sealed > 0 && layer.index > 0)
            #expect(images[1].unique > layer.total && images[0].unique > 0)
            let last = try #require(use.layers.last)
            #expect(last.diffID == common.diffID && last.images == ["base", "shop"] && last.sealed == 0)
        }
    }

    /// Text that no compressor makes small.
    private static func noise(_ count: Int) -> String {
        var state: UInt64 = 1
        let bytes = (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(33 + (state >> 33) % 90)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
