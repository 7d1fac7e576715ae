import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `A revoked index` {
    private static let note = Revocation.Note(reason: "why", by: "me", time: 1)
    private static let index = Digest(of: "index")

    @Test func `is meant for the images that came by it, before and after`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let revocations = Revocations(home: sandbox.home)
            let web = try await SampleImage.make("web", in: store, layers: [["a": "1"]]).manifest.digest
            let far = Digest(of: "far")
            #expect(try store.manifests(namedBy: Self.index) == nil)
            _ = try await revocations.revoke(Self.index, name: nil, Self.note)
            #expect(try store.ancestry(of: web).revoked == nil)
            try await KnownIndexes(home: sandbox.home).record(Self.index, [web, far])
            #expect(try store.manifests(namedBy: Self.index) == [web, far])
            #expect(try store.ancestry(of: web).revoked?.revocation?.note == Self.note)

            // Taken back for the one image alone.
            _ = try await revocations.revoke(web, name: nil, Self.note)
            _ = try await revocations.lift(web, Self.note)
            #expect(try store.ancestry(of: web).revoked == nil)
            #expect(try store.ancestry(of: far).revoked != nil)
            _ = try await revocations.lift(Self.index, Self.note)
            #expect(try store.ancestry(of: far).revoked == nil)
        }
    }

    @Test func `that is here is known without a pull`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let web = try await SampleImage.make("web", in: store, layers: [["a": "1"]]).manifest
            let far = Descriptor(mediaType: .manifest, digest: Digest(of: "far"), size: 1)
            let index = try store.put(
                try CanonicalJSON.encode(ImageIndex(manifests: [web, far])),
                mediaType: .index
            )
            #expect(try store.manifests(namedBy: index.digest) == [web.digest, far.digest])
            #expect(try store.manifests(namedBy: web.digest) == [])
            _ = try await Revocations(home: sandbox.home).revoke(index.digest, name: nil, Self.note)
            #expect(try Set(store.revoked().keys) == [index.digest, web.digest, far.digest])
        }
    }

    @Test func `is kept in mind when its images go, others are forgotten`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let web = try await SampleImage.make("web", in: store, layers: [["a": "1"]]).manifest.digest
            let known = KnownIndexes(home: sandbox.home)
            let others = [Digest(of: "other"), Digest(of: "gone")]
            try await known.record(Self.index, [Digest(of: "far")])
            try await known.record(others[0], [Digest(of: "far"), web])
            try await known.record(others[1], [Digest(of: "far")])
            _ = try await Revocations(home: sandbox.home).revoke(Self.index, name: nil, Self.note)
            let kept = GarbageCollector.Kept(roots: [], packages: nil)
            _ = try await GarbageCollector(home: sandbox.home).collect(keeping: { kept })
            #expect(try known.manifests(of: Self.index) != nil && known.manifests(of: others[0]) != nil)
            #expect(try known.manifests(of: others[1]) == nil)
        }
    }

    @Test func `counts for nothing when what is known of indexes cannot be read`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let web = try await SampleImage.make("web", in: store, layers: [["a": "1"]]).manifest.digest
            _ = try await Revocations(home: sandbox.home).revoke(Self.index, name: nil, Self.note)
            try sandbox.write("{", to: "home/image-indexes.json")
            #expect(throws: StoreError.self) { try store.ancestry(of: web) }
        }
    }
}
