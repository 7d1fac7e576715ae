import FoundationEssentials
import KilnOCI
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnAttest

/// openssl as the other party, both ways.
@Suite(.enabled(if: Files.exists("/usr/bin/openssl"), "needs openssl"))
struct `Keys and signatures with openssl` {
    private func openssl(_ sandbox: Sandbox, _ arguments: String...) async throws -> ToolStatus {
        try await ToolRunner().runUnchecked(
            ToolInvocation("openssl", arguments, workingDirectory: sandbox.path)
        ).status
    }

    @Test func `our key signs there, and theirs verifies here`() async throws {
        try await Sandbox.with { sandbox in
            let key = SigningKey()
            let pair = KeyFile.Pair(prefix: sandbox.path.appending("ours"))
            try KeyFile.write(key, pair, passphrase: Array("pass phrase".utf8))
            try sandbox.write("message", to: "message")
            #expect(
                try await openssl(
                    sandbox,
                    "dgst",
                    "-sha256",
                    "-sign",
                    "ours.key",
                    "-passin",
                    "pass:pass phrase",
                    "-out",
                    "sig",
                    "message"
                ) == .exited(0)
            )
            let signature = try Files.read(sandbox.path.appending("sig"))
            #expect(key.verification.isSignature(signature, over: Array("message".utf8)))
            try Files.write(try key.sign(Array("message".utf8)), to: sandbox.path.appending("sig2"))
            #expect(
                try await openssl(
                    sandbox,
                    "dgst",
                    "-sha256",
                    "-verify",
                    "ours.pub",
                    "-signature",
                    "sig2",
                    "message"
                ) == .exited(0)
            )
            try sandbox.write("massage", to: "message")
            #expect(
                try await openssl(
                    sandbox,
                    "dgst",
                    "-sha256",
                    "-verify",
                    "ours.pub",
                    "-signature",
                    "sig2",
                    "message"
                ) == .exited(1)
            )
        }
    }

    /// The ways in which openssl encrypts keys.
    @Test(arguments: [
        ["-scrypt"], ["-v2", "aes-256-cbc"], ["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512"],
        ["-v2", "aes-192-cbc", "-v2prf", "hmacWithSHA1", "-iter", "10000"],
    ])
    func `their key in every form is read here`(_ form: [String]) async throws {
        try await Sandbox.with { sandbox in
            #expect(
                try await openssl(
                    sandbox,
                    "ecparam",
                    "-name",
                    "prime256v1",
                    "-genkey",
                    "-noout",
                    "-out",
                    "sec1"
                ) == .exited(0)
            )
            let status = try await ToolRunner().runUnchecked(
                ToolInvocation(
                    "openssl",
                    ["pkcs8", "-topk8", "-in", "sec1", "-passout", "pass:x", "-out", "sealed"] + form,
                    workingDirectory: sandbox.path
                )
            ).status
            #expect(status == .exited(0))
            #expect(try await openssl(sandbox, "ec", "-in", "sec1", "-pubout", "-out", "pub") == .exited(0))
            let text = try Files.readText(sandbox.path.appending("sealed"))
            let key = try SigningKey(pem: text) { Array("x".utf8) }
            let plain = try SigningKey(pem: try Files.readText(sandbox.path.appending("sec1"))) { nil }
            let verification = try VerificationKey(pem: try Files.readText(sandbox.path.appending("pub")))
            #expect(key.verification == verification && plain.verification == verification)
            #expect(throws: KeySyntaxError.wrongPassphrase) { try SigningKey(pem: text) { Array("y".utf8) } }
        }
    }

    @Test(arguments: [
        ["ecparam", "-name", "secp384r1", "-genkey", "-noout"],
        ["ecparam", "-name", "secp256k1", "-genkey", "-noout"],
        ["genrsa", "2048"], ["genpkey", "-algorithm", "ed25519"],
    ])
    func `keys of other kinds are refused, both halves`(_ arguments: [String]) async throws {
        try await Sandbox.with { sandbox in
            let made = try await ToolRunner().run(
                ToolInvocation("openssl", arguments, workingDirectory: sandbox.path)
            ).text
            try sandbox.write(made, to: "key")
            #expect(try await openssl(sandbox, "pkey", "-in", "key", "-pubout", "-out", "pub") == .exited(0))
            #expect(throws: KeySyntaxError.self) { try SigningKey(pem: made) { nil } }
            #expect(throws: KeySyntaxError.notP256) {
                try VerificationKey(pem: try Files.readText(sandbox.path.appending("pub")))
            }
        }
    }

    @Test func `the fingerprint is the digest of the public key as openssl writes it`() async throws {
        try await Sandbox.with { sandbox in
            let key = SigningKey().verification
            try sandbox.write(key.pem, to: "pub")
            #expect(
                try await openssl(sandbox, "pkey", "-pubin", "-in", "pub", "-outform", "der", "-out", "der")
                    == .exited(0)
            )
            #expect(Digest(of: try Files.read(sandbox.path.appending("der"))) == key.fingerprint)
        }
    }
}

/// in-toto's own libraries as the other party, both ways.
@Suite(.enabled(if: PythonPeers.areInstalled, "needs scripts/install-deps tests"))
struct `Envelopes and statements with in-toto` {
    @Test func `what is signed here is read and verified there`() async throws {
        try await Sandbox.with { sandbox in
            let key = SigningKey()
            let statement = try Statement.encode(
                ["buildType": "x"],
                .provenance,
                name: "shop",
                digest: Samples.digest
            )
            let envelope = try Envelope(signing: statement, type: .statement, with: [key])
            try sandbox.write(String(decoding: try envelope.encoded(), as: UTF8.self), to: "envelope.json")
            try sandbox.write(key.verification.pem, to: "key.pub")
            let said = try await PythonPeers.run(
                """
                import json, sys
                from cryptography.hazmat.primitives.serialization import load_pem_public_key
                from securesystemslib.dsse import Envelope
                from securesystemslib.signer import SSlibKey
                from in_toto_attestation.v1.statement import Statement
                import in_toto_attestation.v1.statement_pb2 as pb
                from google.protobuf import json_format
                envelope = Envelope.from_dict(json.load(open("envelope.json")))
                key = SSlibKey.from_crypto(load_pem_public_key(open("key.pub", "rb").read()), keyid=list(envelope.signatures)[0])
                assert len(envelope.verify([key], 1)) == 1
                message = json_format.Parse(envelope.payload, pb.Statement())
                Statement.copy_from_pb(message).validate()
                print(message.predicate_type, message.subject[0].digest["sha256"])
                """,
                in: sandbox
            )
            #expect(said == "https://slsa.dev/provenance/v1 \(Samples.digest.hex)\n")
        }
    }

    /// Their messages know every field of a provenance, and refuse others.
    @Test func `our provenance has the fields that SLSA gives it, and no others`() async throws {
        try await Sandbox.with { sandbox in
            let statement = try Statement.encode(
                Samples.provenance,
                .provenance,
                name: "shop",
                digest: Samples.digest
            )
            try Files.write(statement, to: sandbox.path.appending("statement.json"))
            let said = try await PythonPeers.run(
                """
                import json
                from google.protobuf import json_format
                from in_toto_attestation.predicates.provenance.v1 import provenance_pb2 as pb
                predicate = json.load(open("statement.json"))["predicate"]
                message = json_format.ParseDict(predicate, pb.Provenance())
                build = message.build_definition
                print(build.build_type, message.run_details.builder.id, message.run_details.builder.version["kiln"])
                print([d.uri for d in build.resolved_dependencies], len(message.run_details.byproducts))
                """,
                in: sandbox
            )
            #expect(
                said == """
                    https://kiln.dev/bake/v1 https://kiln.dev/kiln 0.1.0
                    ['git+https://git.example.org/shop.git', 'pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64'] 1

                    """
            )
        }
    }

    @Test func `what is signed there is read and verified here`() async throws {
        try await Sandbox.with { sandbox in
            try await PythonPeers.run(
                """
                import json
                from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
                from cryptography.hazmat.primitives.asymmetric import ec
                from securesystemslib.dsse import Envelope
                from securesystemslib.signer import CryptoSigner
                from in_toto_attestation.v1.statement import Statement
                from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
                from google.protobuf import json_format
                subject = ResourceDescriptor(name="shop", digest={"sha256": "\(Samples.digest.hex)"}).pb
                statement = Statement([subject], "https://slsa.dev/provenance/v1", {"x": 1})
                statement.validate()
                signer = CryptoSigner.generate_ecdsa()
                envelope = Envelope(json_format.MessageToJson(statement.pb).encode(), "application/vnd.in-toto+json", {})
                envelope.sign(signer)
                json.dump(envelope.to_dict(), open("envelope.json", "w"))
                open("key.pub", "w").write(signer.public_key.keyval["public"])
                """,
                in: sandbox
            )
            let key = try VerificationKey(pem: try Files.readText(sandbox.path.appending("key.pub")))
            var evidence = Evidence()
            evidence.envelopes = [try Files.read(sandbox.path.appending("envelope.json"))]
            let policy = SignaturePolicy(
                signers: [Signer(name: "ci", keys: [key])],
                statement: .provenance
            )
            #expect(policy.judge(Samples.digest, evidence).isSatisfied)
            #expect(!policy.judge(Digest(of: "other"), evidence).isSatisfied)
        }
    }
}

/// Python's packages that install-deps puts aside.
enum PythonPeers {
    static let python = FilePath("/usr/local/share/kiln-peers/bin/python3")

    static var areInstalled: Bool {
        let packages = (try? Files.list("/usr/local/share/kiln-peers/lib")) ?? []
        return packages.contains { version in
            Files.exists(
                FilePath("/usr/local/share/kiln-peers/lib/\(version)/site-packages/securesystemslib")
            )
                && Files.exists(
                    FilePath("/usr/local/share/kiln-peers/lib/\(version)/site-packages/in_toto_attestation")
                )
        }
    }

    @discardableResult
    static func run(_ script: String, in sandbox: Sandbox) async throws -> String {
        try await ToolRunner().run(
            ToolInvocation(python.string, ["-c", script], workingDirectory: sandbox.path)
        ).text
    }
}
