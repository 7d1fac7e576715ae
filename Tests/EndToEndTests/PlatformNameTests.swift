import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized, .enabled(if: WebApp.isPossible, "needs busybox-static"))
struct `A fleet of an image of several platforms` {
    #if arch(arm64)
    private static let host = "linux/arm64"
    #else
    private static let host = "linux/amd64"
    #endif

    /// The service's image for this machine, and for another that plays no part but in the name.
    private static func release(_ version: String, _ app: WebApp) throws {
        try app.release(version, instances: 1)
        let text = try Files.readText(app.kiln.project.appending("kiln.yaml"))
        try app.kiln.write(
            text.replacing(
                "from: tar:root.tar",
                with: "from: tar:root.tar\n    platforms: [\(Self.host), linux/s390x]"
            ),
            to: "kiln.yaml"
        )
    }

    @Test func `runs what was baked last for this machine, and sends no older image`() async throws {
        try await Sandbox.with { sandbox in
            let app = try await WebApp(KilnProcess(sandbox), port: 8547)
            let kiln = app.kiln
            sandbox.onExit { try await kiln.run("destroy", "web", "--volumes") }
            try Self.release("1", app)
            try await kiln.succeed("lock")
            // An apply bakes for this machine alone.
            let applied = try await kiln.succeed("apply")
            #expect(applied.messages.contains("linux/s390x is not baked"))
            #expect(try await app.get() == "version 1\n")
            #expect(try await kiln.succeed("deploy", "web").messages.contains("nothing to do"))
            try await kiln.succeed("bake")
            #expect(try await kiln.succeed("image", "show", "web").output.contains("index"))

            try Self.release("2", app)
            try await kiln.succeed("apply")
            #expect(try await app.get() == "version 2\n")
            try await kiln.succeed("deploy", "web")
            #expect(try await app.get() == "version 2\n")
            let refused = try await kiln.run("image", "push", "web", "127.0.0.1:1/web:1")
            #expect(
                refused.code == 2 && refused.messages.contains("web@\(Self.host)"),
                "\(refused.messages)"
            )

            try await kiln.succeed("image", "remove", "root")
            let names = try await kiln.succeed("image", "list").output
            #expect(!names.contains("root") && names.contains("web@\(Self.host)"))
        }
    }

    @Test func `is listed and cleaned up though an index holds no image`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            try kiln.write(
                "kiln: 1\nimages:\n  base: {from: scratch, files: [{source: kiln.yaml, target: /base}]}\n",
                to: "kiln.yaml"
            )
            try await kiln.succeed("lock")
            try await kiln.succeed("bake")
            // As a pull from anywhere may have left it.
            let script = """
                cd \(kiln.home.images); type=application/vnd.oci.image.index.v1+json
                printf '{"schemaVersion":2,"mediaType":"%s","manifests":[]}' $type > odd
                digest=$(sha256sum odd | cut -d' ' -f1); size=$(stat -c %s odd); mv odd blobs/sha256/$digest
                entry='{"mediaType":"'$type'","digest":"sha256:'$digest'","size":'$size
                entry=$entry',"annotations":{"org.opencontainers.image.ref.name":"odd"}},'
                sed -i 's|"manifests":\\[|&'"$entry"'|' index.json
                """
            try await ToolRunner().run(ToolInvocation("bash", ["-ec", script]))
            #expect(try await kiln.succeed("image", "list").output.contains("no image"))
            try await kiln.succeed("image", "sizes")
            try await kiln.succeed("gc")
            #expect(try await kiln.run("image", "show", "odd").code == 2)

            // Of what is not here at all it is said what that means.
            let digest = "sha256:" + String(repeating: "f", count: 64)
            let revoked = try await kiln.succeed("image", "revoke", digest, "--why", "it leaks")
            #expect(revoked.messages.contains("cannot be told which images"))
            try await kiln.succeed("image", "revoke", digest, "--undo", "--why", "it does not")
            #expect(try await kiln.run("image", "revoke", digest, "--undo", "--why", "x").code == 2)
        }
    }
}
