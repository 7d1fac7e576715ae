import FoundationEssentials
import Glibc
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// Images that stand on images of a registry.
@Suite(
    .serialized,
    .enabled(
        if: TestRegistry.isInstalled && WebApp.isPossible && Files.exists("/usr/bin/skopeo"),
        "needs docker-registry, skopeo and busybox-static"
    )
)
struct `Images on a registry's` {
    @Test func `take its layers as they are, run as it does, and move only when told`() async throws {
        try await Sandbox.with { sandbox in
            try await TestRegistry.with(sandbox, port: 8541) { registry in
                let vendor = try await Vendor(sandbox)
                try await vendor.publish("one", to: "\(registry.host)/vendor/base:1")
                let kiln = try KilnProcess(sandbox)
                try writeApp(kiln, on: "\(registry.host)/vendor/base:1")
                try await kiln.succeed("lock")
                let lock = try Files.readText(kiln.project.appending("kiln.lock"))
                #expect(lock.contains("base: {image: \"\(registry.host)/vendor/base:1\", index: "))
                let baked = try await kiln.succeed("bake").output
                let app = try await details(of: "app", kiln)
                let base = try await vendor.details()
                #expect(app.layers.prefix(base.layers.count).map(\.digest) == base.layers.map(\.digest))
                #expect(app.layers.count == base.layers.count + 2)
                #expect(app.entrypoint == ["/bin/busybox", "httpd", "-f"])
                #expect(app.user == "10001")
                #expect(app.environment.contains("FROM=vendor") && app.environment.contains("OWN=app"))

                try await vendor.publish("two", to: "\(registry.host)/vendor/base:1")
                try await kiln.succeed("lock")
                try await kiln.succeed("check")
                #expect(try await kiln.succeed("bake").output == baked)
                #expect(try await kiln.succeed("lock", "--update").output.contains("vendor/base:1"))
                #expect(try await kiln.succeed("bake").output != baked)
            }
        }
    }

    @Test func `have the same digest wherever they are copied`() async throws {
        try await Sandbox.with { sandbox in
            try await TestRegistry.with(sandbox, port: 8542) { registry in
                let vendor = try await Vendor(sandbox)
                try await vendor.publish("one", to: "\(registry.host)/vendor/base:1")
                let kiln = try KilnProcess(sandbox)
                try writeApp(kiln, on: "\(registry.host)/vendor/base:1")
                try await kiln.succeed("lock")
                let baked = try await kiln.succeed("bake").output
                let digest = try #require(baked.split(whereSeparator: \.isWhitespace).last)
                try await kiln.succeed("image", "push", "app", "\(registry.host)/a/app:1")
                try await ToolRunner().run(
                    ToolInvocation(
                        "skopeo",
                        [
                            "copy", "--quiet", "--src-tls-verify=false", "--dest-tls-verify=false",
                            "docker://\(registry.host)/a/app:1", "docker://\(registry.host)/b/app:2",
                        ]
                    )
                )
                let other = try KilnProcess(sandbox, project: "other", home: "other-home")
                let pulled = try await other.succeed("image", "pull", "\(registry.host)/b/app:2").output
                #expect(pulled == "\(digest)\n")
            }
        }
    }

    @Test func `are baked anew when the base's own registry is gone`() async throws {
        try await Sandbox.with { sandbox in
            try await TestRegistry.with(sandbox, port: 8543) { kept in
                let first = try KilnProcess(sandbox)
                let second = try KilnProcess(sandbox, project: "second", home: "second-home")
                var baked = ""
                try await TestRegistry.with(sandbox, port: 8544) { upstream in
                    let vendor = try await Vendor(sandbox)
                    try await vendor.publish("one", to: "\(upstream.host)/vendor/base:1")
                    try writeApp(first, on: "\(upstream.host)/vendor/base:1", sources: "\(kept.host)/app")
                    try await first.succeed("lock")
                    baked = try await first.succeed("bake").output
                    try await first.succeed("gc")
                    let push = try await first.succeed("image", "push", "app", "\(kept.host)/app:1")
                    #expect(push.messages.contains("sources: 2 files kept with it"))
                }
                try await ToolRunner().run(
                    ToolInvocation(
                        "cp",
                        ["-r", first.project.appending(".").string, second.project.string]
                    )
                )
                #expect(try await second.succeed("bake").output == baked)
                try writeApp(second, on: "127.0.0.1:8544/vendor/base:1")
                try Files.remove(second.home.root)
                let refused = try await second.run("bake")
                #expect(refused.code == 1)
                #expect(refused.messages.contains("127.0.0.1:8544 cannot be reached"))
                #expect(refused.messages.contains("kiln.yaml:"))
            }
        }
    }

    @Test func `say which registry, tag or platform is missing`() async throws {
        try await Sandbox.with { sandbox in
            try await TestRegistry.with(sandbox, port: 8545) { registry in
                let kiln = try KilnProcess(sandbox)
                try writeApp(kiln, on: "\(registry.host)/vendor/none:1")
                let unknown = try await kiln.run("lock")
                #expect(unknown.code == 1)
                #expect(unknown.messages.contains("has no such thing"))
                #expect(unknown.messages.contains("kiln.yaml:"))
                #expect(!Files.exists(kiln.project.appending("kiln.lock")))
            }
        }
    }

    /// A blob of 96 MiB that does not compress, under a limit that lets no copy of it into memory.
    @Test func `go to a registry and come back in little memory`() async throws {
        try await Sandbox.with { sandbox in
            try await TestRegistry.with(sandbox, port: 8546) { registry in
                let kiln = try KilnProcess(sandbox)
                let file = kiln.project.appending("noise")
                try await ToolRunner().run(
                    ToolInvocation("sh", ["-c", "head -c 96M /dev/urandom > \(file)"])
                )
                try kiln.write(
                    "kiln: 1\nimages:\n  big: {from: scratch, files: [{source: noise, target: /noise}]}\n",
                    to: "kiln.yaml"
                )
                try await kiln.succeed("lock")
                try await kiln.succeed("bake")
                let target = "\(registry.host)/big:1"
                #expect(try await peakMebibytes(kiln, "image", "push", "big", target) < 80)
                let other = try KilnProcess(sandbox, project: "other", home: "other-home")
                #expect(try await peakMebibytes(other, "image", "pull", target) < 80)
            }
        }
    }

    /// Of kiln and of each tool that it ran, by getrusage(2).
    private func peakMebibytes(_ kiln: KilnProcess, _ arguments: String...) async throws -> Int {
        var invocation = try kiln.invocation(arguments)
        let script = """
            import resource, subprocess, sys
            subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
            print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
            """
        invocation.arguments = ["-c", script, invocation.executable] + invocation.arguments
        invocation.executable = "python3"
        let text = try await ToolRunner().run(invocation).text
        return try #require(text.split(whereSeparator: \.isWhitespace).last.flatMap { Int($0) })
    }

    private func writeApp(_ kiln: KilnProcess, on base: String, sources: String? = nil) throws {
        try kiln.write("hello\n", to: "page")
        try kiln.write("cat /www/index.html > /made\n", to: "make.sh")
        try kiln.write(
            """
            kiln: 1
            \(sources.map { "sources: [\"\($0)\"]" } ?? "")
            images:
              app:
                from: oci:\(base)
                env: {OWN: app}
                files: [{source: page, target: /page}]
                steps: [{run: make.sh}]

            """,
            to: "kiln.yaml"
        )
    }

    private func details(of image: String, _ kiln: KilnProcess) async throws -> Details {
        let text = try await kiln.succeed("image", "show", image, "--format", "json").output
        return try JSONDecoder().decode(Details.self, from: Data(text.utf8))
    }
}

private struct Details: Decodable {
    struct Layer: Decodable {
        let digest: String
    }

    let entrypoint: [String]
    let user: String?
    let environment: [String]
    let layers: [Layer]
}

/// Somebody else's image: of busybox, in gzip layers and Docker's own manifest format, put there by skopeo.
private struct Vendor {
    private let kiln: KilnProcess

    init(_ sandbox: Sandbox) async throws {
        kiln = try await WebApp(
            KilnProcess(sandbox, project: "vendor", home: "vendor-home"),
            port: 8547
        ).kiln
    }

    /// An image with this page.
    func publish(_ page: String, to target: String) async throws {
        try kiln.write("\(page)\n", to: "site/index.html")
        try kiln.write(
            """
            kiln: 1
            compression: gzip
            images:
              base:
                from: tar:root.tar
                files: [{source: site, target: /www}]
                env: {FROM: vendor}
                entrypoint: [/bin/busybox, httpd, -f]
                user: "10001"

            """,
            to: "kiln.yaml"
        )
        try await kiln.succeed("lock")
        try await kiln.succeed("bake")
        try await ToolRunner().run(
            ToolInvocation(
                "skopeo",
                [
                    "copy", "--quiet", "--dest-tls-verify=false", "--format", "v2s2",
                    "oci:\(kiln.home.images):base", "docker://\(target)",
                ]
            )
        )
    }

    func details() async throws -> Details {
        let text = try await kiln.succeed("image", "show", "base", "--format", "json").output
        return try JSONDecoder().decode(Details.self, from: Data(text.utf8))
    }
}
