import KilnAdvisories
import KilnOCI
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnAttest

@Suite struct `A signed document` {
    /// sigstore, pkg/signature/payload/payload_test.go.
    @Test(arguments: [
        (
            SimpleSigning(identity: "example.com/test/image", digest: Samples.digest, claims: [:]),
            #"{"critical":{"identity":{"docker-reference":"example.com/test/image"},"image":{"docker-manifest-digest":"sha256:d34db33fd34db33fd34db33fd34db33fd34db33fd34db33fd34db33fd34db33f"},"type":"cosign container image signature"},"optional":null}"#
        ),
        (
            SimpleSigning(
                identity: "example.com/atomic/test/image",
                digest: Samples.digest,
                claims: ["timestamp": "1458239713", "creator": "atomic"]
            ),
            #"{"critical":{"identity":{"docker-reference":"example.com/atomic/test/image"},"image":{"docker-manifest-digest":"sha256:d34db33fd34db33fd34db33fd34db33fd34db33fd34db33fd34db33fd34db33f"},"type":"cosign container image signature"},"optional":{"creator":"atomic","timestamp":1458239713}}"#
        ),
        (
            SimpleSigning(
                identity: "docker.io/library/test:1.2.3",
                digest: Samples.digest,
                claims: ["note": #"<a> & "b""#]
            ),
            #"{"critical":{"identity":{"docker-reference":"docker.io/library/test:1.2.3"},"image":{"docker-manifest-digest":"sha256:d34db33fd34db33fd34db33fd34db33fd34db33fd34db33fd34db33fd34db33f"},"type":"cosign container image signature"},"optional":{"note":"\u003ca\u003e \u0026 \"b\""}}"#
        ),
    ])
    func `over an image is what cosign writes, byte for byte`(_ payload: SimpleSigning, _ text: String) throws
    {
        #expect(String(decoding: try payload.encoded(), as: UTF8.self) == text)
        #expect(try SimpleSigning(parsing: Array(text.utf8)) == payload)
    }

    @Test func `may claim anything, as cosign lets it`() throws {
        let text =
            #"{"critical":{"identity":{"docker-reference":"e.com/i"},"image":{"docker-manifest-digest":"\#(Samples.digest)"},"type":"cosign container image signature"},"optional":{"CamelCase WithSpace":8.314,"creator":"anyone","some_struct":{"false":true,"foo":"bar","nothing":null}}}"#
        let claims = try SimpleSigning(parsing: Array(text.utf8)).claims
        #expect(
            claims.map(\.value) == ["8.314", "anyone", "{false: true, foo: bar, nothing: null}"]
        )
    }

    @Test(arguments: [
        ("type", #""type":"cosign container image signature""#, #""type":"atomic container signature""#),
        ("digest", "sha256:d34d", "sha512:d34d"),
        (
            "digest twice", #""image":{"#,
            #""image":{"docker-manifest-digest":"sha256:\#(String(repeating: "0", count: 64))","#
        ),
        ("trailing", #""optional":null}"#, #""optional":null} {}"#),
        ("escaped name twice", #""type":"#, #""t\u0079pe":"cosign container image signature","type":"#),
    ])
    func `of another kind, or that two could read differently, is refused`(
        _ name: String,
        _ from: String,
        _ to: String
    ) throws {
        let payload = try SimpleSigning(identity: "e.com/i", digest: Samples.digest, claims: [:]).encoded()
        let text = String(decoding: payload, as: UTF8.self).replacing(from, with: to)
        #expect(Array(text.utf8) != payload)
        #expect(throws: DocumentError.self) { try SimpleSigning(parsing: Array(text.utf8)) }
    }

    @Test func `longer than can be meant is not read`() {
        let long = [UInt8](repeating: 32, count: SimpleSigning.limit + 1)
        #expect(throws: DocumentError.tooLong(limit: SimpleSigning.limit)) {
            try SimpleSigning(parsing: long)
        }
    }

    /// DSSE, protocol.md: its own example.
    @Test func `in an envelope is signed with its type and both lengths`() {
        let bytes = Envelope.preAuthentication("http://example.com/HelloWorld", Array("hello world".utf8))
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        )
        #expect(Envelope.preAuthentication("", []) == Array("DSSEv1 0  0 ".utf8))
        #expect(Envelope.preAuthentication("é", []) == Array("DSSEv1 2 é 0 ".utf8))
    }

    @Test func `in an envelope comes back, and only its own key opens it`() throws {
        let (mine, other) = (SigningKey(), SigningKey())
        let envelope = try Envelope(signing: Array("{}".utf8), type: .statement, with: [mine])
        let again = try Envelope(parsing: try envelope.encoded())
        #expect(again == envelope)
        #expect(again.signers(among: [other.verification, mine.verification]) == [mine.verification])
        #expect(again.signatures.map(\.keyID) == [mine.verification.fingerprint.hex])
        let retyped = Envelope(
            payloadType: "text/plain",
            payload: again.payload,
            signatures: again.signatures
        )
        #expect(retyped.signers(among: [mine.verification]).isEmpty)
        let relabelled = Envelope(
            payloadType: again.payloadType,
            payload: again.payload,
            signatures: again.signatures.map {
                .init(keyID: other.verification.fingerprint.hex, bytes: $0.bytes)
            }
        )
        #expect(relabelled.signers(among: [other.verification]).isEmpty)
    }

    @Test(arguments: [
        (#"{"payload":"e30=","payloadType":"t","signatures":[{"sig":"AAAA"}]}"#, true),
        (#"{"payload":"e30_","payloadType":"t","signatures":[{"sig":"-_-_"}]}"#, true),
        (#"{"payload":"e30","payloadType":"t","signatures":[{"sig":"AAAA"}]}"#, false),
        (#"{"payload":"e31=","payloadType":"t","signatures":[{"sig":"AAAA"}]}"#, false),
        (#"{"payload":"e30=","payloadType":"t","signatures":[]}"#, false),
        (#"{"payload":"e30=","payloadType":"t","signatures":{}}"#, false),
        (#"{"payload":"e30=","payloadType":1,"signatures":[{"sig":"AAAA"}]}"#, false),
        (#"{"payload":"e30=","payload":"e30=","payloadType":"t","signatures":[{"sig":"AAAA"}]}"#, false),
        (#"{"payload":"e30=","payloadType":"t","signatures":[{"sig":"AAAA","sig":"AAAB"}]}"#, false),
        ("[]", false), ("", false),
    ])
    func `in an envelope is read in one way or not at all`(_ text: String, _ isRead: Bool) {
        #expect(((try? Envelope(parsing: Array(text.utf8))) != nil) == isRead)
    }

    @Test func `with more signatures than anybody makes is not looked at`() {
        let signatures = Array(repeating: #"{"sig":"AAAA"}"#, count: 101).joined(separator: ",")
        let text = #"{"payload":"e30=","payloadType":"t","signatures":[\#(signatures)]}"#
        #expect(throws: DocumentError.tooMany("signatures")) { try Envelope(parsing: Array(text.utf8)) }
    }

    @Test func `damaged anywhere is told as an error, whatever the damage`() throws {
        var dice = Dice(7)
        let key = SigningKey()
        let statement = try Statement.encode(
            ["a": ["b": 1]],
            .provenance,
            name: "shop",
            digest: Samples.digest
        )
        let envelope = try Envelope(signing: statement, type: .statement, with: [key]).encoded()
        let payload = try SimpleSigning(identity: "i", digest: Samples.digest, claims: ["a": "b"]).encoded()
        for _ in 0..<3000 {
            let damaged = dice.damage(envelope)
            if let read = try? Envelope(parsing: damaged), !read.signers(among: [key.verification]).isEmpty {
                // The damage was in what is not signed: blanks, unknown names, the hint.
                #expect(read.payload == statement && read.payloadType == MediaType.statement.rawValue)
            }
            _ = try? Statement(parsing: dice.damage(statement))
            _ = try? SimpleSigning(parsing: dice.damage(payload))
        }
    }

    @Test func `of a bake is the same text for the same bake, and is read back as it was`() throws {
        let statement = try Statement.encode(
            Samples.provenance,
            .provenance,
            name: "shop",
            digest: Samples.digest
        )
        let text = String(decoding: statement, as: UTF8.self) + "\n"
        try Golden.expect(text, matches: Golden.directory().appending("provenance.json"))
        let read = try Provenance.decode(statement)
        #expect(read == Samples.provenance)
        #expect(
            read.commit
                == .init(
                    id: String(repeating: "a", count: 40),
                    repository: "https://git.example.org/shop.git",
                    isDirty: false
                )
        )
        #expect(read.layers.map(\.verification) == [.verified] && read.packages.map(\.name) == ["libstdc++6"])
    }

    @Test(
        arguments: [
            ("https://user:secret@git.example.org/shop.git", "https://git.example.org/shop.git"),
            ("https://git.example.org/shop.git?token=x#y", "https://git.example.org/shop.git"),
            ("git@git.example.org:team/shop.git", "ssh://git.example.org/team/shop.git"),
            ("ssh://git@git.example.org:22/shop", "ssh://git.example.org:22/shop"),
            ("/srv/git/shop.git", nil), ("../shop", nil), ("file:///srv/shop", nil),
        ] as [(String, String?)]
    )
    func `tells a repository without who reads it, and no path of this machine`(
        _ url: String,
        _ told: String?
    ) {
        #expect(SourceCommit.withoutLogin(url) == told)
    }
}
