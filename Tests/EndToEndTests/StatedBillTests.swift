import FoundationEssentials
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized) struct `Bills of materials beside an image` {
    private static let definition = """
        kiln: 1
        images:
          app: {from: scratch, files: [{source: root, target: /}]}

        """

    private func project(_ sandbox: Sandbox) async throws -> KilnProcess {
        var kiln = try KilnProcess(sandbox)
        kiln.environment["KILN_KEY_PASSPHRASE"] = "correct horse"
        try kiln.write(Self.definition, to: "kiln.yaml")
        try kiln.write("ID=debian\nVERSION_ID=12\nVERSION_CODENAME=bookworm\n", to: "root/etc/os-release")
        try kiln.write(
            "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nSource: zlib\nVersion: 1:1.2\n",
            to: "root/var/lib/dpkg/status"
        )
        try kiln.write(
            "Metadata-Version: 2.1\nName: flask\nVersion: 3.0\nLicense: BSD-3-Clause\n",
            to: "root/usr/lib/python3/dist-packages/flask-3.0.dist-info/METADATA"
        )
        try await kiln.succeed("lock")
        try await kiln.succeed("bake")
        try await kiln.succeed("key", "generate", "--out", "ci")
        return kiln
    }

    private func told(_ kiln: KilnProcess, _ kind: String) async throws -> KilnProcess.Result {
        try await kiln.run("image", "verify-signature", "app", "--key", "ci.pub", "--attestation", kind)
    }

    @Test func `are stated and signed with it, once, and told when they are verified`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try await project(sandbox)
            try await kiln.succeed("image", "sign", "app", "--key", "ci.key", "--no-sbom")
            #expect(try await told(kiln, "sbom").code == 3)
            let one = try await kiln.succeed("image", "sign", "app", "--key", "ci.key", "--sbom", "spdx")
            #expect(one.messages.contains("with its provenance and spdx"), "\(one.messages)")
            #expect(try await told(kiln, "sbom").code == 3)
            let spdx = try await told(kiln, "spdx")
            #expect(spdx.code == 0 && spdx.output.contains("bill of materials: 2 packages (SPDX-2.3)"))
            let both = try await kiln.succeed("image", "sign", "app", "--key", "ci.key")
            #expect(both.messages.contains("with its provenance and sbom and spdx"), "\(both.messages)")
            let again = try await kiln.succeed("image", "sign", "app", "--key", "ci.key")
            #expect(again.messages.contains("was signed before"))
            let cyclonedx = try await told(kiln, "https://cyclonedx.org/bom")
            #expect(cyclonedx.output.contains("bill of materials: 2 packages (CycloneDX 1.6)"))
            #expect(cyclonedx.output.split(separator: "\n").count == 3, "stated once: \(cyclonedx.output)")
            // Another image's statement is none of this one's.
            try kiln.write("x\n", to: "root/etc/x")
            try await kiln.succeed("bake")
            #expect(try await told(kiln, "sbom").code == 3)
            try await kiln.succeed("bake", "--sign-key", "ci.key")
            #expect(try await told(kiln, "sbom").code == 0)
        }
    }

    /// in-toto's and OWASP's own libraries as the other party, on what lies in the layout.
    @Test(
        .enabled(
            if: Files.exists("/usr/local/share/kiln-peers/bin/pyspdxtools"),
            "needs scripts/install-deps tests"
        ),
        .timeLimit(.minutes(3))
    )
    func `are verified by securesystemslib, and are what CycloneDX and SPDX ask for`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try await project(sandbox)
            let digest = try await kiln.succeed("image", "sign", "app", "--key", "ci.key").output
                .split(separator: "\n")[0]
            let script = #"""
                import glob, json, sys
                from cryptography.hazmat.primitives.serialization import load_pem_public_key
                from securesystemslib.dsse import Envelope
                from securesystemslib.signer import SSlibKey
                from in_toto_attestation.v1.statement import Statement
                import in_toto_attestation.v1.statement_pb2 as pb
                from google.protobuf import json_format
                from cyclonedx.schema import SchemaVersion
                from cyclonedx.validation.json import JsonStrictValidator
                blobs, digest = sys.argv[1], sys.argv[2]
                read = lambda d: json.load(open(blobs + d.split(":")[1]))
                index = json.load(open(blobs + "../../index.json"))
                kinds = []
                for entry in index["manifests"]:
                    manifest = read(entry["digest"])
                    if manifest.get("subject", {}).get("digest") != digest: continue
                    for layer in manifest["layers"]:
                        if layer["mediaType"] != "application/vnd.dsse.envelope.v1+json": continue
                        envelope = Envelope.from_dict(read(layer["digest"]))
                        pem = open("ci.pub", "rb").read()
                        key = SSlibKey.from_crypto(load_pem_public_key(pem), keyid=list(envelope.signatures)[0])
                        assert len(envelope.verify([key], 1)) == 1
                        message = json_format.Parse(envelope.payload, pb.Statement())
                        Statement.copy_from_pb(message).validate()
                        assert message.subject[0].digest["sha256"] == digest.split(":")[1]
                        assert message.subject[0].name == "app"
                        assert layer["annotations"]["predicateType"] == message.predicate_type
                        predicate = json.loads(envelope.payload)["predicate"]
                        kinds.append(message.predicate_type)
                        if message.predicate_type == "https://cyclonedx.org/bom":
                            error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(predicate))
                            assert not error, error
                        if message.predicate_type == "https://spdx.dev/Document":
                            json.dump(predicate, open("bill.spdx.json", "w"))
                print(*sorted(kinds), sep="\n")
                """#
            try kiln.write(script, to: "check.py")
            let blobs = kiln.home.images.appending("blobs/sha256").string + "/"
            let said = try await ToolRunner().run(
                ToolInvocation(
                    "/usr/local/share/kiln-peers/bin/python3",
                    ["check.py", blobs, String(digest)],
                    workingDirectory: kiln.project
                )
            )
            #expect(
                said.text == """
                    https://cyclonedx.org/bom
                    https://slsa.dev/provenance/v1
                    https://spdx.dev/Document

                    """
            )
            let spdx = try await ToolRunner().runUnchecked(
                ToolInvocation(
                    "/usr/local/share/kiln-peers/bin/pyspdxtools",
                    ["-i", "bill.spdx.json"],
                    workingDirectory: kiln.project
                )
            )
            #expect(spdx.status == .exited(0), "\(spdx.text)\(spdx.errorText)")
        }
    }
}
