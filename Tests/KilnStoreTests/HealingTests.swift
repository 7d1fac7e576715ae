import KilnArchive
import KilnDiagnostics
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Damage that keeps a file's size` {
    @Test func `small blobs are written again where they are damaged`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let made = try await SampleImage.make("shop", in: store, layers: [["a": "1"]])
            let manifest = made.manifest.digest
            try await spoil(store.blobPath(manifest))
            #expect(throws: StoreError.self) { try store.manifest(manifest) }
            let again = try SampleImage.commit(made.layers, in: store)
            #expect(again.digest == manifest)
            #expect(try store.manifest(manifest).value.layers == made.layers.map(\.descriptor))
            try await collect(sandbox.home)
        }
    }

    @Test(arguments: [LayerEncoding.zstd(), .gzip()])
    func `a layer's blob is told and taken away, so that the next bake makes it`(
        encoding: LayerEncoding
    ) async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let cache = LayerCache(home: sandbox.home)
            let files = ["a": String(repeating: "abc", count: 500)]
            let layer = try await SampleImage.layer(files, in: store, encoding: encoding)
            try cache.record(Digest(of: "k"), diffID: layer.diffID, encoder: "e", blob: layer.descriptor)
            let path = store.blobPath(layer.digest)
            try await spoil(path)
            let sealed = SealedLayers(home: sandbox.home)
            let error = await #expect(throws: StoreError.self) {
                _ = try await sealed.seal(layer.diffID, blob: layer.descriptor)
            }
            guard case .wrongContent(path, expected: layer.digest, _) = error?.reason else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(cache.lookup(Digest(of: "k")) == nil)
            #expect(try Files.list(sandbox.home.scratch) == [])
            _ = try await SampleImage.layer(files, in: store, encoding: encoding)
            #expect(cache.lookup(Digest(of: "k")) != nil)
            try await sealed.verify(try await sealed.seal(layer.diffID, blob: layer.descriptor))
        }
    }

    @Test func `a layer's index is written again`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let layer = try await SampleImage.layer(["a": "1"], in: store)
            let indexes = LayerIndexes(home: sandbox.home)
            let path = indexes.path(for: layer.diffID)
            let size = try #require(Files.facts(path)?.size)
            try await SampleImage.shell("printf '?' | dd of=\(path) bs=1 seek=\(size - 3) conv=notrunc 2>&1")
            _ = try await SampleImage.layer(["a": "1"], in: store)
            #expect(try indexes.load(layer.diffID) == layer.index)
        }
    }

    @Test func `a package is deleted and named`() async throws {
        try await Sandbox.with { sandbox in
            let packages = PackageStore(home: sandbox.home)
            let digest = Digest(of: "a package")
            let file = try sandbox.write("a package", to: "home/packages/\(digest.hex)")
            try await packages.verify(digest, size: 9)
            try await spoil(file)
            #expect(packages.contains(digest, size: 9))
            let error = await #expect(throws: StoreError.self) { try await packages.verify(digest, size: 9) }
            #expect(error?.diagnostics.first?.message.hasPrefix(file.string) == true)
            #expect(!Files.exists(file))
            let missing = await #expect(throws: StoreError.self) {
                try await packages.verify(digest, size: 9)
            }
            #expect(missing?.reason == .missingPackage(digest))
        }
    }

    @Test func `a sealed layer is sealed anew where it is to be sure`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let written = try await SampleImage.layer(["a": "1"], in: store)
            let sealed = SealedLayers(home: sandbox.home)
            let layer = try await sealed.sealVerified(written.diffID, blob: written.descriptor)
            let inode = Files.facts(layer.path)?.inode
            #expect(try await sealed.sealVerified(written.diffID, blob: written.descriptor) == layer)
            #expect(Files.facts(layer.path)?.inode == inode)
            try await spoil(layer.path)
            await #expect(throws: StoreError.self) { try await sealed.verify(layer) }
            #expect(try await sealed.sealVerified(written.diffID, blob: written.descriptor) == layer)
            try await sealed.verify(layer)
        }
    }

    /// Another byte in the middle.
    private func spoil(_ path: FilePath) async throws {
        var bytes = try Files.read(path)
        bytes[bytes.count / 2] ^= 0x55
        try Files.write(bytes, to: path)
    }

    private func collect(_ home: KilnHome) async throws {
        try await GarbageCollector(home: home).collect(keeping: { .init(roots: [], packages: nil) })
    }
}
