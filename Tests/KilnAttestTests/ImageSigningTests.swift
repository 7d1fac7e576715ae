import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnAttest

@Suite struct `Signing an image of the store` {
    private static let nothing = GarbageCollector.Kept(roots: [], packages: nil)

    private func statement(_ digest: Digest, saying text: String = "a") throws -> [UInt8] {
        try Statement.encode(["said": text], .provenance, name: "shop", digest: digest)
    }

    private func judge(
        _ image: Digest,
        _ store: ImageStore,
        _ policy: SignaturePolicy
    ) async throws -> SignatureVerdict {
        policy.judge(image, try await LocalEvidence(store: store).evidence(of: image))
    }

    @Test func `signs what is stated of it too, once, and adds to what others signed`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let image = try await Samples.image("shop", in: store)
            let attestations = ImageAttestations(store: store)
            try await attestations.keep(try statement(image.digest), .provenance, of: image)
            let (one, two) = (SigningKey(), SigningKey())
            let first = try await ImageSigner(store: store, key: one).sign(image, as: "shop", now: 1)
            #expect(first == [.init(digest: image.digest, isNew: true, statements: [.provenance])])
            let again = try await ImageSigner(store: store, key: one).sign(image, as: "shop", now: 2)
            #expect(again == [.init(digest: image.digest, isNew: false, statements: [.provenance])])
            _ = try await ImageSigner(store: store, key: two).sign(image, as: "shop", now: 3)
            let both = SignaturePolicy(signers: [Samples.signer("a", one), Samples.signer("b", two)])
            let verdict = try await judge(image.digest, store, both)
            #expect(verdict.isSatisfied && verdict.findings.map(\.time) == [1, 3])
            var stated = both
            stated.statement = .provenance
            #expect(try await judge(image.digest, store, stated).isSatisfied)
            let said = try await ImageSigner(store: store, key: one)
                .sign(image, as: "shop", claims: ["env": "prod"], now: 4)
            #expect(said[0].isNew)
            // All that cosign looks for stands in one manifest.
            let artifacts = try store.referrers(of: image.digest, type: .signatures)
            #expect(artifacts.map(\.manifest.layers.count) == [3])
        }
    }

    @Test func `lets provenance be asked for by who signed it, and says whose word it is`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let image = try await Samples.image("shop", in: store)
            let attestations = ImageAttestations(store: store)
            let (mine, other) = (SigningKey(), SigningKey())
            #expect(try await attestations.provenance(of: image.digest, by: []) == nil)
            let statement = try Statement.encode(
                Samples.provenance,
                .provenance,
                name: "shop",
                digest: image.digest
            )
            let envelope = try Envelope(signing: statement, type: .statement, with: [mine])
            try await attestations.add(envelope, .provenance, to: image)
            let told = try await attestations.provenance(of: image.digest, by: [])
            #expect(told?.standing == .unchecked && told?.provenance == Samples.provenance)
            let signed = try await attestations.provenance(of: image.digest, by: [Samples.signer("ci", mine)])
            #expect(signed?.standing == .signed(by: "ci") && signed?.provenance == Samples.provenance)
            let refusal = await #expect(throws: AttestError.self) {
                try await attestations.provenance(of: image.digest, by: [Samples.signer("lab", other)])
            }
            #expect(refusal?.code == .unsigned)
            try await attestations.keep(statement, .provenance, of: image)
            let plain = try await attestations.provenance(of: image.digest, by: [])
            #expect(plain?.standing == .unsigned)
        }
    }

    @Test func `lays signatures out as cosign finds them`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let image = try await Samples.image("shop", in: store)
            let key = try SigningKey(pem: Samples.privateKey) { nil }
            _ = try await ImageSigner(store: store, key: key).sign(image, as: "example.com/shop", now: 1)
            let artifact = try #require(try store.referrers(of: image.digest).first?.manifest)
            #expect(artifact.artifactType.rawValue == "application/vnd.dev.cosign.artifact.sig.v1+json")
            #expect(artifact.subject?.digest == image.digest)
            let layer = try #require(artifact.layers.first)
            #expect(layer.mediaType.rawValue == "application/vnd.dev.cosign.simplesigning.v1+json")
            let signature = try #require(layer.annotations?["dev.cosignproject.cosign/signature"])
            let payload = try store.read(layer.digest)
            #expect(
                String(decoding: payload, as: UTF8.self)
                    == #"{"critical":{"identity":{"docker-reference":"example.com/shop"},"image":{"docker-manifest-digest":"\#(image.digest)"},"type":"cosign container image signature"},"optional":{"timestamp":1}}"#
            )
            let bytes = try #require(Base64.decode(signature))
            #expect(key.verification.isSignature(bytes, over: payload))
        }
    }

    @Test func `of several platforms signs the index and each image in it`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let one = try await Samples.image("shop@linux/amd64", in: store, saying: "1")
            let two = try await Samples.image("shop@linux/arm64", in: store, saying: "2")
            let index = try await store.tag(
                "shop",
                platforms: [
                    (ImagePlatform(architecture: "amd64"), one), (ImagePlatform(architecture: "arm64"), two),
                ]
            )
            let key = SigningKey()
            let outcomes = try await ImageSigner(store: store, key: key).sign(index, as: "shop")
            #expect(Set(outcomes.map(\.digest)) == [index.digest, one.digest, two.digest])
            let policy = SignaturePolicy(signers: [Samples.signer("ci", key)])
            for digest in [index.digest, one.digest, two.digest] {
                #expect(try await judge(digest, store, policy).isSatisfied)
            }
        }
    }

    @Test func `a statement that nobody signed is replaced by the next of its kind, a signed one stays`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let image = try await Samples.image("shop", in: store)
            let attestations = ImageAttestations(store: store)
            try await attestations.keep(try statement(image.digest, saying: "a"), .provenance, of: image)
            let key = SigningKey()
            _ = try await ImageSigner(store: store, key: key).sign(image, as: "shop")
            let next = try statement(image.digest, saying: "b")
            try await attestations.keep(next, .provenance, of: image)
            #expect(try attestations.statements(of: image.digest).map(\.bytes) == [next])
            let signed = try await LocalEvidence(store: store).evidence(of: image.digest).envelopes
            #expect(
                try signed.map { try Envelope(parsing: $0).payload } == [
                    try statement(image.digest, saying: "a")
                ]
            )
        }
    }

    @Test func `a collection keeps what is said of images that stay, and drops the rest with them`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let kept = try await Samples.image("kept", in: store, saying: "1")
            let gone = try await Samples.image("gone", in: store, saying: "2")
            let key = SigningKey()
            for image in [kept, gone] {
                try await ImageAttestations(store: store).keep(
                    try statement(image.digest),
                    .provenance,
                    of: image
                )
                _ = try await ImageSigner(store: store, key: key).sign(image, as: "shop")
            }
            let before = try Files.list(sandbox.home.images.appending("blobs/sha256")).count
            let said = try store.referrers(of: gone.digest)
            #expect(said.count == 3)
            let collector = GarbageCollector(home: sandbox.home)
            #expect(try await collector.collect(keeping: { Self.nothing }).items == [])
            try await store.remove("gone")
            let foreseen = try await collector.collect(keeping: { Self.nothing }, dryRun: true)
            #expect(try store.referrers(of: gone.digest) == said)
            #expect(try await collector.collect(keeping: { Self.nothing }) == foreseen)
            #expect(try store.referrers(of: gone.digest).isEmpty)
            for referrer in said { #expect(!store.hasBlob(referrer.descriptor.digest)) }
            let index = try Files.readText(sandbox.home.images.appending("index.json"))
            for referrer in said { #expect(!index.contains(referrer.descriptor.digest.hex)) }
            // Manifest, configuration and layer; three artifacts, two envelopes' worth of statements and a payload.
            let after = try Files.list(sandbox.home.images.appending("blobs/sha256")).count
            #expect(before - after == 3 + 3 + 3)
            let policy = SignaturePolicy(signers: [Samples.signer("ci", key)])
            #expect(try await judge(kept.digest, store, policy).isSatisfied)
            #expect(try store.list().map(\.name) == ["kept"])
        }
    }
}
