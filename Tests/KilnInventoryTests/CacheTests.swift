import KilnArchive
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnInventory

@Suite struct `What was found in a layer` {
    private static let status = "var/lib/dpkg/status"

    private func made(
        _ sandbox: Sandbox,
        encoding: LayerEncoding = .standard
    ) async throws -> (first: Inventory, file: FilePath) {
        try await Samples.image(
            "shop",
            in: ImageStore(home: sandbox.home),
            encoding: encoding,
            layers: [
                [
                    "etc/os-release": .text(Samples.debian),
                    Self.status: Samples.dpkg(("a", "1"), ("b", "2")),
                    "var/lib/dpkg/info/a.list": .text("/bin/a\n"), "usr/bin/a": .text("x"),
                    "usr/share/doc/a/copyright": .text("License: MIT\n"),
                    "opt/node_modules/broken/package.json": .text("{"), "opt/x": .text("x"),
                    "opt/link": .link("x"), "old": .removed,
                ]
            ]
        )
        let first = try await Inventory.read(.image("shop"), home: sandbox.home)
        let kept = LayerInventories(home: sandbox.home)
        return (first, kept.path(for: first.layers[0].diffID))
    }

    @Test func `is the same when it is kept`() async throws {
        try await Sandbox.with { sandbox in
            let (first, file) = try await made(sandbox)
            #expect(Files.facts(file)?.mode == 0o600)
            // The layer itself is no longer needed.
            let store = ImageStore(home: sandbox.home)
            let manifest = try store.manifest(try store.resolve("shop").digest).value
            try Files.write([], to: store.blobPath(manifest.layers[0].digest))
            #expect(try await Inventory.read(.image("shop"), home: sandbox.home) == first)
            #expect(first.notes.map(\.path) == ["opt/node_modules/broken/package.json"])
            let unowned = first.unowned.map(\.path)
            #expect(unowned.contains("opt/x") && !unowned.contains("usr/bin/a"))
        }
    }

    @Test func `is found anew when what is kept is damaged, cut off, of another layer or another format`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let (first, file) = try await made(sandbox)
            let good = try Files.read(file)
            var numbers = SeededNumbers(5)
            var spoilt = (0..<20).map { _ in Damage.damaged(good, keeping: 0, &numbers) }
            spoilt.append([])
            spoilt.append(Array("kiln-inventory 0".utf8) + good.dropFirst(16))
            for bytes in spoilt where bytes != good {
                try Files.write(bytes, to: file, synced: false)
                #expect(try await Inventory.read(.image("shop"), home: sandbox.home) == first)
                #expect(try Files.read(file) == good)
            }
        }
    }

    @Test func `is parsed from anything without a crash`() async throws {
        try await Sandbox.with { sandbox in
            let (_, file) = try await made(sandbox)
            let bytes = try Files.read(file)
            let body = Array(bytes[(bytes.firstIndex(of: 0x0A) ?? 0)...].dropFirst())
            let whole = try #require(LayerFacts(parsing: body[...]))
            #expect(whole.encode() == body)
            var numbers = SeededNumbers(6)
            for _ in 0..<3000 {
                _ = LayerFacts(parsing: Damage.damaged(body, keeping: 0, &numbers)[...])
            }
        }
    }

    @Test func `goes with the layer`() async throws {
        try await Sandbox.with { sandbox in
            let (_, file) = try await made(sandbox)
            let collector = GarbageCollector(home: sandbox.home, retention: ImageRetention())
            try await collector.collect { .init(roots: [], packages: nil) }
            #expect(Files.exists(file))
            try await ImageStore(home: sandbox.home).remove("shop")
            try await collector.collect { .init(roots: [], packages: nil) }
            #expect(!Files.exists(file))
        }
    }

    @Test func `is that of the archive, the layout and the store alike`() async throws {
        try await Sandbox.with { sandbox in
            // Docker's archives hold no zstd.
            let (first, _) = try await made(sandbox, encoding: .gzip())
            let layout = sandbox.home.images
            let script = """
                set -e; cd \(sandbox.path)
                skopeo copy -q oci:\(layout):shop docker-archive:docker.tar:shop:1
                skopeo copy -q oci:\(layout):shop oci-archive:oci.tar:shop:1
                gzip -k docker.tar
                """
            if ExecutableSearch.find("skopeo") != nil {
                try await ToolRunner().run(ToolInvocation("bash", ["-c", script]))
                for file in ["docker.tar", "oci.tar", "docker.tar.gz"] {
                    let found = try await Inventory.read(
                        .archive(sandbox.path.appending(file)),
                        home: KilnHome(root: sandbox.path.appending("fresh"))
                    )
                    #expect(found.entries == first.entries && found.unowned == first.unowned)
                    #expect(found.layers.map(\.diffID) == first.layers.map(\.diffID))
                }
            }
            let found = try await Inventory.read(.layout(layout, tag: nil), home: sandbox.home)
            #expect(found.entries == first.entries && found.digest == first.digest)
            await #expect(throws: InventoryError.self) {
                try await Inventory.read(.layout(layout, tag: "none"), home: sandbox.home)
            }
        }
    }
}
