import KilnAdvisories
import KilnArchive
import KilnDiagnostics
import KilnOCI
import KilnSBOM
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnInventory

@Suite struct `The inventory of an image` {
    private func made(_ sandbox: Sandbox) async throws -> (whole: Inventory, file: FilePath) {
        try await Samples.image(
            "shop",
            in: ImageStore(home: sandbox.home),
            made: ["packages of shop", "files of shop"],
            layers: [
                [
                    "etc/os-release": .text(Samples.debian),
                    "var/lib/dpkg/status": Samples.dpkg(("a", "1"), ("b", "2"), ("python3-x", "3")),
                    "var/lib/dpkg/info/python3-x.list": .text(
                        "/usr/lib/python3/dist-packages/x-3.dist-info/METADATA\n"
                    ),
                    "usr/lib/python3/dist-packages/x-3.dist-info/METADATA": .text("Name: x\nVersion: 3\n"),
                    "usr/share/doc/a/copyright": .text("License: MIT\n"),
                ],
                [
                    "opt/node_modules/y/package.json": .text(#"{"name": "y", "version": "1.0.0"}"#),
                    "opt/node_modules/broken/package.json": .text("{"), "opt/x": .text("x"),
                ],
            ]
        )
        let whole = try await read(sandbox)
        return (whole, ImageInventories(home: sandbox.home).path(for: try #require(whole.digest)))
    }

    private func read(_ sandbox: Sandbox, files: Bool = false) async throws -> Inventory {
        try await Inventory.read(.image("shop"), home: sandbox.home, files: files)
    }

    /// Nothing of the layers can be read any more.
    private func spoilLayers(_ sandbox: Sandbox) throws {
        let store = ImageStore(home: sandbox.home)
        let manifest = try store.manifest(try store.resolve("shop").digest).value
        for layer in manifest.layers { try Files.write([], to: store.blobPath(layer.digest)) }
        for name in try Files.list(sandbox.home.layers) where name.hasSuffix(LayerFile.inventorySuffix) {
            try Files.remove(sandbox.home.layers.appending(name))
        }
    }

    @Test func `is answered from what is kept of it, when no layer can be read any more`() async throws {
        try await Sandbox.with { sandbox in
            let (whole, file) = try await made(sandbox)
            #expect(whole.entries.count == 5 && whole.notes.count == 1 && whole.unowned.isEmpty)
            #expect(whole.entries.contains { $0.owner == "python3-x" })
            #expect(try await !read(sandbox, files: true).unowned.isEmpty)
            #expect(Files.facts(file)?.mode == 0o600)
            try spoilLayers(sandbox)
            #expect(try await read(sandbox) == whole)
            let judged = ImageInventories(home: sandbox.home).judged(of: try #require(whole.digest))
            #expect(judged == whole.judged && judged?.packages.count == 4, "x is python3-x's own")
            #expect(judged?.brought.map(\.package.name) == ["x"])
            #expect(judged?.brought.map(\.owner.name) == ["python3-x"])
            #expect(judged?.notes.count == 1)
            await #expect(throws: (any Error).self) { try await read(sandbox, files: true) }
        }
    }

    @Test func `names all that brought the same, also from what is kept of it`() async throws {
        try await Sandbox.with { sandbox in
            func metadata(_ folder: String) -> String { "usr/lib/\(folder)/x-3.dist-info/METADATA" }
            try await Samples.image(
                "shop",
                in: ImageStore(home: sandbox.home),
                made: ["packages of shop"],
                layers: [
                    [
                        "etc/os-release": .text(Samples.debian),
                        "var/lib/dpkg/status": Samples.dpkg(("python3-x", "3"), ("vendor", "1")),
                        "var/lib/dpkg/info/python3-x.list": .text("/\(metadata("a"))\n"),
                        "var/lib/dpkg/info/vendor.list": .text("/\(metadata("b"))\n"),
                        metadata("a"): .text("Name: x\nVersion: 3\n"),
                        metadata("b"): .text("Name: x\nVersion: 3\n"),
                    ]
                ]
            )
            let whole = try await read(sandbox)
            #expect(whole.judged.brought.map(\.owner.name) == ["python3-x", "vendor"])
            let image = try #require(whole.digest)
            #expect(ImageInventories(home: sandbox.home).judged(of: image) == whole.judged)
            #expect(try await read(sandbox) == whole)
        }
    }

    @Test func `is taken anew when what is kept is damaged, cut off, of another image or another format`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let (whole, file) = try await made(sandbox)
            let good = try Files.read(file)
            var numbers = SeededNumbers(11)
            var spoilt = (0..<40).map { _ in Damage.damaged(good, keeping: 0, &numbers) }
            spoilt += [
                [], Array(good.dropLast()), Array("kiln-image-inventory 0.0".utf8) + good.dropFirst(24),
            ]
            let other = Digest(of: "other").description
            let text = String(decoding: good.prefix(200), as: UTF8.self)
            let digest = try #require(whole.digest).description
            spoilt.append(Array(text.replacing(digest, with: other).utf8) + good.dropFirst(200))
            for bytes in spoilt where bytes != good {
                try Files.write(bytes, to: file, synced: false)
                #expect(try await read(sandbox) == whole)
                #expect(try Files.read(file) == good, "and kept again")
            }
        }
    }

    @Test func `is parsed from anything without a crash`() async throws {
        try await Sandbox.with { sandbox in
            let (whole, file) = try await made(sandbox)
            let bytes = try Files.read(file)
            let body = Array(bytes[(bytes.firstIndex(of: 0x0A) ?? 0)...].dropFirst())
            let digest = try #require(whole.digest)
            let parsed = try #require(Inventory(parsing: body[...], subject: "shop", digest: digest))
            #expect(parsed == whole && parsed.encode() == body)
            var numbers = SeededNumbers(12)
            for _ in 0..<3000 {
                let damaged = Damage.damaged(body, keeping: 0, &numbers)
                _ = Inventory(parsing: damaged[...], subject: "shop", digest: digest)
            }
            for length in 0..<body.count {
                #expect(Inventory(parsing: body[..<length], subject: "shop", digest: digest) == nil)
            }
        }
    }

    @Test(arguments: BillFormat.allCases)
    func `gives one bill of materials, alone and as a part of something else`(
        _ format: BillFormat
    ) async throws {
        try await Sandbox.with { sandbox in
            let (whole, _) = try await made(sandbox)
            let bill = BillOfMaterials(whole, version: "1")
            let bytes = try bill.encode(format)
            #expect(try CanonicalJSON.encodePretty(bill.document(format)) == bytes)
            #expect(!String(decoding: bytes, as: UTF8.self).contains("00000000-0000"))
            var other = whole
            other.subject = "shop:2"
            #expect(try BillOfMaterials(other, version: "1").encode(format) != bytes)
        }
    }

    @Test func `goes with the image, and so does what a kill left of its writing`() async throws {
        try await Sandbox.with { sandbox in
            let (whole, file) = try await made(sandbox)
            let draft = sandbox.home.inventories.appending(".\(file.lastComponent?.string ?? "").1.1.tmp")
            try Files.write(Array(try Files.read(file).prefix(100)), to: draft)
            #expect(try await read(sandbox) == whole)
            let survey = sandbox.home.secretSurveys.appending(whole.layers[0].diffID.hex)
            try Files.createDirectory(sandbox.home.secretSurveys)
            try Files.write([], to: survey)
            let collector = GarbageCollector(home: sandbox.home, retention: ImageRetention())
            try await collector.collect { .init(roots: [], packages: nil) }
            #expect(Files.exists(file) && !Files.exists(draft) && Files.exists(survey))
            try await ImageStore(home: sandbox.home).remove("shop")
            try await collector.collect { .init(roots: [], packages: nil) }
            #expect(!Files.exists(file) && !Files.exists(survey))
        }
    }

    @Test(arguments: ["", "hello", String(repeating: "no tar at all\n", count: 100)])
    func `is refused of a file that is no tar, plain or compressed, and one that is cut off is told apart`(
        _ text: String
    ) async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write(text, to: "image.tar")
            try await ToolRunner().run(ToolInvocation("gzip", ["-kf", file.string]))
            for path in [file, FilePath("\(file).gz")] {
                let error = await #expect(throws: InventoryError.self) {
                    try await Inventory.read(.archive(path), home: sandbox.home)
                }
                #expect(error?.reason == .notATar)
                #expect(error?.diagnostics.first?.message.contains("it is no tar") == true)
            }
        }
    }

    @Test func `of an archive that is cut off says that`() async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write(String(repeating: "x", count: 5000), to: "x")
            try await ToolRunner().run(
                ToolInvocation("tar", ["-C", sandbox.path.string, "-cf", "\(file).tar", "x"])
            )
            let bytes = try Files.read(FilePath("\(file).tar"))
            try Files.write(Array(bytes.prefix(3000)), to: FilePath("\(file).tar"))
            let error = await #expect(throws: ArchiveError.self) {
                try await Inventory.read(.archive(FilePath("\(file).tar")), home: sandbox.home)
            }
            #expect(error?.reason == .truncated)
        }
    }
}
