import KilnArchive
import KilnDiagnostics
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Remembering layers and packages` {
    @Test func `a cached layer counts while its blob and its index are there`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let cache = LayerCache(home: sandbox.home)
            let key = Digest(of: "key")
            let zstd = try await SampleImage.layer(["a": "1"], in: store)
            let gzip = try await SampleImage.layer(["a": "1"], in: store, encoding: .gzip())
            #expect(cache.lookup(key) == nil)
            try cache.record(key, diffID: zstd.diffID, encoder: "zstd", blob: zstd.descriptor)
            try cache.record(key, diffID: gzip.diffID, encoder: "gzip", blob: gzip.descriptor)
            #expect(cache.lookup(key)?.blobs == ["zstd": zstd.descriptor, "gzip": gzip.descriptor])
            try Files.remove(store.blobPath(zstd.digest))
            #expect(cache.lookup(key)?.blobs == ["gzip": gzip.descriptor])
            try await SampleImage.shell("truncate -s 3 \(store.blobPath(gzip.digest))")
            #expect(cache.lookup(key) == nil)
            let again = try await SampleImage.layer(["a": "1"], in: store)
            #expect(again.digest == zstd.digest)
            try Files.remove(LayerIndexes(home: sandbox.home).path(for: zstd.diffID))
            #expect(cache.lookup(key) == nil)
        }
    }

    @Test func `a record that cannot be read is no record`() async throws {
        try await Sandbox.with { sandbox in
            let key = Digest(of: "key")
            try sandbox.write("{", to: "home/cache/\(key.hex).json")
            #expect(LayerCache(home: sandbox.home).lookup(key) == nil)
        }
    }

    @Test func `an index is found by the whole diffID and stacks into a root`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let indexes = LayerIndexes(home: sandbox.home)
            let lower = try await SampleImage.layer(["etc/passwd": "root", "a": "1"], in: store)
            let upper = try await SampleImage.layer(["a": "22"], in: store)
            #expect(try indexes.load(lower.diffID) == lower.index)
            let root = try indexes.root(of: [lower.diffID, upper.diffID])
            #expect(root?.lookup("a")?.size == 2)
            #expect(root?.content(of: "etc/passwd") == Array("root".utf8))
            let other = DiffID(
                trustedHex: String(lower.diffID.hex.prefix(12)) + String(repeating: "0", count: 52)
            )
            #expect(try indexes.load(other) == nil)
            #expect(try indexes.root(of: [lower.diffID, DiffID(of: "unknown")]) == nil)
        }
    }

    @Test func `a package is taken over when it is what it should be`() async throws {
        try await Sandbox.with { sandbox in
            let packages = PackageStore(home: sandbox.home)
            let digest = Digest(of: "a package")
            let file = try sandbox.write("a package", to: "home/tmp/download")
            #expect(!packages.contains(digest, size: 9))
            #expect(try await packages.adopt(file, expecting: digest, size: 9) == packages.path(digest))
            #expect(packages.contains(digest, size: 9))
            #expect(!Files.exists(file))
        }
    }

    @Test(arguments: ["a package with more", "a pAckage"])
    func `a package that is not what it should be is deleted and named`(content: String) async throws {
        try await Sandbox.with { sandbox in
            let packages = PackageStore(home: sandbox.home)
            let file = try sandbox.write(content, to: "home/tmp/download")
            let error = await #expect(throws: StoreError.self) {
                try await packages.adopt(file, expecting: Digest(of: "a package"), size: 9)
            }
            #expect(error?.diagnostics.first?.message.contains("download") == true)
            #expect(!Files.exists(file))
            #expect(!packages.contains(Digest(of: "a package"), size: 9))
        }
    }
}
