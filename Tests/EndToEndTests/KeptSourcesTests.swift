import FoundationEssentials
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// What was locked stays fetchable, whoever else drops it.
@Suite(
    .serialized,
    .enabled(
        if: TestRegistry.isInstalled && TinyArchive.isPossible,
        "needs docker-registry and busybox-static"
    )
)
struct `Kept sources` {
    @Test func `bring back the same digests on an empty machine when every pool URL is gone`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TinyArchive.make(in: sandbox)
            try await PackageServer.with(archive.root) { server in
                try await TestRegistry.with(sandbox, port: 8531, login: ("me", "right")) { registry in
                    let auth = Data("me:right".utf8).base64EncodedString()
                    let logins = try sandbox.write(
                        #"{"auths": {"\#(registry.host)": {"auth": "\#(auth)"}}}"#,
                        to: "auth.json"
                    )
                    var first = try KilnProcess(sandbox)
                    first.environment["REGISTRY_AUTH_FILE"] = logins.string
                    try write(first, archive, mirror: server.url, sources: "\(registry.host)/kept/app")
                    try await first.succeed("lock")
                    let baked = try await first.succeed("bake").output
                    let push = try await first.succeed("image", "push", "app", "\(registry.host)/kept/app:1")
                    #expect(push.messages.contains("sources: 5 files kept with it"))

                    try archive.dropAll()
                    var second = try KilnProcess(sandbox, project: "second", home: "second-home")
                    try await copy(first, to: second)
                    let stranger = try await second.run("bake")
                    #expect(stranger.code == 1)
                    #expect(stranger.messages.contains("note: \(registry.host) does not allow"))
                    second.environment["REGISTRY_AUTH_FILE"] = logins.string
                    #expect(try await second.succeed("bake").output == baked)

                    let third = try KilnProcess(sandbox, project: "third", home: "third-home")
                    try await copy(first, to: third)
                    try write(third, archive, mirror: server.url, sources: nil)
                    let refused = try await third.run("bake")
                    #expect(refused.code == 1)
                    #expect(refused.messages.contains("archive \"own\" no longer has"))
                    #expect(refused.messages.contains("sources:"))
                }
            }
        }
    }

    @Test func `are found from the image, sent once, and left out when asked`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TinyArchive.make(in: sandbox)
            try await TestRegistry.with(sandbox, port: 8532) { registry in
                let kiln = try KilnProcess(sandbox)
                try write(kiln, archive, mirror: "file://\(archive.root)", sources: nil)
                try await kiln.succeed("lock")
                let baked = try await kiln.succeed("bake").output
                let target = "\(registry.host)/kept/app"
                let alone = try await kiln.succeed("image", "push", "app", "\(target):1", "--no-sources")
                #expect(!alone.messages.contains("sources"))
                try await kiln.succeed("image", "push", "app", "\(target):1")
                let again = try await kiln.succeed("image", "push", "app", "\(target):2")
                #expect(again.messages.contains("sources: 5 files kept with it, 0 B sent;"))

                try dropPackages(of: kiln)
                let elsewhere = try await kiln.run("image", "push", "app", "\(registry.host)/other/app:1")
                #expect(elsewhere.code == 1)
                #expect(elsewhere.messages.contains("is neither here nor in \(registry.host)/other/app"))
                #expect(!elsewhere.messages.contains("push "))
                try await kiln.succeed("image", "push", "app", "\(target):3")

                let digest = try #require(baked.split(separator: "\n").last?.split(separator: " ").last)
                let hex = digest.dropFirst("sha256:".count)
                let inspect = ["inspect", "--tls-verify=false", "--raw", "docker://\(target):sha256-\(hex)"]
                let index = try await ToolRunner().run(ToolInvocation("skopeo", inspect)).text
                // Beside the provenance, which goes along too.
                #expect(index.ranges(of: "application/vnd.kiln.sources.v1").count == 1)
                let shown = ["inspect", "--tls-verify=false", "--format={{.Digest}}", "docker://\(target):2"]
                #expect(try await ToolRunner().run(ToolInvocation("skopeo", shown)).text == "\(digest)\n")
            }
        }
    }

    @Test func `are passed over with a note when their registry does not answer`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TinyArchive.make(in: sandbox)
            let kiln = try KilnProcess(sandbox)
            try write(kiln, archive, mirror: "file://\(archive.root)", sources: "127.0.0.1:9/kept/app")
            let locked = try await kiln.succeed("lock")
            #expect(locked.messages.contains("note: 127.0.0.1:9 cannot be reached"))
            #expect(locked.messages.contains("going on without the sources in 127.0.0.1:9/kept/app"))
            try await kiln.succeed("bake")
        }
    }

    private func dropPackages(of kiln: KilnProcess) throws {
        try Files.remove(kiln.home.packages)
        try Files.createDirectory(kiln.home.packages)
    }

    private func write(
        _ kiln: KilnProcess,
        _ archive: TinyArchive,
        mirror: String,
        sources: String?
    ) throws {
        try Files.write(try Files.read(archive.keyring), to: kiln.project.appending("key.gpg"))
        try kiln.write("hello\n", to: "page")
        try kiln.write(
            """
            kiln: 1
            \(sources.map { "sources: [\"\($0)\"]" } ?? "")
            archives:
              own: {mirror: "\(mirror)", suites: [test], keyring: key.gpg}
            images:
              base: {from: archive:own, packages: [greeting]}
              app: {from: image:base, files: [{source: page, target: /page}], entrypoint: [/bin/sh]}

            """,
            to: "kiln.yaml"
        )
    }

    private func copy(_ first: KilnProcess, to second: KilnProcess) async throws {
        try await ToolRunner().run(
            ToolInvocation("cp", ["-r", first.project.appending(".").string, second.project.string])
        )
    }
}
