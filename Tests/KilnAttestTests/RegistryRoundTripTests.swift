import KilnOCI
import KilnRegistry
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnAttest

/// Against Debian's docker-registry, which has no list of referrers, with skopeo as the other reader.
@Suite(.serialized, .enabled(if: TestRegistry.isInstalled, "needs docker-registry"))
struct `Signatures in a registry` {
    private func client(_ sandbox: Sandbox) -> RegistryClient { RegistryClient(home: sandbox.home) }

    private func push(
        _ image: Descriptor,
        _ store: ImageStore,
        _ target: String,
        _ sandbox: Sandbox
    ) async throws {
        let report = try await ImagePush(store: store, client: client(sandbox))
            .push(image, to: try ImageReference(parsing: target))
        #expect(report.referrers == (try store.referrers(of: image.digest).count))
    }

    @Test func `go with the image, are found without it, and come back with it`() async throws {
        try await Sandbox.with { sandbox in
            try await TestRegistry.with(sandbox, port: 8701) { registry in
                let store = ImageStore(home: sandbox.home)
                let image = try await Samples.image("shop", in: store)
                let statement = try Statement.encode(
                    ["a": 1],
                    .provenance,
                    name: "shop",
                    digest: image.digest
                )
                try await ImageAttestations(store: store).keep(statement, .provenance, of: image)
                let key = SigningKey()
                _ = try await ImageSigner(store: store, key: key).sign(image, as: "\(registry.host)/shop")
                try await push(image, store, "\(registry.host)/shop:1", sandbox)

                let repository = try Repository(parsing: "\(registry.host)/shop")
                let tag = ImageReference(repository, tag: "sha256-\(image.digest.hex).sig", digest: nil)
                #expect(try await client(sandbox).manifest(tag).descriptor.mediaType == .manifest)
                var policy = SignaturePolicy(
                    signers: [Samples.signer("ci", key)],
                    identity: "\(registry.host)/shop"
                )
                let remote = RegistryEvidence(client: client(sandbox), repository: repository)
                #expect(policy.judge(image.digest, try await remote.evidence(of: image.digest)).isSatisfied)
                let unknown = Digest(of: "unknown")
                #expect(try await remote.evidence(of: unknown) == Evidence())

                let other = ImageStore(home: KilnHome(root: sandbox.path.appending("other")))
                let pull = ImagePull(store: other, client: client(sandbox))
                let pulled = try await pull.pull(try ImageReference(parsing: "\(registry.host)/shop:1"))
                #expect(try await pull.pullReferrers(of: pulled, from: repository) > 0)
                let here = try await LocalEvidence(store: other).evidence(of: image.digest)
                #expect(policy.judge(image.digest, here).isSatisfied)
                policy.identity = nil
                policy.statement = .provenance
                #expect(policy.judge(image.digest, here).isSatisfied)
                // Who signs here must not sign what others state.
                #expect(try ImageAttestations(store: other).statements(of: image.digest).isEmpty)
            }
        }
    }

    @Test func `add to those that others put there, and nothing is sent twice`() async throws {
        try await Sandbox.with { sandbox in
            try await TestRegistry.with(sandbox, port: 8702) { registry in
                let keys = [SigningKey(), SigningKey()]
                var image: Descriptor?
                for (number, key) in keys.enumerated() {
                    let store = ImageStore(home: KilnHome(root: sandbox.path.appending("home-\(number)")))
                    let made = try await Samples.image("shop", in: store)
                    _ = try await ImageSigner(store: store, key: key).sign(made, as: "shop")
                    for _ in 0..<2 { try await push(made, store, "\(registry.host)/shop:1", sandbox) }
                    image = made
                }
                let digest = try #require(image?.digest)
                let repository = try Repository(parsing: "\(registry.host)/shop")
                let evidence = try await RegistryEvidence(client: client(sandbox), repository: repository)
                    .evidence(of: digest)
                #expect(evidence.signatures.count == 2)
                let both = SignaturePolicy(
                    signers: [Samples.signer("a", keys[0]), Samples.signer("b", keys[1])]
                )
                #expect(both.judge(digest, evidence).isSatisfied)
                let listed = try await client(sandbox).referrers(of: digest, in: repository)
                #expect(listed.count == 2 && Set(listed.map(\.artifactType)) == [.signatures])
            }
        }
    }

    /// Debian's skopeo finds and copies what cosign signs, and has the verifying of it left out: openssl does that.
    @Test(
        .enabled(
            if: Files.exists("/usr/bin/skopeo") && Files.exists("/usr/bin/openssl"),
            "needs skopeo and openssl"
        )
    )
    func `are found by skopeo where cosign puts them, and verified by openssl`() async throws {
        try await Sandbox.with { sandbox in
            try await TestRegistry.with(sandbox, port: 8703) { registry in
                let store = ImageStore(home: sandbox.home)
                let image = try await Samples.image("shop", in: store)
                let key = SigningKey()
                _ = try await ImageSigner(store: store, key: key).sign(image, as: "\(registry.host)/shop")
                try await push(image, store, "\(registry.host)/shop:1", sandbox)
                let copy = try await skopeo(copies: "\(registry.host)/shop:1", sandbox)
                let file = try Files.readText(copy.appending("signature-1"))
                let start = try #require(file.firstIndex(of: "{"))
                let found = try CanonicalJSON.decode(Attachment.self, from: Array(file[start...].utf8))
                #expect(found.mimeType == "application/vnd.dev.cosign.simplesigning.v1+json")
                let payload = try #require(Base64.decode(found.payload))
                #expect(try SimpleSigning(parsing: payload).digest == image.digest)
                let signature = try #require(
                    found.annotations["dev.cosignproject.cosign/signature"].flatMap(Base64.decode)
                )
                try Files.write(payload, to: sandbox.path.appending("payload"))
                try Files.write(signature, to: sandbox.path.appending("signature"))
                try sandbox.write(key.verification.pem, to: "key.pub")
                let verify = ToolInvocation(
                    "openssl",
                    ["dgst", "-sha256", "-verify", "key.pub", "-signature", "signature", "payload"],
                    workingDirectory: sandbox.path
                )
                #expect(try await ToolRunner().run(verify).text == "Verified OK\n")
            }
        }
    }

    private struct Attachment: Decodable {
        let mimeType: String
        let payload: String
        let annotations: [String: String]
    }

    private func skopeo(copies image: String, _ sandbox: Sandbox) async throws -> FilePath {
        let settings = try sandbox.write(
            "default-docker:\n  use-sigstore-attachments: true\n",
            to: "registries.d/default.yaml"
        )
        let policy = try sandbox.write(
            #"{"default": [{"type": "insecureAcceptAnything"}]}"#,
            to: "policy.json"
        )
        let target = sandbox.path.appending("copy")
        let command = ToolInvocation(
            "skopeo",
            [
                "--policy", policy.string, "--registries.d", settings.removingLastComponent().string, "copy",
                "--quiet", "--src-tls-verify=false", "docker://\(image)", "dir:\(target)",
            ]
        )
        _ = try await ToolRunner().run(command)
        return target
    }
}
