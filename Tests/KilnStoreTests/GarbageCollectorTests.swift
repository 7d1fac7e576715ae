import KilnArchive
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Collecting garbage` {
    @Test func `named images, given roots and their layers stay, the rest goes`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let named = try await SampleImage.make("named", in: store, layers: [["a": "1"], ["b": "1"]])
            let released = try await SampleImage.make(
                "released",
                in: store,
                layers: [["a": "1"], ["c": "1"]]
            )
            let dropped = try await SampleImage.make("dropped", in: store, layers: [["a": "1"], ["d": "1"]])
            let sealed = SealedLayers(home: sandbox.home)
            let cache = LayerCache(home: sandbox.home)
            for layer in named.layers + released.layers + dropped.layers {
                _ = try await sealed.seal(layer.diffID, blob: layer.descriptor)
                try cache.record(
                    Digest(of: layer.diffID.hex),
                    diffID: layer.diffID,
                    encoder: "e",
                    blob: layer.descriptor
                )
            }
            try await store.remove("released")
            try await store.remove("dropped")
            let collector = GarbageCollector(home: sandbox.home)
            let roots: Set = [released.manifest.digest]
            let foreseen = try await collector.collect(roots: roots, packages: [], dryRun: true)
            #expect(store.hasBlob(dropped.manifest.digest))
            let report = try await collector.collect(roots: roots, packages: [])
            #expect(report == foreseen)
            let gone = dropped.layers[1]
            #expect(report.items.count(where: { $0.kind == .blob }) == 3)
            #expect(
                report.items.count(where: { $0.kind == .sealedLayer && $0.path.extension == "erofs" }) == 1
            )
            #expect(report.items.count(where: { $0.kind == .layerIndex }) == 1)
            #expect(report.items.count(where: { $0.kind == .cacheRecord }) == 1)
            #expect(!store.hasBlob(gone.digest))
            #expect(cache.lookup(Digest(of: gone.diffID.hex)) == nil)
            for layer in named.layers + released.layers {
                #expect(store.hasBlob(layer.digest))
                #expect(try sealed.lookup(layer.diffID) != nil)
                #expect(cache.lookup(Digest(of: layer.diffID.hex)) != nil)
            }
            #expect(try await collector.collect(roots: roots, packages: []).items == [])
        }
    }

    @Test func `a mounted layer stays although nothing names it`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let written = try await SampleImage.layer(["a": "1"], in: store)
            let sealed = SealedLayers(home: sandbox.home)
            let layer = try await sealed.seal(written.diffID, blob: written.descriptor)
            let collector = GarbageCollector(home: sandbox.home)
            try await OverlayMount(layers: [layer], at: sandbox.path.appending("m")).with { _ in
                try await collector.collect(roots: [], packages: [])
                try await sealed.verify(layer)
            }
            try await collector.collect(roots: [], packages: [])
            #expect(!Files.exists(layer.path))
        }
    }

    @Test func `packages that are asked for stay, crash leftovers in scratch go`() async throws {
        try await Sandbox.with { sandbox in
            let home = sandbox.home
            let kept = Digest(of: "kept")
            let old = Digest(of: "old")
            try sandbox.write("kept", to: "home/packages/\(kept.hex)")
            try sandbox.write("old", to: "home/packages/\(old.hex)")
            try sandbox.write("half a layer", to: "home/tmp/layer-x/blob")
            let report = try await GarbageCollector(home: home).collect(roots: [], packages: [kept])
            #expect(report.size == 15)
            #expect(try Files.list(home.packages) == [kept.hex])
            #expect(try Files.list(home.scratch) == [])
        }
    }

    @Test func `a collection waits for whoever uses the store, so that nothing half-referenced is lost`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let home = sandbox.home
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...8 {
                    group.addTask {
                        try await StoreLock(home).shared {
                            _ = try await SampleImage.make(
                                "image\(number)",
                                in: store,
                                layers: [["f": "\(number)"], ["g": "\(number)"]]
                            )
                        }
                    }
                    group.addTask { try await GarbageCollector(home: home).collect(roots: [], packages: []) }
                }
                try await group.waitForAll()
            }
            for image in try store.list() {
                let manifest = try store.manifest(image.descriptor.digest).value
                _ = try store.config(manifest)
                for layer in manifest.layers { #expect(store.hasBlob(layer)) }
            }
            #expect(try store.list().count == 8)
        }
    }
}
