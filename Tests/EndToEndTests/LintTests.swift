import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `kiln lint` {
    private static let digest = "sha256:" + String(repeating: "0123456789abcdef", count: 4)

    @Test func `refuses what can be moved, says where, and is quiet about what is pinned`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            try Files.createDirectory(kiln.project.appending("node_modules"))
            try Files.write("FROM debian:latest\n", to: kiln.project.appending("Dockerfile"))
            try Files.write("FROM nginx\n", to: kiln.project.appending("node_modules/Dockerfile"))
            let found = try await kiln.run("lint")
            #expect(found.code == 3)
            #expect(found.output.hasPrefix("error: IL001 debian:latest: the tag latest is moved"))
            #expect(
                found.output.contains("--> Dockerfile:1:6") && found.output.contains("see docs/lint.md#il001")
            )
            #expect(found.messages == "1 error in 1 file\n")
            #expect(try await kiln.run("lint", "--fail-on", "never").code == 0)
            #expect(try await kiln.run("lint", "--rule", "IL020").code == 0)
            try Files.write("FROM debian:12.8@\(Self.digest)\n", to: kiln.project.appending("Dockerfile"))
            let clean = try await kiln.succeed("lint", ".")
            #expect(clean.output.isEmpty && clean.messages == "nothing found in 1 file\n")
        }
    }

    @Test func `tells wrong usage from what it cannot read`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            let missing = try await kiln.run("lint", "nowhere")
            #expect(missing.code == 2 && missing.messages.contains("there is no file or folder nowhere"))
            let rule = try await kiln.run("lint", "--rule", "IL01")
            #expect(rule.code == 2 && rule.messages.contains("did you mean IL001?"))
            #expect(try await kiln.run("lint", "--dry-run").code == 2)
            try Files.write("apiVersion: v1\nkind: Pod\n  x: y\n", to: kiln.project.appending("pod.yaml"))
            let unreadable = try await kiln.run("lint")
            #expect(unreadable.code == 1 && unreadable.messages.contains("pod.yaml:3:4"))
        }
    }

    @Test(arguments: ["json", "sarif", "junit", "markdown"])
    func `writes what other tools read`(format: String) async throws {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            try Files.write("FROM debian:12.8\n", to: kiln.project.appending("Dockerfile"))
            let result = try await kiln.run("lint", "--format", format)
            #expect(
                result.code == 3 && result.output.contains("IL002") && result.output.contains("Dockerfile")
            )
        }
    }

    @Test func `changes nothing without a digest to put in`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            let file = kiln.project.appending("Dockerfile")
            try Files.write("FROM registry.example.org/base:1.2\n", to: file)
            let nothing = try await kiln.run("lint", "--fix")
            #expect(nothing.code == 3 && nothing.messages.contains("nothing that can be fixed"))
            #expect(try Files.readText(file) == "FROM registry.example.org/base:1.2\n")
        }
    }

    @Test(
        .enabled(
            if: TestRegistry.isInstalled && Files.exists("/usr/bin/skopeo"),
            "needs docker-registry and skopeo"
        )
    )
    func `shows what it would repair, repairs it, and finds nothing afterwards`() async throws {
        try await Sandbox.with { sandbox in
            try await TestRegistry.with(sandbox, port: 8609) { registry in
                let digest = try await Self.publish(to: "\(registry.host)/vendor/base:1", sandbox)
                let kiln = try KilnProcess(sandbox)
                let (docker, pod) = (
                    kiln.project.appending("Dockerfile"), kiln.project.appending("deploy.yaml")
                )
                let image = "\(registry.host)/vendor/base:1"
                try Files.write("# mine\nFROM  \(image)  AS a # keep\n", to: docker, mode: 0o640)
                let manifest = """
                    apiVersion: apps/v1
                    kind: Deployment
                    spec:
                      template:
                        spec:
                          containers:
                            - name: web  # the one
                              image: \(image)

                    """
                try Files.write(manifest, to: pod)
                let shown = try await kiln.run("lint", "--fix", "--dry-run", "--registry")
                #expect(shown.code == 3)
                #expect(
                    shown.output.contains(
                        "-FROM  \(image)  AS a # keep\n+FROM  \(image)@\(digest)  AS a # keep"
                    )
                )
                #expect(try Files.readText(pod) == manifest)
                let fixed = try await kiln.succeed("lint", "--fix", "--registry")
                #expect(fixed.messages.contains("fixed Dockerfile\nfixed deploy.yaml\n"))
                #expect(try Files.readText(docker) == "# mine\nFROM  \(image)@\(digest)  AS a # keep\n")
                #expect(Files.facts(docker)?.mode == 0o640)
                let text = try Files.readText(pod)
                #expect(
                    text.contains("- securityContext:\n") || text.contains("readOnlyRootFilesystem: true")
                )
                #expect(
                    text.contains("mountPath: /data") && text.contains("sizeLimit: 64Mi")
                        && text.contains("# the one")
                )
                try await kiln.succeed("lint")
            }
        }
    }

    /// An image without layers that declares a volume; gives its digest.
    private static func publish(to image: String, _ sandbox: Sandbox) async throws -> String {
        let script = """
            import hashlib, json, os
            os.makedirs("layout/blobs/sha256")
            def blob(value):
                data = json.dumps(value).encode(); name = hashlib.sha256(data).hexdigest()
                open("layout/blobs/sha256/" + name, "wb").write(data)
                return {"digest": "sha256:" + name, "size": len(data)}
            oci = "application/vnd.oci.image."
            config = blob({"architecture": "amd64", "os": "linux", "config": {"Volumes": {"/data": {}}},
                           "rootfs": {"type": "layers", "diff_ids": []}})
            config["mediaType"] = oci + "config.v1+json"
            manifest = blob({"schemaVersion": 2, "mediaType": oci + "manifest.v1+json", "config": config, "layers": []})
            manifest["mediaType"] = oci + "manifest.v1+json"
            json.dump({"schemaVersion": 2, "manifests": [manifest]}, open("layout/index.json", "w"))
            json.dump({"imageLayoutVersion": "1.0.0"}, open("layout/oci-layout", "w"))
            print(manifest["digest"])
            """
        let made = try await ToolRunner().run(
            ToolInvocation("python3", ["-c", script], workingDirectory: sandbox.path)
        )
        try await ToolRunner().run(
            ToolInvocation(
                "skopeo",
                ["copy", "--quiet", "--dest-tls-verify=false", "oci:layout", "docker://\(image)"],
                workingDirectory: sandbox.path
            )
        )
        return String(made.text.prefix { !$0.isNewline })
    }
}
