import KilnArchive
import KilnDiagnostics
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Keeping images` {
    @Test(arguments: [LayerEncoding.zstd(), .gzip()])
    func `skopeo inspects and copies the layout`(encoding: LayerEncoding) async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let made = try await SampleImage.make(
                "shop",
                in: store,
                encoding: encoding,
                layers: [["etc/a": "1"], ["etc/b": "2"]]
            )
            let said = try await SampleImage.shell(
                "skopeo inspect --format '{{.Digest}} {{.Layers}}' oci:\(sandbox.home.images):shop"
            )
            let layers = made.layers.map(\.digest.description).joined(separator: " ")
            #expect(said == "\(made.manifest.digest) [\(layers)]\n")
            let copy = sandbox.path.appending("copy")
            try await SampleImage.shell("skopeo copy -q oci:\(sandbox.home.images):shop dir:\(copy)")
            let blob = made.layers[1].digest
            #expect(try Digest(of: Files.read(copy.appending(blob.hex))) == blob)
            #expect(try Digest(of: Files.read(copy.appending("manifest.json"))) == made.manifest.digest)
        }
    }

    @Test func `umoci unpacks a gzip image with its whiteouts`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let lower = try await SampleImage.layer(
                ["etc/a": "1", "etc/gone": "x", "opt/old/f": "x"],
                in: store,
                encoding: .gzip()
            )
            let upper = try await store.ingestLayer(encoding: .gzip()) { writer in
                try writer.append(
                    TarEntry(path: "etc/a", kind: .file(size: 3), mode: 0o600),
                    content: [65, 66, 67]
                )
                try writer.append(TarEntry(path: "etc/l", kind: .symlink(target: "a"), mode: 0o777))
                try writer.append(TarEntry(path: "etc/h", kind: .hardlink(target: "etc/a"), mode: 0o600))
                try writer.appendWhiteout(of: "etc/gone")
                try writer.appendOpaqueMarker(in: "opt/old")
            }
            let manifest = try SampleImage.commit([lower, upper], in: store)
            try await store.tag("shop", manifest)
            let bundle = sandbox.path.appending("bundle")
            try await SampleImage.shell("umoci unpack --image \(sandbox.home.images):shop \(bundle)")
            let root = bundle.appending("rootfs")
            #expect(try Files.readText(root.appending("etc/h")) == "ABC")
            #expect(try Files.list(root.appending("etc")) == ["a", "h", "l"])
            #expect(try Files.list(root.appending("opt/old")) == [])
        }
    }

    @Test func `a layout that skopeo wrote is read`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let made = try await SampleImage.make("one", in: store, layers: [["a": "1"]])
            let other = KilnHome(root: sandbox.path.appending("other"))
            try Files.createDirectory(other.root)
            try await SampleImage.shell(
                "skopeo copy -q oci:\(sandbox.home.images):one oci:\(other.images):two"
            )
            let copy = ImageStore(home: other)
            #expect(try copy.resolve("two").digest == made.manifest.digest)
            #expect(try copy.config(copy.manifest(made.manifest.digest).value).value.os == "linux")
        }
    }

    @Test func `an image is found by name, version, digest and its first digits`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let one = try await SampleImage.make("shop:1.0", in: store, layers: [["a": "1"]]).manifest
            let two = try await SampleImage.make("base", in: store, layers: [["a": "2"]]).manifest
            let third = try await SampleImage.layer(["a": "3"], in: store)
            let untagged = try SampleImage.commit([third], in: store)
            let found: [String: Descriptor] = [
                "shop:1.0": one, "shop": one, "base": two, one.digest.description: one, two.digest.short: two,
                two.digest.hex: two, untagged.digest.short: untagged,
            ]
            for (reference, descriptor) in found {
                #expect(try store.resolve(reference).digest == descriptor.digest, "\(reference)")
            }
            _ = try await SampleImage.make("shop:1.1", in: store, layers: [["a": "4"]])
            #expect(reason { try store.resolve("shop") } == "store.image.ambiguous")
            #expect(reason { try store.resolve("abcdef123456") } == "store.image.unknown")
            let hint = diagnostic { try store.resolve("bse") }?.hint
            #expect(hint == "did you mean \"base\"?")
        }
    }

    @Test func `a name moves to the image that got it last, and goes when it is removed`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            _ = try await SampleImage.make("shop", in: store, layers: [["a": "1"]])
            let two = try await SampleImage.make("shop", in: store, layers: [["a": "2"]]).manifest
            try await store.tag("shop:2", two)
            #expect(try store.list().map(\.name) == ["shop", "shop:2"])
            #expect(try store.resolve("shop").digest == two.digest)
            #expect(try await store.remove("shop").map(\.name) == ["shop"])
            #expect(try store.list().map(\.name) == ["shop:2"])
            try await store.tag("again", two)
            #expect(try await store.remove(two.digest.short).map(\.name) == ["again", "shop:2"])
            #expect(try store.list() == [])
        }
    }

    @Test func `a name without its version takes that one name away`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let image = try await SampleImage.make("registry/shop:1.4.2", in: store, layers: [["a": "1"]])
            try await store.tag("shop", image.manifest)
            #expect(try await store.remove("registry/shop").map(\.name) == ["registry/shop:1.4.2"])
            #expect(try store.list().map(\.name) == ["shop"])
        }
    }

    @Test func `names are given by many at once and none is lost`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let image = try await SampleImage.make("first", in: store, layers: [["a": "1"]]).manifest
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...20 { group.addTask { try await store.tag("n\(number)", image) } }
                try await group.waitForAll()
            }
            #expect(try store.list().count == 21)
        }
    }

    @Test func `nobody but the owner looks into what images hold`() async throws {
        try await Sandbox.with { sandbox in
            let home = sandbox.home
            let store = ImageStore(home: home)
            let written = try await store.ingestLayer(encoding: .standard) { writer in
                let entry = TarEntry(path: "etc/shadow", kind: .file(size: 1), mode: 0o600)
                try writer.append(entry, content: [120])
            }
            _ = try await SealedLayers(home: home).seal(written.diffID, blob: written.descriptor)
            for folder in [home.images, home.layers, home.scratch] {
                #expect(Files.facts(folder)?.mode == 0o700, "\(folder)")
            }
            try store.prepare()
            for folder in [home.packages, home.cache] {
                #expect(Files.facts(folder)?.mode == 0o700, "\(folder)")
            }
        }
    }

    @Test(arguments: ["", " x", "a b", "-x", "a\nb", "grün"])
    func `a name that other tools could not say is refused`(name: String) async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let image = try await SampleImage.make("first", in: store, layers: [["a": "1"]]).manifest
            await #expect(throws: StoreError.self) { try await store.tag(name, image) }
        }
    }

    @Test func `an ingestion that fails leaves nothing behind`() async throws {
        try await Sandbox.with { sandbox in
            struct Stop: Error {}
            let store = ImageStore(home: sandbox.home)
            try store.prepare()
            await #expect(throws: Stop.self) {
                try await store.ingestLayer(encoding: .standard) { writer in
                    try writer.append(TarEntry(path: "d", kind: .directory, mode: 0o755))
                    throw Stop()
                }
            }
            await #expect(throws: StoreError.self) {
                _ = try await store.ingest(mediaType: .config, expecting: Digest(of: "other")) {
                    try Files.write("this", to: $0)
                }
            }
            #expect(try Files.list(sandbox.home.scratch) == [])
            #expect(try Files.list(sandbox.home.images.appending("blobs/sha256")) == [])
            let kept = try await store.ingest(mediaType: .config) { try Files.write("this", to: $0) }
            #expect(kept.digest == Digest(of: "this"))
            #expect(try store.read(kept.digest) == Array("this".utf8))
        }
    }

    @Test func `a damaged blob is told and not used`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let image = try await SampleImage.make("shop", in: store, layers: [["a": "1"]]).manifest
            try Files.write("{}", to: store.blobPath(image.digest))
            #expect(reason { try store.manifest(image.digest).digest } == "store.digest")
            try Files.remove(store.blobPath(image.digest))
            #expect(reason { try store.manifest(image.digest).digest } == "store.missing")
        }
    }

    @Test func `a full disk is a clear error and leaves the store as it was`() async throws {
        try await Sandbox.with { sandbox in
            let home = sandbox.home
            try Files.createDirectory(home.root)
            try Mounts.mount("tmpfs", at: home.root, type: "tmpfs", options: "size=3m")
            let store = ImageStore(home: home)
            _ = try await SampleImage.make("shop", in: store, layers: [["a": "1"]])
            let before = try await SampleImage.shell(
                "cd \(home.root); find . -type f | sort | xargs sha256sum"
            )
            let noise = try Files.read("/dev/urandom", prefix: 6 << 20)
            let error = await #expect(throws: SystemError.self) {
                try await store.ingestLayer(encoding: .standard) { writer in
                    let entry = TarEntry(path: "n", kind: .file(size: Int64(noise.count)), mode: 0o644)
                    try writer.append(entry, content: noise)
                }
            }
            #expect(error?.errno == .noSpace)
            #expect(error?.diagnostics.first?.hint?.contains("kiln gc") == true)
            let after = try await SampleImage.shell(
                "cd \(home.root); find . -type f | sort | xargs sha256sum"
            )
            #expect(after == before)
        }
    }

    private func reason(_ body: () throws -> some Any) -> String? {
        diagnostic(body)?.code
    }

    private func diagnostic(_ body: () throws -> some Any) -> Diagnostic? {
        do {
            _ = try body()
            return nil
        } catch {
            return error.asDiagnostics.first
        }
    }
}

extension Files {
    /// The first bytes of something endless.
    fileprivate static func read(_ path: FilePath, prefix count: Int) throws -> [UInt8] {
        let file = try FileDescriptor.open(path, .readOnly)
        defer { try? file.close() }
        var bytes = [UInt8](repeating: 0, count: count)
        _ = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
        return bytes
    }
}
