import KilnArchive
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// Layers held against what others make of them: GNU tar, umoci and skopeo. gzip, since umoci knows no zstd.
@Suite struct `Layers among peers` {
    private static func has(_ tools: String...) -> Bool {
        tools.allSatisfy { Files.exists(FilePath("/usr/bin").appending($0)) }
    }

    /// A tree as the first layer, its change as the second, and what the two shall show.
    private struct Stack {
        let store: ImageStore
        let layers: [WrittenLayer]
        let expected: [String]
    }

    private static func stack(_ sandbox: Sandbox) async throws -> Stack {
        let store = ImageStore(home: sandbox.home)
        try store.prepare()
        let tree = sandbox.path.appending("tree")
        try await ManyFiles.make(at: tree)
        let first = try await store.ingestLayer(encoding: .gzip()) { writer in
            try LayerDiff.write(tree: tree, form: .plain, epoch: .max, to: &writer)
        }
        #expect(first.index.entries.count > 200)
        let sealed = try await SealedLayers(home: sandbox.home).seal(first.diffID, blob: first.descriptor)
        let changes = OverlayMount.Upper(
            directory: sandbox.path.appending("upper"),
            work: sandbox.path.appending("work")
        )
        try Files.createDirectory(changes.directory)
        try Files.createDirectory(changes.work)
        let mount = OverlayMount(layers: [sealed], at: sandbox.path.appending("mount"), upper: changes)
        let expected = try await mount.with { root in
            try await ManyFiles.change(root)
            return try await ManyFiles.describe(root)
        }
        let second = try await store.ingestLayer(encoding: .gzip()) { writer in
            try LayerDiff.write(tree: changes.directory, form: .overlayUpper, epoch: .max, to: &writer)
        }
        #expect(!second.index.removed.isEmpty && second.index.opaque.contains("opt/opaque"))
        try await store.tag("stack", try SampleImage.commit([first, second], in: store))
        return Stack(store: store, layers: [first, second], expected: expected)
    }

    private static func expectSame(_ found: [String], _ expected: [String], _ who: String) {
        let difference = Set(found).symmetricDifference(expected).sorted()
        #expect(difference.prefix(10) == [], "\(who): \(difference.count) lines differ")
    }

    @Test(.enabled(if: has("umoci", "skopeo"), "needs umoci and skopeo"))
    func `GNU tar, umoci, skopeo and our own mount show the very same of two layers`() async throws {
        try await Sandbox.with { sandbox in
            let stack = try await Self.stack(sandbox)
            Self.expectSame(try await Self.mounted(stack, sandbox), stack.expected, "our mount")
            Self.expectSame(try await Self.byTar(stack, sandbox), stack.expected, "GNU tar")

            let bundle = sandbox.path.appending("bundle")
            try await ManyFiles.shell("umoci unpack --image \(stack.store.home.images):stack \(bundle)")
            Self.expectSame(
                try await ManyFiles.describe(bundle.appending("rootfs")),
                stack.expected,
                "umoci"
            )

            // skopeo decompresses into a docker archive, and checks every diffID on the way.
            let archive = sandbox.path.appending("docker.tar")
            let listing = try await ManyFiles.shell(
                "skopeo copy --quiet oci:\(stack.store.home.images):stack docker-archive:\(archive):stack:1\n"
                    + "mkdir \(sandbox.path)/docker; tar -xf \(archive) -C \(sandbox.path)/docker\n"
                    + "find \(sandbox.path)/docker -name '*.tar' -type f -exec sha256sum {} +"
            )
            for layer in stack.layers { #expect(listing.contains(layer.diffID.hex)) }
        }
    }

    @Test(.enabled(if: has("umoci"), "needs umoci"))
    func `what umoci makes of a change is read as umoci shows it`() async throws {
        try await Sandbox.with { sandbox in
            let stack = try await Self.stack(sandbox)
            let bundle = sandbox.path.appending("bundle")
            let image = "\(stack.store.home.images):stack"
            try await ManyFiles.shell("umoci unpack --image \(image) \(bundle)")
            let root = bundle.appending("rootfs")
            // Whole seconds: umoci's tar rounds a fraction to the nearest second, the file system cuts it off.
            try await ManyFiles.shell(
                "cd \(root); rm -r opt/added usr/lib/file-40; echo other > usr/lib/file-41; mkdir opt/more; "
                    + "ln usr/lib/file-42 opt/more/hard; ln -s x opt/more/link; touch -h -d @1700000000 opt/more/* opt/more opt usr usr/lib usr/lib/file-41"
            )
            let expected = try await ManyFiles.describe(root)
            try await ManyFiles.shell(
                "umoci repack --image \(stack.store.home.images):theirs \(bundle)"
            )
            let manifest = try stack.store.manifest(try stack.store.resolve("theirs").digest).value
            let diffIDs = try stack.store.config(manifest).value.rootfs.diffIDs
            #expect(manifest.layers.count == 3)
            let out = sandbox.path.appending("out")
            for (blob, diffID) in zip(manifest.layers, diffIDs) {
                let scanned = try LayerScanner.scan(stack.store.blobPath(blob.digest))
                #expect(scanned.diffID == diffID)
                try LayerIndexes(home: sandbox.home).save(scanned.index, for: diffID)
            }
            var layers: [SealedLayer] = []
            for (blob, diffID) in zip(manifest.layers, diffIDs) {
                layers.append(try await SealedLayers(home: sandbox.home).seal(diffID, blob: blob))
            }
            let found = try await OverlayMount(layers: layers, at: out).with {
                try await ManyFiles.describe($0)
            }
            // umoci writes a hard link of a file below as a copy of it: compare all but the counts of names.
            func withoutCounts(_ lines: [String]) -> [String] {
                lines.map { line in
                    let parts = line.split(separator: "|", omittingEmptySubsequences: false)
                    return parts.count == 9 ? (parts[..<7] + parts[8...]).joined(separator: "|") : line
                }
            }
            Self.expectSame(withoutCounts(found), withoutCounts(expected), "umoci's layer, mounted by us")
        }
    }

    private static func mounted(_ stack: Stack, _ sandbox: Sandbox) async throws -> [String] {
        var layers: [SealedLayer] = []
        for layer in stack.layers {
            layers.append(
                try await SealedLayers(home: sandbox.home).seal(layer.diffID, blob: layer.descriptor)
            )
        }
        return try await OverlayMount(layers: layers, at: sandbox.path.appending("shown")).with {
            try await ManyFiles.describe($0)
        }
    }

    /// As the specification says it, by hand: deletions first, then what the layer brings.
    private static func byTar(_ stack: Stack, _ sandbox: Sandbox) async throws -> [String] {
        let out = sandbox.path.appending("tar")
        let blobs = stack.layers.map { stack.store.blobPath($0.digest).string }
        let options = "--xattrs --xattrs-include='*' --numeric-owner -p"
        try await ManyFiles.shell(
            """
            mkdir \(out); cd \(out)
            tar \(options) -xzf \(blobs[0])
            tar -tzf \(blobs[1]) | grep -E '(^|/)\\.wh\\.' | while read -r path; do
              folder=$(dirname "$path"); name=$(basename "$path")
              if [ "$name" = .wh..wh..opq ]; then find "./$folder" -mindepth 1 -delete; else rm -rf "./$folder/${name#.wh.}"; fi
            done
            tar -tzf \(blobs[1]) | grep -v '/$' | while read -r path; do
              if [ -d "./$path" ] && [ ! -L "./$path" ]; then rm -rf "./$path"; fi
            done
            tar \(options) --exclude='.wh.*' -xzf \(blobs[1])
            """
        )
        return try await ManyFiles.describe(out)
    }
}
