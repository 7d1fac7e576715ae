import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.enabled(if: WebApp.isPossible, "needs root and the tools of the sandbox"))
struct `Images for another CPU` {
    @Test(
        .enabled("needs qemu-user-static, registered with the kernel") {
            let formats = try await BinaryFormats.registered()?.formats ?? []
            return formats.contains { $0.name == "qemu-aarch64" && $0.isEnabled && $0.isThereInEveryRoot }
        }
    )
    func `are installed and run their steps under qemu, and are what they say`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            try kiln.write(
                """
                kiln: 1
                archives:
                  debian: {mirror: host, suites: [bookworm], keyring: /usr/share/keyrings/debian-archive-keyring.gpg}
                images:
                  base: {from: archive:debian, platforms: [linux/arm64]}
                  app:
                    from: image:base
                    steps: [{run: machine.sh}]
                    ports: {http: 80}
                    entrypoint: [/bin/true]
                fleets:
                  app: {image: app, listen: 127.0.0.1:8499}

                """,
                to: "kiln.yaml"
            )
            try kiln.write("uname -m > /machine\ndpkg --print-architecture >> /machine\n", to: "machine.sh")
            try await kiln.succeed("lock")
            let baked = try await kiln.succeed("bake")
            #expect(baked.output.contains(/app@linux\/arm64 +sha256:/))
            let tree = sandbox.path.appending("tree")
            let image = "oci:\(kiln.home.images):app"
            try await ToolRunner().run(ToolInvocation("skopeo", ["copy", "--quiet", image, "dir:\(tree)"]))
            let script = "for blob in \(tree)/*; do tar --zstd -xOf $blob machine 2>/dev/null; done; true"
            let seen = try await ToolRunner().run(ToolInvocation("sh", ["-c", script]))
            #expect(seen.text == "aarch64\narm64\n")
            #expect(try await kiln.succeed("image", "show", "app").output.contains("platform    linux/arm64"))
            #expect(try await kiln.succeed("check").messages.contains("matches it"))
            // Instances of it would not start here.
            let refused = try await kiln.run("deploy", "app")
            #expect(refused.code == 2 && refused.messages.contains("image app is for linux/arm64"))
        }
    }
}
