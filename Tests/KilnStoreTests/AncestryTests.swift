import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `What an image stands on` {
    @Test func `is followed to the ground, and outdated once a name has moved on`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let base = try await make("base", on: nil, in: store)
            let runtime = try await make("runtime", on: base, in: store)
            let shop = try await make("shop", on: runtime, in: store)
            var ancestry = try store.ancestry(of: shop.digest)
            #expect(ancestry.members.map(\.name) == ["shop", "runtime", "base"])
            #expect(ancestry.members.map(\.standing) == [.current, .current, .current])
            #expect(ancestry.isComplete && ancestry.revoked == nil)

            let newer = try await make("base", on: nil, content: "patched", in: store)
            ancestry = try store.ancestry(of: shop.digest)
            #expect(ancestry.members.map(\.name) == ["shop", "runtime", "base"])
            #expect(ancestry.members[2].standing == .outdated(newer: newer.digest))
            #expect(ancestry.members[1].standing == .current)

            let old = try store.ancestry(of: base.digest)
            #expect(old.members.map(\.name) == ["base"])
            #expect(old.members[0].standing == .outdated(newer: newer.digest))
        }
    }

    @Test func `is undetermined where its manifest or its name is not here`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let far = Descriptor(mediaType: .manifest, digest: Digest(of: "far"), size: 1)
            let shop = try await make("shop", on: far, called: "far-base", in: store)
            let ancestry = try store.ancestry(of: shop.digest)
            #expect(ancestry.members.map(\.name) == ["shop", "far-base"])
            #expect(ancestry.members[1].standing == .undetermined)
            #expect(!ancestry.members[1].isHere && !ancestry.isComplete)
        }
    }

    @Test func `is known where it is written down, though nothing of it is here`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let far = ["runtime", "base", "ground"].map { Digest(of: $0) }
            let layers = [try await SampleImage.layer(["shop": "1"], in: store)]
            let runtime = Descriptor(mediaType: .manifest, digest: far[0], size: 1)
            let shop = try SampleImage.commit(
                layers,
                on: runtime,
                called: "runtime",
                ancestors: far,
                in: store
            )
            let ancestry = try store.ancestry(of: shop.digest)
            #expect(ancestry.members.map(\.digest) == [shop.digest] + far)
            #expect(ancestry.members.map(\.name) == [nil, "runtime", nil, nil])
            #expect(ancestry.isComplete)
        }
    }

    @Test func `is not complete where a record ends at what may stand on something`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let layers = [try await SampleImage.layer(["shop": "1"], in: store)]
            // A registry's image that names its own base, of which nothing more is known.
            let unseen = Digest(of: "unseen")
            let foreign = try SampleImage.commit(
                layers,
                on: Descriptor(mediaType: .manifest, digest: unseen, size: 1),
                in: store
            )
            let record = try store.manifest(foreign.digest).value.ancestryOfChild(of: foreign.digest)
            #expect(record == AncestryRecord(digests: [foreign.digest, unseen], isClosed: false))
            let open = try SampleImage.commit(
                layers,
                on: foreign,
                ancestors: record.digests,
                isClosed: record.isClosed,
                in: store
            )
            #expect(try store.ancestry(of: open.digest).members.map(\.digest).last == unseen)
            #expect(try !store.ancestry(of: open.digest).isComplete)
            let child = try SampleImage.commit(
                layers,
                on: open,
                ancestors: [open.digest] + record.digests,
                isClosed: false,
                in: store
            )
            #expect(try !store.ancestry(of: child.digest).isComplete)
        }
    }

    @Test func `names the index by which a registry's image was named, after the image`() {
        let image = Digest(of: "image")
        let index = Digest(of: "index")
        var manifest = ImageManifest(
            config: Descriptor(mediaType: .config, digest: Digest(of: "x"), size: 1),
            layers: []
        )
        #expect(
            manifest.ancestryOfChild(of: image, namedBy: index)
                == AncestryRecord(digests: [image, index], isClosed: true)
        )
        #expect(manifest.ancestryOfChild(of: image, namedBy: image).digests == [image])
        let below = AncestryRecord(digests: [Digest(of: "below")], isClosed: true)
        manifest.annotations = ImageManifest.annotations(below)
        manifest.annotations?[ImageManifest.baseDigestAnnotation] = below.digests[0].description
        #expect(
            manifest.ancestryOfChild(of: image, namedBy: index)
                == AncestryRecord(digests: [image, index] + below.digests, isClosed: true)
        )
    }

    @Test(arguments: [
        "", "sha256:1", "base", String(repeating: "a", count: 9000),
        // What a tool took over from the image that it stands on: it leaves that one out.
        Digest(of: "below the base").description,
    ])
    func `is not what annotations from elsewhere make of it`(text: String) {
        var manifest = ImageManifest(
            config: Descriptor(mediaType: .config, digest: Digest(of: "x"), size: 1),
            layers: []
        )
        manifest.annotations = [
            ImageManifest.ancestorsAnnotation: text, ImageManifest.closedAnnotation: "true",
        ]
        #expect(manifest.ancestry == nil)
        let base = Digest(of: "base")
        manifest.annotations?[ImageManifest.baseDigestAnnotation] = base.description
        #expect(manifest.ancestry == AncestryRecord(digests: [base], isClosed: false))
    }

    @Test func `ends at what is no image's manifest, which annotations may name as well`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            try store.prepare()
            let index = try store.put(try CanonicalJSON.encode(ImageIndex(manifests: [])), mediaType: .index)
            let shop = try await make("shop", on: index, called: "elsewhere", in: store)
            #expect(try store.ancestry(of: shop.digest).members.map(\.isHere) == [true, false])
            try await GarbageCollector(home: sandbox.home).collect(
                keeping: { .init(roots: [], packages: nil) }
            )
            #expect(store.isWhole(shop.digest) && !store.hasBlob(index.digest))
        }
    }

    @Test func `hands a revocation down, the nearest first, until it is taken back`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let revocations = Revocations(home: sandbox.home)
            let far = Descriptor(mediaType: .manifest, digest: Digest(of: "far"), size: 1)
            let base = try await make("base", on: far, called: "far-base", in: store)
            let shop = try await make("shop", on: base, in: store)
            let other = try await make("other", on: nil, in: store)
            // Also of an image that is not here.
            _ = try await revocations.revoke(far.digest, name: nil, note("far", 1))
            #expect(try store.ancestry(of: shop.digest).revoked?.digest == far.digest)
            let first = try await revocations.revoke(base.digest, name: "base", note("why", 2))
            let again = try await revocations.revoke(base.digest, name: "base", note("else", 3))
            #expect(first == again && first.note == note("why", 2))
            let revoked = try #require(try store.ancestry(of: shop.digest).revoked)
            #expect(revoked.digest == base.digest && revoked.revocation?.note.reason == "why")
            #expect(try store.ancestry(of: other.digest).revoked == nil)

            #expect(try await revocations.lift(base.digest, note("fine", 4))?.lifted == note("fine", 4))
            #expect(try await revocations.lift(base.digest, note("fine", 5)) == nil)
            #expect(try store.ancestry(of: shop.digest).revoked?.digest == far.digest)
            _ = try await revocations.revoke(base.digest, name: "base", note("anew", 6))
            #expect(try store.ancestry(of: shop.digest).revoked?.revocation?.note.reason == "anew")
            #expect(try revocations.all().count == 3)
        }
    }

    @Test func `counts for nothing when the revocations cannot be read`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let shop = try await make("shop", on: nil, in: store)
            try sandbox.write("{", to: "home/revocations.json")
            #expect(throws: StoreError.self) { try store.ancestry(of: shop.digest) }
        }
    }

    @Test func `many who revoke at once lose nothing`() async throws {
        try await Sandbox.with { sandbox in
            let revocations = Revocations(home: sandbox.home)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...20 {
                    group.addTask {
                        let digest = Digest(of: "\(number % 10)")
                        _ = try await revocations.revoke(digest, name: nil, note("why", 1))
                    }
                }
                try await group.waitForAll()
            }
            #expect(try revocations.holding().count == 10 && revocations.all().count == 10)
        }
    }

    @Test func `names remember what they referred to, the latest first, until they are removed`() async throws
    {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let one = try await make("base", on: nil, content: "1", in: store)
            let two = try await make("base", on: nil, content: "2", in: store)
            #expect(try store.superseded().map(\.digest) == [one.digest])
            try await store.tag("base", one, now: 5)
            #expect(try store.superseded().map(\.digest) == [two.digest])
            #expect(try store.superseded().map(\.superseded) == [5])
            let three = try await make("base", on: nil, content: "3", in: store)
            #expect(try store.superseded().map(\.digest) == [one.digest, two.digest])
            try await store.tag("base", three)
            #expect(try store.superseded().count == 2)
            try await store.remove("base")
            #expect(try store.superseded() == [])
        }
    }

    private func note(_ reason: String, _ time: Int64) -> Revocation.Note {
        Revocation.Note(reason: reason, by: "me", time: time)
    }

    private func make(
        _ name: String,
        on base: Descriptor?,
        called baseName: String? = nil,
        content: String = "1",
        in store: ImageStore
    ) async throws -> Descriptor {
        let layers = [try await SampleImage.layer([name: content], in: store)]
        let known = try store.list().first { $0.descriptor.digest == base?.digest }?.name
        let manifest = try SampleImage.commit(layers, on: base, called: baseName ?? known, in: store)
        try await store.tag(name, manifest)
        return manifest
    }
}
