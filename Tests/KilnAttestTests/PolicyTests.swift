import KilnDiagnostics
import KilnOCI
import Testing

@testable import KilnAttest

@Suite struct `Who must have signed` {
    private let digest = Samples.digest

    private func payload(
        _ digest: Digest? = nil,
        as identity: String = "registry.example.org/shop",
        claims: [String: String] = ["timestamp": "1700000000"]
    ) throws -> [UInt8] {
        try SimpleSigning(identity: identity, digest: digest ?? self.digest, claims: claims).encoded()
    }

    @Test func `is found by any of their keys, with when and what they said`() throws {
        let (old, new) = (SigningKey(), SigningKey())
        let policy = SignaturePolicy(signers: [Samples.signer("ci", new, old)])
        let evidence = try Samples.evidence(
            try payload(claims: ["timestamp": "1700000000", "a": "b"]),
            by: old
        )
        let verdict = policy.judge(digest, evidence)
        #expect(verdict.isSatisfied)
        let finding = try #require(verdict.findings.first)
        #expect(finding.key == old.verification.fingerprint && finding.time == 1_700_000_000)
        #expect(finding.claims.map(\.name) == ["a", "timestamp"])
    }

    @Test func `is each of them, and nobody at all opens no gate`() throws {
        let (one, two) = (SigningKey(), SigningKey())
        let policy = SignaturePolicy(signers: [Samples.signer("ci", one), Samples.signer("audit", two)])
        var evidence = try Samples.evidence(try payload(), by: one)
        #expect(policy.judge(digest, evidence).missing == ["audit"])
        evidence.signatures += try Samples.evidence(try payload(), by: two).signatures
        #expect(policy.judge(digest, evidence).isSatisfied)
        #expect(!SignaturePolicy(signers: []).judge(digest, evidence).isSatisfied)
    }

    @Test func `is not found by another key, another image, or words that nobody signed`() throws {
        let key = SigningKey()
        let policy = SignaturePolicy(signers: [Samples.signer("ci", key)])
        let other = Digest(of: "other")
        let cases: [(Evidence, String)] = [
            (try Samples.evidence(try payload(), by: SigningKey()), "a signature is by none of the keys"),
            (try Samples.evidence(try payload(other), by: key), "ci signed another image: \(other)"),
            (
                try Samples.evidence(Array("{}".utf8), by: key),
                "what ci signed cannot be read: its critical is missing, or not what it must be"
            ),
        ]
        for (evidence, reason) in cases {
            let verdict = policy.judge(digest, evidence)
            #expect(!verdict.isSatisfied && verdict.refusals == [reason])
            #expect(verdict.refusal(of: "shop")?.exitStatus == .gateRefused)
        }
        var moved = try Samples.evidence(try payload(other), by: key)
        moved.signatures[0] = Evidence.Signature(
            payload: try payload(),
            signature: moved.signatures[0].signature
        )
        #expect(!policy.judge(digest, moved).isSatisfied)
    }

    @Test(arguments: [
        ("registry.example.org/shop", "registry.example.org/shop", true),
        ("registry.example.org/shop:1.4", "registry.example.org/shop", true),
        ("registry.example.org/shop:1.4", "registry.example.org/shop:1.4", true),
        ("registry.example.org/shop:1.4", "registry.example.org/shop:1.5", false),
        ("registry.example.org/shop", "registry.example.org/shop:1.4", false),
        ("registry.example.org/shopping", "registry.example.org/shop", false),
    ])
    func `must call it what was asked for`(_ said: String, _ wanted: String, _ isRight: Bool) throws {
        let key = SigningKey()
        let policy = SignaturePolicy(signers: [Samples.signer("ci", key)], identity: wanted)
        let evidence = try Samples.evidence(try payload(as: said), by: key)
        #expect(policy.judge(digest, evidence).isSatisfied == isRight)
    }

    @Test func `must have claimed what was asked for`() throws {
        let key = SigningKey()
        let evidence = try Samples.evidence(try payload(claims: ["env": "prod"]), by: key)
        func isSatisfied(_ claims: [String: String]) -> Bool {
            SignaturePolicy(signers: [Samples.signer("ci", key)], claims: claims).judge(digest, evidence)
                .isSatisfied
        }
        #expect(isSatisfied(["env": "prod"]))
        #expect(!isSatisfied(["env": "test"]) && !isSatisfied(["env": "prod", "by": "me"]))
    }

    @Test func `of a statement must have signed that kind of statement, as a statement, about this image`()
        throws
    {
        let key = SigningKey()
        let policy = SignaturePolicy(signers: [Samples.signer("ci", key)], statement: .provenance)
        func judge(
            _ type: PredicateType,
            _ about: Digest,
            as media: MediaType,
            by key: SigningKey
        ) throws
            -> SignatureVerdict
        {
            let statement = try Statement.encode(["a": 1], type, name: "shop", digest: about)
            var evidence = try Samples.evidence(try payload(), by: key)
            evidence.envelopes = [try Envelope(signing: statement, type: media, with: [key]).encoded()]
            return policy.judge(digest, evidence)
        }
        #expect(try judge(.provenance, digest, as: .statement, by: key).isSatisfied)
        #expect(try !judge(.cycloneDX, digest, as: .statement, by: key).isSatisfied)
        #expect(try !judge(.provenance, Digest(of: "x"), as: .statement, by: key).isSatisfied)
        #expect(try !judge(.provenance, digest, as: .json, by: key).isSatisfied)
        #expect(try !judge(.provenance, digest, as: .statement, by: SigningKey()).isSatisfied)
    }
}
