import KilnArchive
import KilnOCI
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Making a layer of a tree` {
    private static let epoch: Int64 = 1_650_000_000

    @Test func `GNU tar extracts the very tree that went in`() async throws {
        try await Sandbox.with { sandbox in
            let tree = sandbox.path.appending("tree")
            try await SampleTree.make(at: tree)
            let blob = sandbox.path.appending("blob")
            try diff(tree, to: blob, epoch: .max)
            let out = sandbox.path.appending("out")
            try await SampleTree.shell(
                "mkdir \(out) && zstd -dc \(blob) | \(SampleTree.gnuTar) --numeric-owner -p -xf - -C \(out)"
                    + " && touch -d @1600000000 \(out) && chmod 755 \(out)"
            )
            #expect(try await SampleTree.describe(out) == SampleTree.describe(tree))
        }
    }

    @Test func `our own extraction gives the very tree that went in`() async throws {
        try await Sandbox.with { sandbox in
            let tree = sandbox.path.appending("tree")
            try await SampleTree.make(at: tree)
            let blob = sandbox.path.appending("blob")
            let layer = try diff(tree, to: blob, epoch: .max)
            let out = sandbox.path.appending("out")
            try Files.createDirectory(out)
            let extractor = LayerExtractor(form: .plain)
            #expect(try extractor.extract(blob: blob, into: out, expecting: layer.diffID) == layer.diffID)
            try await SampleTree.shell("touch -d @1600000000 \(out)")
            #expect(try await SampleTree.describe(out) == SampleTree.describe(tree))
        }
    }

    @Test func `equal trees give equal layers, whatever order and umask they were made in`() async throws {
        try await Sandbox.with { sandbox in
            let trees = ["one", "another/place"].map { sandbox.path.appending($0) }
            try await SampleTree.make(at: trees[0])
            try await SampleTree.make(at: trees[1], shuffled: true)
            try await SampleTree.shell("cp -a \(trees[1]) \(sandbox.path)/copy")
            let all = trees + [sandbox.path.appending("copy")]
            let layers = try all.enumerated().map {
                try diff($1, to: sandbox.path.appending("blob\($0)"), epoch: Self.epoch)
            }
            #expect(Set(layers.map(\.digest)).count == 1)
            #expect(Set(layers.map(\.index)).count == 1)
        }
    }

    /// A machine whose clock is behind the packages would show its day else.
    @Test func `times of the making are the epoch's, before it too`() async throws {
        try await Sandbox.with { sandbox in
            let tree = sandbox.path.appending("tree")
            try await SampleTree.shell(
                "mkdir \(tree); cd \(tree); touch -d @1000 before; touch -d @2005 during; touch -d @2011 after"
            )
            var writer = try LayerWriter(path: sandbox.path.appending("blob"), encoding: .zstd())
            try LayerDiff.write(tree: tree, form: .plain, epoch: 9000, made: [2000...2010], to: &writer)
            let index = try writer.finish().index
            #expect(["before", "during", "after"].map { index.lookup($0)?.mtime } == [1000, 9000, 2011])
        }
    }

    @Test func `times are clamped, links follow the first name, exclusions take the whole folder`()
        async throws
    {
        try await Sandbox.with { sandbox in
            let tree = sandbox.path.appending("tree")
            try await SampleTree.make(at: tree)
            let index = try diff(tree, to: sandbox.path.appending("blob"), epoch: Self.epoch) {
                $0 == "a/deep"
            }
            .index
            #expect(index.lookup("a/hello")?.mtime == Self.epoch)
            #expect(index.lookup("a/nothing")?.mtime == 1_500_000_000)
            #expect(index.lookup("a/deep") == nil)
            #expect(index.lookup("a/deep/zeros") == nil)
            guard case .hardlink("a/hello", 5, _) = index.lookup("usr/hello-again")?.kind else {
                Issue.record("no hard link")
                return
            }
            #expect(index.lookup("") == nil)
        }
    }

    @Test func `a root that is not 0755 root is an entry of its own`() async throws {
        try await Sandbox.with { sandbox in
            let tree = sandbox.path.appending("tree")
            try Files.createDirectory(tree, mode: 0o700)
            let blob = sandbox.path.appending("blob")
            let index = try diff(tree, to: blob, epoch: 7).index
            #expect(index.lookup("")?.mode == 0o700)
            #expect(try await SampleTree.shell("zstd -dc \(blob) | tar -t") == "./\n")
        }
    }

    @Test func `the layer of an overlay's upper directory says what was deleted and replaced`() async throws {
        try await Sandbox.with { sandbox in
            try await SampleTree.shell(
                """
                cd \(sandbox.path); mkdir -p lower/d/sub lower/e upper work merged
                touch lower/d/gone lower/d/sub/x lower/e/old lower/kept
                mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work,metacopy=off,redirect_dir=off,index=off merged
                rm merged/d/gone; rm -r merged/e; mkdir merged/e; echo new > merged/e/new; rm -r merged/d/sub; echo f > merged/d/sub
                umount merged
                """
            )
            let blob = sandbox.path.appending("blob")
            let layer = try diff(sandbox.path.appending("upper"), to: blob, form: .overlayUpper, epoch: 5)
            #expect(layer.index.removed == ["d/gone"])
            #expect(layer.index.opaque == ["e"])
            #expect(layer.index.entries.map(\.path) == ["d", "d/sub", "e", "e/new"])
            let names = try await SampleTree.shell("zstd -dc \(blob) | tar -t")
            #expect(names == "d/\nd/.wh.gone\nd/sub\ne/\ne/.wh..wh..opq\ne/new\n")
        }
    }

    @Test(arguments: ["redirect", "metacopy"])
    func `an overlay feature that a layer cannot say is refused`(feature: String) async throws {
        try await Sandbox.with { sandbox in
            let tree = sandbox.path.appending("tree")
            try await SampleTree.shell(
                "mkdir -p \(tree)/d; setfattr -n trusted.overlay.\(feature) -v x \(tree)/d"
            )
            let error = #expect(throws: ArchiveError.self) {
                try diff(tree, to: sandbox.path.appending("blob"), form: .overlayUpper, epoch: 0)
            }
            #expect(error?.reason == .overlayFeature("trusted.overlay.\(feature)"))
        }
    }

    @Test func `a time that no reader of layers would take is refused`() async throws {
        try await Sandbox.with { sandbox in
            var writer = try LayerWriter(path: sandbox.path.appending("blob"), encoding: .standard)
            for mtime in [(1 << 53) + 1, -(1 << 53) - 1, .min, .max] as [Int64] {
                let entry = TarEntry(path: "d", kind: .directory, mode: 0o755, mtime: mtime)
                let error = #expect(throws: ArchiveError.self) { try writer.append(entry) }
                #expect(error?.reason == .unsayable("a time \(mtime) seconds from 1970"))
            }
        }
    }

    @Test func `names that a layer cannot carry are refused`() async throws {
        try await Sandbox.with { sandbox in
            try await SampleTree.shell(
                "cd \(sandbox.path); mkdir a b c; touch a/.wh.x; touch \"b/$(printf '\\377')\"; mknod c/w c 0 0"
            )
            let reasons = ["a": ArchiveError.Reason.reservedName, "b": .notUTF8, "c": .whiteoutRefused]
            for (tree, reason) in reasons {
                let error = #expect(throws: ArchiveError.self) {
                    try diff(
                        sandbox.path.appending(tree),
                        to: sandbox.path.appending("blob-" + tree),
                        epoch: 0
                    )
                }
                #expect(error?.reason == reason)
            }
        }
    }

    @discardableResult
    private func diff(
        _ tree: FilePath,
        to blob: FilePath,
        form: LayerDiff.Form = .plain,
        epoch: Int64,
        excluding: @escaping (String) -> Bool = { _ in false }
    ) throws -> WrittenLayer {
        var writer = try LayerWriter(path: blob, encoding: .standard)
        try LayerDiff.write(tree: tree, form: form, epoch: epoch, excluding: excluding, to: &writer)
        return try writer.finish()
    }
}
