import Glibc
import KilnArchive
import KilnDefinition
import KilnDiagnostics
import KilnLock
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@testable import KilnBake

@Suite struct `A layer of downloads` {
    /// An image with one download, which is in the store already: nothing is asked of a network.
    private static func bakery(
        _ sandbox: Sandbox,
        _ file: FilePath,
        _ change: (inout DownloadDefinition) -> Void = { _ in }
    ) async throws -> Bakery {
        var bakery = try Bakery(sandbox.path.appending("a"), home: sandbox.home)
        let (digest, size) = try FileDigest.measure(file)
        let copy = sandbox.path.appending("copy")
        try Files.write(try Files.read(file), to: copy)
        try await PackageStore(home: sandbox.home).adopt(copy, expecting: digest, size: size)
        var download = DownloadDefinition(
            url: "https://downloads.invalid/app.tar",
            sha256: digest,
            target: "/opt/app"
        )
        change(&download)
        var image = ImageDefinition(origin: .scratch)
        image.downloads = [download]
        bakery.definition.images = ["app": image]
        return bakery
    }

    private static func tar(_ sandbox: Sandbox, _ options: [String] = []) async throws -> FilePath {
        try sandbox.write("#!/bin/sh\n", to: "tree/app-1.0/bin/run", mode: 0o4755)
        try sandbox.write("text\n", to: "tree/app-1.0/doc/read me", mode: 0o600)
        symlink("../bin/run", sandbox.path.pushing("tree/app-1.0/doc/link").string)
        link(
            sandbox.path.pushing("tree/app-1.0/bin/run").string,
            sandbox.path.pushing("tree/app-1.0/bin/same").string
        )
        let tar = sandbox.path.appending("app.tar")
        try await ToolRunner().run(
            ToolInvocation(
                "tar",
                ["-C", sandbox.path.appending("tree").string] + options + ["-cf", tar.string, "app-1.0"]
            )
        )
        return tar
    }

    @Test func `puts a file where the definition says, owned by a user of the same image`() async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write("content", to: "file")
            var bakery = try await Self.bakery(sandbox, file) {
                $0.owner = "shop"
                $0.mode = 0o750
                $0.target = "/opt/shop/app.bin"
            }
            bakery.definition.images["app"]?.users = [UserDefinition(name: "shop", uid: 10001)]
            let image = try #require(try await bakery.bake().last)
            #expect(image.layers.map(\.kind) == [.downloads, .files])
            #expect(image.layers.first?.title == "kiln downloads /opt/shop/app.bin")
            let entry = try #require(try bakery.root(of: image)?.lookup("opt/shop/app.bin"))
            #expect(entry.uid == 10001 && entry.mode == 0o750 && entry.mtime == 0)
            #expect(entry.digest == Digest(of: "content"))
        }
    }

    @Test(arguments: ["", "--gzip", "--xz", "--zstd"])
    func `unpacks an archive`(compression: String) async throws {
        try await Sandbox.with { sandbox in
            let tar = try await Self.tar(sandbox, compression.isEmpty ? [] : [compression])
            let bakery = try await Self.bakery(sandbox, tar) {
                $0.unpack = true
                $0.strip = 1
            }
            let image = try #require(try await bakery.bake().last)
            let root = try #require(try bakery.root(of: image))
            #expect(root.lookup("opt/app/bin/run")?.mode == 0o755)
            #expect(root.lookup("opt/app/doc/read me")?.mode == 0o644)
            #expect(root.lookup("opt/app/doc/link")?.kind == .symlink(target: "../bin/run"))
            #expect(root.lookup("opt/app/bin/same")?.digest == root.lookup("opt/app/bin/run")?.digest)
            #expect(root.lookup("opt/app/app-1.0") == nil)
        }
    }

    @Test(
        arguments: [
            (["--transform", "s,^app-1.0/doc,../../doc,"], "unsafe"),
            (["--transform", "s,^app-1.0/doc,other,"], "strip"),
        ]
    )
    func `refuses what leaves its folder, and what cannot be stripped`(
        options: [String],
        word: String
    ) async throws {
        try await Sandbox.with { sandbox in
            let tar = try await Self.tar(sandbox, options + ["-P"])
            let bakery = try await Self.bakery(sandbox, tar) {
                $0.unpack = true
                $0.strip = 1
            }
            let error = try await #require(throws: BakeError.self) { try await bakery.bake() }
            #expect(error.diagnostic.code == "bake.download" && !error.diagnostic.causes.isEmpty)
            #expect(word != "strip" || error.diagnostic.causes[0].contains("app-1.0, other"))
            #expect(try bakery.leftovers == [])
        }
    }

    @Test func `that is no archive says so`() async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write("no tar at all", to: "file")
            let bakery = try await Self.bakery(sandbox, file) { $0.unpack = true }
            let error = try await #require(throws: BakeError.self) { try await bakery.bake() }
            #expect(error.diagnostic.code == "bake.download" && error.diagnostic.exitStatus == .usage)
        }
    }

    @Test func `stays when its URL or a file above it changes, and moves with its content's place`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write("content", to: "file")
            var bakery = try await Self.bakery(sandbox, file)
            try bakery.write("1", to: "f")
            bakery.definition.images["app"]?.files = [FileDefinition(source: "f", target: "/f")]
            let first = try #require(try await bakery.bake().last)
            bakery.definition.images["app"]?.downloads[0].url = "https://mirror.invalid/app.tar"
            try bakery.write("2", to: "f")
            let second = try #require(try await bakery.bake().last)
            #expect(second.layers.map(\.isCached) == [true, false])
            #expect(second.layers[0].diffID == first.layers[0].diffID)
            bakery.definition.images["app"]?.downloads[0].mode = 0o600
            let third = try #require(try await bakery.bake().last)
            #expect(third.layers[0].diffID != first.layers[0].diffID)
        }
    }

    @Test func `is not made of a kept file that is no longer what it was`() async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write("content", to: "file")
            let bakery = try await Self.bakery(sandbox, file)
            let lock = try await bakery.lock()
            let kept = PackageStore(home: sandbox.home).path(Digest(of: "content"))
            try Files.write("CONTENT", to: kept)
            await #expect(throws: StoreError.self) { try await bakery.bake(with: lock) }
            #expect(!Files.exists(kept))
        }
    }
}
