import KilnArchive
import KilnOCI
import KilnStore
import KilnSystem

@testable import KilnAttest

/// Keys that others made, and images without a bake.
enum Samples {
    /// A pair that openssl made, a message, and signatures over it by openssl and by Tink (sigstore, pkg/signature/ecdsa_test.go).
    static let publicKey = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEx+ikqUxXurlxZltajRBV2ju31j32
        baT2ax2dXBcpInWaFESqGF35KISflP1EmMvEnfG+AzHecQ0WQp5QzNId+w==
        -----END PUBLIC KEY-----
        """
    static let privateKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgmrLtCpBdXgXLUr7o
        nSUPfo3oXMjmvuwTOjpTulIBKlKhRANCAATH6KSpTFe6uXFmW1qNEFXaO7fWPfZt
        pPZrHZ1cFykidZoURKoYXfkohJ+U/USYy8Sd8b4DMd5xDRZCnlDM0h37
        -----END PRIVATE KEY-----
        """
    static let message = Array("sign me".utf8)
    static let opensslSignature =
        "MEQCIGvnAsUT6P4PoJoKxP331ZFU2LfzxnuvulK14Rl3zNKIAiBJCSA7NdmAZkLNqxmWnbBp8ntJYVZmUR0Tbmv6ftS8ww=="
    static let tinkSignature =
        "bmvQGbNZEJyS3HAVPiuXY0/BGFcUq5cl22v3+sttMxBls5LO0W52qR2yk6q0E59wDNs15gvaODeTZ2d6MwH9OQ=="

    static let digest = Digest(
        trustedHex: "d34db33fd34db33fd34db33fd34db33fd34db33fd34db33fd34db33fd34db33f"
    )

    static func image(
        _ name: String,
        in store: ImageStore,
        saying text: String = "hello"
    ) async throws -> Descriptor {
        try store.prepare()
        let layer = try await store.ingestLayer(encoding: .standard) { writer in
            let entry = TarEntry(path: "text", kind: .file(size: Int64(text.utf8.count)), mode: 0o644)
            try writer.append(entry, content: Array(text.utf8))
        }
        let config = try store.put(
            try CanonicalJSON.encode(ImageConfig(platform: .host, diffIDs: [layer.diffID])),
            mediaType: .config
        )
        let manifest = try store.put(
            try CanonicalJSON.encode(ImageManifest(config: config, layers: [layer.descriptor])),
            mediaType: .manifest
        )
        try await store.tag(name, manifest)
        return manifest
    }

    static let provenance = Provenance(
        buildDefinition: .init(
            externalParameters: .init(
                definition: .init(name: "kiln.yaml", digest: ["sha256": digest.hex]),
                image: "shop",
                platform: "linux/amd64"
            ),
            internalParameters: .init(
                lock: .init(name: "kiln.lock", digest: ["sha256": digest.hex]),
                encoder: "zstd-1.5.4-level3-mt",
                behaviours: ["files/2"]
            ),
            resolvedDependencies: [
                .init(
                    uri: "git+https://git.example.org/shop.git",
                    digest: ["gitCommit": String(repeating: "a", count: 40)],
                    annotations: ["dirty": "false"]
                ),
                .init(
                    name: "libstdc++6",
                    uri: PackageURL.debian("libstdc++6", "12.2.0-14+deb12u1", "amd64"),
                    digest: ["sha256": digest.hex]
                ),
            ]
        ),
        runDetails: .init(
            builder: .init(version: ["kiln": "0.1.0"]),
            byproducts: [
                .init(
                    name: "kiln files /app",
                    digest: ["sha256": digest.hex],
                    mediaType: "application/vnd.oci.image.layer.v1.tar+zstd",
                    annotations: [
                        "diffID": digest.description, "kind": "files", "verification": "verified",
                    ]
                )
            ]
        )
    )

    static func signer(_ name: String, _ keys: SigningKey...) -> Signer {
        Signer(name: name, keys: keys.map(\.verification))
    }

    static func evidence(
        _ payload: [UInt8],
        by key: SigningKey
    ) throws -> Evidence {
        var evidence = Evidence()
        evidence.signatures = [Evidence.Signature(payload: payload, signature: try key.sign(payload))]
        return evidence
    }
}

/// xorshift, so that a failure comes again.
struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    /// Some bytes changed, some taken out, some put in, the end cut off.
    mutating func damage(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &self) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &self)
            switch Int.random(in: 0..<4, using: &self) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &self)
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(UInt8.random(in: 0...255, using: &self), at: place)
            default: bytes.removeLast(min(bytes.count, Int.random(in: 0...8, using: &self)))
            }
        }
        return bytes
    }
}
