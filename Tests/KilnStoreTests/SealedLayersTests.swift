import KilnArchive
import KilnDiagnostics
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Sealing and mounting layers` {
    @Test func `what an overlay's upper held is there again after diff, seal and mount`() async throws {
        try await Sandbox.with { sandbox in
            let store = ImageStore(home: sandbox.home)
            let lower = try await SampleImage.layer(
                ["d/gone": "x", "d/kept": "k", "e/old": "o", "f": "1"],
                in: store
            )
            let sealed = SealedLayers(home: sandbox.home)
            let base = try await sealed.seal(lower.diffID, blob: lower.descriptor)
            let upper = try scratch(sandbox, "upper")
            let work = OverlayMount.Upper(directory: upper, work: try scratch(sandbox, "work"))
            let bake = OverlayMount(layers: [base], at: sandbox.path.appending("bake"), upper: work)
            let wanted = try await bake.with { root in
                try await SampleImage.shell(
                    """
                    cd \(root); rm d/gone; rm -r e; mkdir e; echo new > e/new; echo 2 > f; ln f d/hard; ln -s f d/soft
                    mkfifo d/pipe; touch "d/$(printf 'n%.0s' {1..200})"; chmod 4711 f; chown 7:8 d/kept
                    setfattr -n user.a -v b f; mkdir -m 1777 d/t; touch -h -d @5 $(find . -mindepth 1)
                    """
                )
                return try await describe(root)
            }
            let layer = try await store.ingestLayer(encoding: .standard) { writer in
                try LayerDiff.write(tree: upper, form: .overlayUpper, epoch: 1 << 40, to: &writer)
            }
            let top = try await sealed.seal(layer.diffID, blob: layer.descriptor)
            let run = OverlayMount(layers: [base, top], at: sandbox.path.appending("run"))
            let found = try await run.with { try await describe($0) }
            #expect(found == wanted)
            let index = RootIndex.stacked([lower.index, layer.index])
            #expect(index.lookup("d/gone") == nil)
            #expect(index.children(of: "e").map(\.path) == ["e/new"])
            try await unmounted(sandbox)
        }
    }

    @Test func `a sealed layer cannot be written, inside or from the host`() async throws {
        try await Sandbox.with { sandbox in
            let (layer, _) = try await seal(["a": "1"], sandbox)
            #expect(Files.facts(layer.path)?.mode == 0o400)
            let mount = OverlayMount(layers: [layer], at: sandbox.path.appending("m"))
            try await mount.with { root in
                for path in [root, sandbox.path.appending("m/0")] {
                    let status = try await ToolRunner().runUnchecked(
                        ToolInvocation("touch", [path.appending("new").string])
                    )
                    #expect(status.errorText.contains("Read-only"))
                }
            }
        }
    }

    @Test func `sealing a layer twice gives the same bytes`() async throws {
        try await Sandbox.with { sandbox in
            let (layer, written) = try await seal(
                ["a": "1", "d/b": String(repeating: "z", count: 9000)],
                sandbox
            )
            try Files.remove(layer.path)
            let made = WallClock.now
            while WallClock.now == made { await Task.yield() }
            let again = try await SealedLayers(home: sandbox.home)
                .seal(written.diffID, blob: written.descriptor)
            #expect(again == layer)
        }
    }

    @Test func `of many that want a layer sealed one does it`() async throws {
        try await Sandbox.with { sandbox in
            let written = try await SampleImage.layer(["a": "1"], in: ImageStore(home: sandbox.home))
            let sealed = SealedLayers(home: sandbox.home)
            let inodes = try await withThrowingTaskGroup(of: UInt64?.self) { group in
                for _ in 1...6 {
                    group.addTask {
                        let layer = try await sealed.seal(written.diffID, blob: written.descriptor)
                        return Files.facts(layer.path)?.inode
                    }
                }
                return try await group.reduce(into: Set<UInt64?>()) { $0.insert($1) }
            }
            #expect(inodes.count == 1)
            #expect(try Files.list(sandbox.home.scratch) == [])
        }
    }

    @Test func `a changed byte is found, and a missing record makes the layer again`() async throws {
        try await Sandbox.with { sandbox in
            let (layer, written) = try await seal(["a": "1"], sandbox)
            let sealed = SealedLayers(home: sandbox.home)
            try await sealed.verify(layer)
            try await SampleImage.shell("printf x | dd of=\(layer.path) bs=1 seek=2000 conv=notrunc 2>&1")
            let error = await #expect(throws: StoreError.self) { try await sealed.verify(layer) }
            #expect(error?.reason == .alteredLayer(layer.diffID, path: layer.path))
            try Files.remove(sandbox.home.layers.appending(layer.diffID.short + ".json"))
            #expect(try sealed.lookup(layer.diffID) == nil)
            try await sealed.verify(try await sealed.seal(written.diffID, blob: written.descriptor))
        }
    }

    @Test func `a blob that is not the layer it should be is not sealed`() async throws {
        try await Sandbox.with { sandbox in
            let written = try await SampleImage.layer(["a": "1"], in: ImageStore(home: sandbox.home))
            let wrong = DiffID(of: "another")
            let sealed = SealedLayers(home: sandbox.home)
            await #expect(throws: ArchiveError.self) {
                _ = try await sealed.seal(wrong, blob: written.descriptor)
            }
            #expect(try sealed.lookup(wrong) == nil)
            #expect(!Files.exists(sealed.path(for: wrong)))
            #expect(try Files.list(sandbox.home.scratch) == [])
        }
    }

    @Test func `a disk that is too small for the layer stays as it was`() async throws {
        try await Sandbox.with { sandbox in
            let home = sandbox.home
            try Files.createDirectory(home.root)
            try Mounts.mount("tmpfs", at: home.root, type: "tmpfs", options: "size=3m")
            let zeros = String(repeating: "0", count: 6 << 20)
            let written = try await SampleImage.layer(["big": zeros], in: ImageStore(home: home))
            let sealed = SealedLayers(home: home)
            let error = await #expect(throws: SystemError.self) {
                _ = try await sealed.seal(written.diffID, blob: written.descriptor)
            }
            #expect(error?.errno == .noSpace)
            #expect(try Files.list(home.scratch) == [])
            #expect(try sealed.lookup(written.diffID) == nil)
        }
    }

    @Test func `a kernel that cannot mount the file itself mounts it through a loop device`() async throws {
        try await Sandbox.with { sandbox in
            let (layer, _) = try await seal(["a": "1"], sandbox)
            let target = try scratch(sandbox, "target")
            try await ToolRunner().run(SealedFileMount(layer.path, at: target).loopInvocation)
            let mount = try #require(try MountTable.current().entries.first { $0.target == target })
            #expect(mount.source.hasPrefix("/dev/loop"))
            try Mounts.unmountAll(under: target)
            let loops = try await ToolRunner().run(ToolInvocation("losetup", ["-j", layer.path.string]))
            #expect(loops.text.isEmpty)
        }
    }

    @Test func `sixty layers below a path with a colon are one tree`() async throws {
        try await Sandbox.with { sandbox in
            var layers: [SealedLayer] = []
            for number in 0..<60 {
                layers.append(try await seal(["f\(number)": "\(number)", "top": "\(number)"], sandbox).0)
            }
            let deep = sandbox.path.appending("a:b").appending(String(repeating: "x", count: 100))
            try await OverlayMount(layers: layers, at: deep).with { root in
                let names = try Files.list(root)
                #expect(names.count == 61)
                let top = try Files.readText(root.appending("top"))
                #expect(top == "59")
            }
            try await unmounted(sandbox)
        }
    }

    @Test func `plain folders lie over the layers`() async throws {
        try await Sandbox.with { sandbox in
            let (layer, _) = try await seal(["etc/a": "1"], sandbox)
            try sandbox.write("2", to: "config/etc/a")
            let mount = OverlayMount(
                layers: [layer],
                above: [sandbox.path.appending("config")],
                at: sandbox.path.appending("m")
            )
            let text = try await mount.with { try Files.readText($0.appending("etc/a")) }
            #expect(text == "2")
        }
    }

    @Test(arguments: [true, false])
    func `with no layers there is an empty tree, to fill when there is an upper`(writable: Bool) async throws
    {
        try await Sandbox.with { sandbox in
            let upper =
                writable
                ? OverlayMount.Upper(
                    directory: try scratch(sandbox, "upper"),
                    work: try scratch(sandbox, "work"),
                    isVolatile: true
                ) : nil
            let mount = OverlayMount(
                layers: [],
                above: writable ? [] : [try scratch(sandbox, "one")],
                at: sandbox.path.appending("m"),
                upper: upper
            )
            try await mount.with { root in
                let names = try Files.list(root)
                #expect(names == [])
                if writable { try Files.write("x", to: root.appending("f")) }
            }
            if writable { #expect(try Files.list(sandbox.path.appending("upper")) == ["f"]) }
        }
    }

    @Test func `a mount that fails leaves nothing mounted and says why`() async throws {
        try await Sandbox.with { sandbox in
            let (layer, _) = try await seal(["a": "1"], sandbox)
            let mount = OverlayMount(
                layers: [layer],
                at: sandbox.path.appending("m"),
                upper: OverlayMount.Upper(
                    directory: sandbox.path.appending("no"),
                    work: sandbox.path.appending("no")
                )
            )
            let error = await #expect(throws: StoreError.self) { try await mount.mount() }
            #expect(error?.diagnostics.first?.causes.first?.contains("upperdir") == true)
            try await unmounted(sandbox)
        }
    }

    private func seal(
        _ files: [String: String],
        _ sandbox: Sandbox
    ) async throws -> (SealedLayer, WrittenLayer) {
        let written = try await SampleImage.layer(files, in: ImageStore(home: sandbox.home))
        let sealed = SealedLayers(home: sandbox.home)
        return (try await sealed.seal(written.diffID, blob: written.descriptor), written)
    }

    private func scratch(_ sandbox: Sandbox, _ name: String) throws -> FilePath {
        let path = sandbox.path.appending(name)
        try Files.createDirectory(path)
        return path
    }

    private func unmounted(_ sandbox: Sandbox) async throws {
        #expect(try MountTable.current().under(sandbox.path).isEmpty)
    }

    private func describe(_ root: FilePath) async throws -> String {
        try await SampleImage.shell(
            """
            cd \(root); find . -mindepth 1 -printf '%p|%y|%m|%U|%G|%l|%n|%Ts\\n' | LC_ALL=C sort
            find . -type f -exec sha256sum {} + | LC_ALL=C sort; getfattr -R -d . | LC_ALL=C sort
            """
        )
    }
}
