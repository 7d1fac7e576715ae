import KilnArchive
import KilnOCI
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Writing a layer` {
    private static let entries: [(entry: TarEntry, content: [UInt8])] = [
        (TarEntry(path: "etc", kind: .directory, mode: 0o755), []),
        (
            TarEntry(path: "etc/passwd", kind: .file(size: 21), mode: 0o644, mtime: 1_700_000_000),
            Array("root:x:0:0::/root:/bi".utf8)
        ),
        (TarEntry(path: "etc/mtab", kind: .symlink(target: "../proc/self/mounts"), mode: 0o777), []),
        (TarEntry(path: "etc/passwd-", kind: .hardlink(target: "etc/passwd"), mode: 0o644), []),
        (TarEntry(path: "dev/null", kind: .characterDevice(major: 1, minor: 3), mode: 0o666), []),
        (TarEntry(path: "run/pipe", kind: .fifo, mode: 0o600, uid: 5, gid: 6), []),
    ]

    @Test(arguments: [LayerEncoding.zstd(), .zstd(level: 9), .gzip(), .gzip(level: 1)])
    func `a blob decompresses to the tar that its diffID is of`(encoding: LayerEncoding) async throws {
        try await Sandbox.with { sandbox in
            let blob = sandbox.path.appending("blob")
            let layer = try write(to: blob, encoding)
            let tool = encoding.mediaType == .layerGzip ? "gzip" : "zstd"
            let sums = try await SampleTree.shell(
                "sha256sum < \(blob); \(tool) -dc < \(blob) | sha256sum; \(tool) -dc < \(blob) | wc -c"
            )
            let words = sums.split { $0 == "\n" || $0 == " " }
            #expect(layer.digest.hex == words[0])
            #expect(layer.diffID.hex == words[2])
            #expect(String(layer.uncompressedSize) == words[4])
            #expect(layer.size == Files.facts(blob)?.size)
            #expect(layer.descriptor.mediaType == encoding.mediaType)
        }
    }

    @Test func `GNU tar lists every entry as it was written`() async throws {
        try await Sandbox.with { sandbox in
            let blob = sandbox.path.appending("blob")
            _ = try write(to: blob, .gzip())
            let listing = try await SampleTree.shell(
                "TZ=UTC tar --full-time --numeric-owner -tvzf \(blob) | tr -s ' '"
            )
            try Golden.expect(listing, matches: Golden.directory().appending("listing.txt"))
        }
    }

    @Test func `writing the same entries twice gives the same bytes`() async throws {
        try await Sandbox.with { sandbox in
            let first = try write(to: sandbox.path.appending("1"), .standard)
            let second = try write(to: sandbox.path.appending("2"), .standard)
            #expect(first == second)
        }
    }

    /// The diffID and the digest of fixed entries: a change of either breaks every lock and cache.
    @Test func `the format of a layer has not changed`() async throws {
        try await Sandbox.with { sandbox in
            let layer = try write(to: sandbox.path.appending("1"), .gzip())
            #expect(layer.diffID.short == "7f5ff0b23b4f")
        }
    }

    @Test func `how big content is cut makes no difference`() async throws {
        try await Sandbox.with { sandbox in
            let content = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 9) }
            let file = sandbox.path.appending("content")
            try Files.write(content, to: file)
            let entry = TarEntry(path: "big", kind: .file(size: 5_000_000), mode: 0o644)
            var fromMemory = try LayerWriter(path: sandbox.path.appending("1"), encoding: .standard)
            try fromMemory.append(entry, content: content)
            var fromFile = try LayerWriter(path: sandbox.path.appending("2"), encoding: .standard)
            try fromFile.append(entry, contentsOf: file)
            let layers = [try fromMemory.finish(), try fromFile.finish()]
            #expect(layers[0] == layers[1])
            #expect(layers[0].index.lookup("big")?.digest == Digest(of: content))
        }
    }

    @Test func `a file of another size than its entry is refused`() async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write("12345", to: "file")
            for size in [4, 6] as [Int64] {
                var writer = try LayerWriter(path: sandbox.path.appending("\(size)"), encoding: .standard)
                let entry = TarEntry(path: "f", kind: .file(size: size), mode: 0o644)
                let error = #expect(throws: ArchiveError.self) { try writer.append(entry, contentsOf: file) }
                #expect(error?.reason == .changedWhileRead)
            }
        }
    }

    @Test(arguments: ["/etc", "a/../b", "..", "a//b", "./a", "a/"])
    func `a path that is not clean is refused`(path: String) async throws {
        try await Sandbox.with { sandbox in
            var writer = try LayerWriter(path: sandbox.path.appending("blob"), encoding: .standard)
            let error = #expect(throws: ArchiveError.self) {
                try writer.append(TarEntry(path: path, kind: .directory, mode: 0o755))
            }
            #expect(error?.reason == .unsafePath)
        }
    }

    @Test func `the index keeps account files, whiteouts and what hard links stand for`() async throws {
        try await Sandbox.with { sandbox in
            var writer = try LayerWriter(path: sandbox.path.appending("blob"), encoding: .standard)
            for (entry, content) in Self.entries { try writer.append(entry, content: content) }
            try writer.appendWhiteout(of: "usr/gone")
            try writer.appendOpaqueMarker(in: "var/cache")
            let index = try writer.finish().index
            #expect(index.captured == ["etc/passwd": Self.entries[1].content])
            #expect(index.removed == ["usr/gone"])
            #expect(index.opaque == ["var/cache"])
            #expect(index.entries.map(\.path) == Self.entries.map(\.entry.path).sorted())
            let digest = Digest(of: Self.entries[1].content)
            #expect(
                index.lookup("etc/passwd-")?.kind
                    == .hardlink(target: "etc/passwd", size: 21, digest: digest)
            )
        }
    }

    @Test func `an encoder's name holds all that its bytes depend on`() {
        #expect(LayerEncoding.zstd().encoderName.hasPrefix("zstd-1."))
        #expect(LayerEncoding.zstd().encoderName.hasSuffix("-level3-mt"))
        #expect(LayerEncoding.gzip().encoderName.hasPrefix("gzip-libdeflate1."))
        #expect(LayerEncoding.gzip().encoderName.hasSuffix("-level5-1m"))
    }

    private func write(to path: FilePath, _ encoding: LayerEncoding) throws -> WrittenLayer {
        var writer = try LayerWriter(path: path, encoding: encoding)
        for (entry, content) in Self.entries { try writer.append(entry, content: content) }
        return try writer.finish()
    }

    @Test(arguments: [LayerEncoding.zstd(), .gzip()])
    func `a file of nothing but zeros is read back within the limits`(encoding: LayerEncoding) async throws {
        try await Sandbox.with { sandbox in
            let file = sandbox.path.appending("preallocated")
            try await SampleTree.shell("truncate -s 64M \(file)")
            let blob = sandbox.path.appending("blob")
            var writer = try LayerWriter(path: blob, encoding: encoding)
            let entry = TarEntry(path: "preallocated", kind: .file(size: 64 << 20), mode: 0o600)
            try writer.append(entry, contentsOf: file)
            let written = try writer.finish()
            var limits = ArchiveLimits.standard
            limits.expansionFloor = 1 << 20
            #expect(try LayerScanner.scan(blob, limits: limits).diffID == written.diffID)
        }
    }
}
