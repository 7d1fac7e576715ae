import KilnArchive
import KilnDiagnostics
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
            let kept = GarbageCollector.Kept(roots: roots, packages: nil)
            let foreseen = try await collector.collect(keeping: { kept }, dryRun: true)
            #expect(store.hasBlob(dropped.manifest.digest))
            let report = try await collector.collect(keeping: { kept })
            #expect(report == foreseen)
            let gone = dropped.layers[1]
            #expect(report.items.count(where: { $0.kind == .blob }) == 3)
            #expect(report.items.filter { $0.kind == .sealedLayer }.map(\.path.extension) == ["erofs"])
            #expect(try !Files.list(sandbox.home.layers).contains { $0.contains(gone.diffID.short) })
            #expect(report.items.count(where: { $0.kind == .layerIndex }) == 1)
            #expect(report.items.count(where: { $0.kind == .cacheRecord }) == 1)
            #expect(!store.hasBlob(gone.digest))
            #expect(cache.lookup(Digest(of: gone.diffID.hex)) == nil)
            for layer in named.layers + released.layers {
                #expect(store.hasBlob(layer.digest))
                #expect(try sealed.lookup(layer.diffID) != nil)
                #expect(cache.lookup(Digest(of: layer.diffID.hex)) != nil)
            }
            #expect(try await collector.collect(keeping: { kept }).items == [])
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
                try await collector.collect(keeping: { .nothing })
                try await sealed.verify(layer)
            }
            try await collector.collect(keeping: { .nothing })
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
            let report = try await GarbageCollector(home: home).collect(keeping: {
                .init(roots: [], packages: [kept])
            })
            #expect(report.size == 15)
            #expect(try Files.list(home.packages) == [kept.hex])
            #expect(try Files.list(home.scratch) == [])
        }
    }

    @Test func `whoever waits for it is told`() async throws {
        try await Sandbox.with { sandbox in
            let home = sandbox.home
            let recorder = FactRecorder()
            try await withThrowingTaskGroup(of: Void.self) { group in
                try await StoreLock(home).exclusive {
                    group.addTask {
                        try await Progress.$receiver.withValue(recorder) {
                            try await StoreLock(home).shared {}
                        }
                    }
                    try await eventually("the other is told") { !recorder.diagnostics.isEmpty }
                }
                try await group.waitForAll()
            }
            #expect(recorder.diagnostics.map(\.code) == ["store.collection"])
        }
    }

    @Test func `packages that a kept image was made of stay, whatever the lock names`() async throws {
        try await Sandbox.with { sandbox in
            let home = sandbox.home
            let image = try await SampleImage.make("shop", in: ImageStore(home: home), layers: [["a": "1"]])
            let digest = Digest(of: "in the image")
            let package = SourceFile(title: "a.deb", mediaType: .debianPackage, digest: digest, size: 12)
            try ImageSources(home: home).record([package], of: image.manifest.digest)
            try sandbox.write("in the image", to: "home/packages/\(digest.hex)")
            try sandbox.write("in no image", to: "home/packages/\(Digest(of: "in no image").hex)")
            try await GarbageCollector(home: home).collect(keeping: { .init(roots: [], packages: []) })
            #expect(try Files.list(home.packages) == [digest.hex])
        }
    }

    @Test func `a dry run waits too, and takes no running work for a crash's leftovers`() async throws {
        try await Sandbox.with { sandbox in
            let home = sandbox.home
            let waits = sandbox.path.appending("waits")
            try await withThrowingTaskGroup(of: GarbageCollector.Report.self) { group in
                try await StoreLock(home).shared {
                    let file = try sandbox.write("half a layer", to: "home/tmp/bake-1/blob")
                    group.addTask {
                        try await GarbageCollector(home: home).collect(
                            keeping: { .nothing },
                            dryRun: true,
                            onWait: { try? Files.write("", to: waits) }
                        )
                    }
                    try await eventually("the dry run waits") { Files.exists(waits) }
                    try Files.remove(file.removingLastComponent())
                }
                #expect(try await group.reduce(into: []) { $0.append($1.items) } == [[]])
            }
        }
    }

    @Test func `what is fetched or released while it waits is kept`() async throws {
        try await Sandbox.with { sandbox in
            let home = sandbox.home
            let store = ImageStore(home: home)
            let package = Digest(of: "package")
            let (waits, roots) = (sandbox.path.appending("waits"), sandbox.path.appending("roots"))
            try await withThrowingTaskGroup(of: GarbageCollector.Report.self) { group in
                let image = try await StoreLock(home).shared {
                    group.addTask {
                        try await GarbageCollector(home: home).collect(
                            keeping: {
                                let released = try Digest(parsingHex: try Files.readText(roots))
                                let fetched = try Files.list(home.packages).map { try Digest(parsingHex: $0) }
                                return .init(roots: [released], packages: Set(fetched))
                            },
                            onWait: { try? Files.write("", to: waits) }
                        )
                    }
                    try await eventually("the collection waits") { Files.exists(waits) }
                    let made = try await SampleImage.make("late", in: store, layers: [["a": "1"]])
                    try await store.remove("late")
                    try Files.write(made.manifest.digest.hex, to: roots)
                    try sandbox.write("package", to: "home/packages/\(package.hex)")
                    return made
                }
                let reports = try await group.reduce(into: []) { $0.append($1) }
                #expect(reports.map(\.items) == [[]])
                #expect(store.hasBlob(image.manifest.digest))
                #expect(store.hasBlob(image.layers[0].digest))
                #expect(PackageStore(home: home).contains(package, size: 7))
            }
        }
    }

    @Test func `what a killed bake left mounted goes`() async throws {
        try await Sandbox.with { sandbox in
            let home = sandbox.home
            try sandbox.write("x", to: "home/tmp/bake-1/file")
            let mount = home.scratch.appending("bake-1").appending("upper")
            try Files.createDirectory(mount)
            try Mounts.mount("tmpfs", at: mount, type: "tmpfs")
            try Files.write(String(repeating: "x", count: 5000), to: mount.appending("big"))
            let report = try await GarbageCollector(home: home).collect(keeping: { .nothing })
            #expect(report.items.map(\.path) == [home.scratch.appending("bake-1")])
            #expect(report.size == 1)
            #expect(try Files.list(home.scratch) == [])
            #expect(try MountTable.current().under(home.root).isEmpty)
        }
    }

    @Test func `packages, locks and what others keep in the cache stay; what crashes cut off goes`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let home = sandbox.home
            try ImageStore(home: home).prepare()
            let package = Digest(of: "package").hex
            let kept = [
                "packages/\(package)", "packages/partial/half", "packages/partial.lock", "tmp/.bake.lock",
                "tmp/held", "cache/inputs/stat-cache",
            ]
            let gone = [
                "cache/.key.json.12.1.tmp", "layers/.abc.json.12.1.tmp", "tmp/free", "layers/.abc.lock",
            ]
            for name in kept + gone { try sandbox.write("x", to: "home/" + name) }
            let report = try await FileLock.with(home.scratch.appending("held")) {
                try await GarbageCollector(home: home).collect(keeping: { .nothing })
            }
            #expect(Set(report.items.map(\.path)) == Set(gone.map { home.root.pushing(FilePath($0)) }))
            #expect(report.items.allSatisfy { $0.kind == .scratch })
            for name in kept { #expect(Files.exists(home.root.pushing(FilePath(name))), "\(name)") }
            try await GarbageCollector(home: home).collect(keeping: { .init(roots: [], packages: []) })
            #expect(try Files.list(home.packages) == ["partial.lock"])
        }
    }

    @Test func `without the names of the images nothing is waste`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let image = try await SampleImage.make("shop", in: store, layers: [["a": "1"]])
            let index = sandbox.home.images.appending("index.json")
            try Files.rename(index, to: sandbox.path.appending("index.json"))
            let error = await #expect(throws: StoreError.self) {
                try await GarbageCollector(home: sandbox.home).collect(keeping: { .nothing })
            }
            #expect(error?.reason == .missingIndex(index))
            #expect(store.hasBlob(image.manifest.digest))
            #expect(throws: StoreError.self) { try store.prepare() }
            try Files.write(#"{"schemaVersion":2,"manifests":[]}"#, to: index)
            #expect(try store.list() == [])
            try await store.tag("shop", image.manifest)
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
                    group.addTask { try await GarbageCollector(home: home).collect(keeping: { .nothing }) }
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

extension GarbageCollector.Kept {
    /// Nothing but every package.
    fileprivate static let nothing = GarbageCollector.Kept(roots: [], packages: nil)
}
