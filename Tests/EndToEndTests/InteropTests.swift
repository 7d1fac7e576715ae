import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.enabled(if: WebApp.isPossible, "needs busybox-static"))
struct `Other tools and the image layout` {
    private static func has(_ tool: String) -> Bool { Files.exists(FilePath("/usr/bin").appending(tool)) }

    @Test(.enabled(if: has("skopeo"), "needs skopeo"))
    func `skopeo inspects and copies a zstd image`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try await baked(sandbox)
            let layout = "oci:\(kiln.home.images):web"
            let inspected = try await ToolRunner().run(ToolInvocation("skopeo", ["inspect", layout]))
            #expect(inspected.text.contains("\"Architecture\""))
            let copy = sandbox.path.appending("copy")
            try await ToolRunner().run(ToolInvocation("skopeo", ["copy", "--quiet", layout, "dir:\(copy)"]))
            #expect(Files.exists(copy.appending("manifest.json")))
        }
    }

    @Test(.enabled(if: has("umoci") && has("skopeo"), "needs umoci and runc"))
    func `umoci unpacks a gzip image to a bundle that plain runc starts`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try await baked(sandbox, compression: "gzip")
            let bundle = sandbox.path.appending("bundle")
            try await ToolRunner().run(
                ToolInvocation("umoci", ["unpack", "--image", "\(kiln.home.images):web", bundle.string])
            )
            let configuration = try Files.readText(bundle.appending("config.json"))
            // Kiln's machines refuse to raise limits, and a test has no terminal.
            let script = """
                import json, sys
                value = json.loads(sys.stdin.read())
                value["process"]["terminal"] = False
                value["process"]["args"] = ["/bin/busybox", "cat", "/www/index.html"]
                value["process"].pop("rlimits", None)
                print(json.dumps(value))
                """
            let edited = try await ToolRunner().run(
                ToolInvocation("python3", ["-c", script], input: Array(configuration.utf8))
            )
            try Files.write(edited.standardOutput, to: bundle.appending("config.json"))
            let output = try await ToolRunner().run(
                ToolInvocation(
                    "runc",
                    [
                        "--root", sandbox.path.appending("runc").string, "run", "--bundle", bundle.string,
                        "kiln-interop",
                    ]
                )
            )
            #expect(output.text == "version 1\n")
        }
    }

    private func baked(_ sandbox: Sandbox, compression: String = "zstd") async throws -> KilnProcess {
        let kiln = try await WebApp(KilnProcess(sandbox), port: 8494).kiln
        let definition = try Files.readText(kiln.project.appending("kiln.yaml"))
        try kiln.write(definition + "compression: \(compression)\n", to: "kiln.yaml")
        try await kiln.succeed("lock")
        try await kiln.succeed("bake")
        return kiln
    }
}
