import FoundationEssentials
import KilnDiagnostics
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnAttest

@Suite struct `A key` {
    @Test func `verifies what openssl and others signed with its other half, in both forms`() throws {
        let key = try VerificationKey(pem: Samples.publicKey)
        for text in [Samples.opensslSignature, Samples.tinkSignature] {
            let signature = try #require(Base64.decode(text))
            #expect(key.isSignature(signature, over: Samples.message))
            #expect(!key.isSignature(signature, over: Samples.message + [0]))
        }
        #expect(try SigningKey(pem: Samples.privateKey) { nil }.verification == key)
    }

    /// n - s signs as well as s, as in ECDSA itself and in Go, which cosign is written in.
    @Test func `takes both halves of the range of s`() throws {
        let key = try VerificationKey(pem: Samples.publicKey)
        let raw = try #require(Base64.decode(Samples.tinkSignature))
        let order: [UInt8] = [
            0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
        ]
        var other = [UInt8](repeating: 0, count: 32)
        var borrow = 0
        for index in (0..<32).reversed() {
            let difference = Int(order[index]) - Int(raw[32 + index]) - borrow
            borrow = difference < 0 ? 1 : 0
            other[index] = UInt8(truncatingIfNeeded: difference)
        }
        #expect(other[0] > 0x7f && raw[32] <= 0x7f)
        #expect(key.isSignature(Array(raw.prefix(32)) + other, over: Samples.message))
    }

    @Test func `takes no signature of another form or length`() throws {
        let key = try VerificationKey(pem: Samples.publicKey)
        let good = try #require(Base64.decode(Samples.opensslSignature))
        let raw = try #require(Base64.decode(Samples.tinkSignature))
        let zero = [UInt8](repeating: 0, count: 64)
        let bad: [[UInt8]] = [
            [], [0x30], good + [0], Array(good.dropLast()), zero, Array(raw.dropLast()), raw + [0, 0],
            good + good,
        ]
        for signature in bad { #expect(!key.isSignature(signature, over: Samples.message)) }
    }

    @Test func `comes back from its encrypted text, and from no other passphrase`() throws {
        let key = SigningKey()
        let text = try key.pem(passphrase: Array("correct horse".utf8))
        #expect(text.hasPrefix("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"))
        let again = try SigningKey(pem: text) { Array("correct horse".utf8) }
        #expect(again.verification == key.verification)
        #expect(try VerificationKey(pem: key.verification.pem) == key.verification)
        for wrong in ["", "correct horse ", "Correct horse"] {
            #expect { try SigningKey(pem: text) { Array(wrong.utf8) } } throws: { error in
                error as? KeySyntaxError == .wrongPassphrase
            }
        }
        #expect { try SigningKey(pem: text) { nil } } throws: { error in
            error as? KeySyntaxError == .needsPassphrase
        }
    }

    @Test func `is not read from what is no key, or another one`() throws {
        let certificate = Samples.publicKey.replacing("PUBLIC KEY", with: "CERTIFICATE")
        let cases: [(String, KeySyntaxError)] = [
            ("", .notPEM), ("hello", .notPEM), (certificate, .otherBlock("CERTIFICATE")),
            (Samples.privateKey, .otherBlock("PRIVATE KEY")),
            (Samples.publicKey + "\n" + Samples.publicKey, .notPEM),
            (String(repeating: "A", count: 20_000), .notPEM),
            // The same bytes with the name of another curve (secp256k1).
            (
                """
                -----BEGIN PUBLIC KEY-----
                MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEx+ikqUxXurlxZltajRBV2ju31j32baT2
                ax2dXBcpInWaFESqGF35KISflP1EmMvEnfG+AzHecQ0WQp5QzNId+w==
                -----END PUBLIC KEY-----
                """, .notP256
            ),
            // Not on the curve: its last byte is another.
            (Samples.publicKey.replacing("zNId+w==", with: "zNId+g=="), .notP256),
        ]
        for (text, expected) in cases {
            #expect { try VerificationKey(pem: text) } throws: { error in error as? KeySyntaxError == expected
            }
        }
    }

    /// Derivations that would keep a machine busy for hours, or take all of its memory.
    @Test(arguments: [
        KeyDerivation.scrypt(salt: [1], cost: 1 << 21, blockSize: 8, parallelism: 1),
        .scrypt(salt: [1], cost: 1 << 20, blockSize: 8, parallelism: 1),
        .scrypt(salt: [1], cost: 16_383, blockSize: 8, parallelism: 1),
        .scrypt(salt: [1], cost: 16_384, blockSize: 8, parallelism: 1000),
        .scrypt(salt: [], cost: 16_384, blockSize: 8, parallelism: 1),
    ])
    func `that asks for more than can be meant is refused before it is tried`(
        _ derivation: KeyDerivation
    ) throws {
        let sealed = try EncryptedKey.wrap(
            derivation,
            iv: [UInt8](repeating: 1, count: 16),
            sealed: [1, 2, 3]
        )
        #expect { try EncryptedKey.open(sealed, [65]) } throws: { error in
            if case .cipher? = error as? KeySyntaxError { true } else { false }
        }
    }

    @Test func `damaged anywhere is told as an error, whatever the damage`() throws {
        var dice = Dice(2026)
        let passphrase = Array("p".utf8)
        let sealed = Array(try SigningKey().pem(passphrase: passphrase).utf8)
        let open = Array(Samples.publicKey.utf8)
        for round in 0..<300 {
            let (text, isKey) = round < 30 ? (dice.damage(sealed), true) : (dice.damage(open), false)
            let string = String(decoding: text, as: UTF8.self)
            do {
                if isKey {
                    _ = try SigningKey(pem: string) { passphrase }
                } else {
                    _ = try VerificationKey(pem: string)
                }
            } catch {
                #expect(error is KeySyntaxError, "\(error)")
            }
        }
    }

    @Test func `is written for its owner alone, over nothing, and never as half a pair`() async throws {
        try await Sandbox.with { sandbox in
            let pair = KeyFile.Pair(prefix: sandbox.path.appending("ci"))
            let key = SigningKey()
            try KeyFile.write(key, pair, passphrase: [65])
            for path in [pair.privateKey, pair.publicKey] { #expect(Files.facts(path)?.mode == 0o600) }
            #expect(try Files.list(sandbox.path) == ["ci.key", "ci.pub"])
            #expect(try KeyFile.verificationKey(pair.publicKey) == key.verification)
            #expect(try KeyFile.signingKey(pair.privateKey) { [65] }.verification == key.verification)
            let before = try Files.read(pair.privateKey)
            #expect { try KeyFile.write(SigningKey(), pair, passphrase: [65]) } throws: { error in
                (error as? AttestError)?.code == .exists
            }
            #expect(try Files.read(pair.privateKey) == before)
            try Files.remove(pair.privateKey)
            #expect(throws: AttestError.self) { try KeyFile.write(SigningKey(), pair, passphrase: [65]) }
            #expect(try Files.list(sandbox.path) == ["ci.pub"])
        }
    }

    @Test func `without a passphrase that others may read signs nothing`() async throws {
        try await Sandbox.with { sandbox in
            let open = try sandbox.write(Samples.privateKey, to: "open.key", mode: 0o644)
            #expect { try KeyFile.signingKey(open) { nil } } throws: { error in
                (error as? AttestError)?.diagnostics.first?.hint == "chmod 600 \(open)"
            }
            let closed = try sandbox.write(Samples.privateKey, to: "closed.key", mode: 0o600)
            _ = try KeyFile.signingKey(closed) { nil }
            #expect { try KeyFile.verificationKey(sandbox.path.appending("none.pub")) } throws: { error in
                error.exitStatus == .usage
            }
        }
    }
}
