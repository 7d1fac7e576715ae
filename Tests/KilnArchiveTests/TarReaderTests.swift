import KilnArchive
import KilnDiagnostics
import KilnOCI
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Reading archives` {
    @Test(arguments: ["gnu", "pax", "ustar", "oldgnu", "v7"])
    func `what GNU tar wrote is read as it is`(format: String) async throws {
        try await Sandbox.with { sandbox in
            let tree = sandbox.path.appending("tree")
            try await SampleTree.make(at: tree)
            let archive = sandbox.path.appending("a.tar")
            // The older forms know neither long names, nor pipes, nor big numbers, nor times before 1970.
            let old = "rm -rf folder-* nnn* usr/long-link var/pipe opt/empty a/deep/er;"
            let small = format == "v7" || format == "ustar"
            let xattrs = format == "pax" ? SampleTree.gnuTar : "tar"
            try await SampleTree.shell(
                "cd \(tree); \(small ? old : "") \(xattrs) --format=\(format) --numeric-owner -cf \(archive) ."
            )
            let out = sandbox.path.appending("out")
            try Files.createDirectory(out)
            try LayerExtractor(form: .plain).extract(blob: archive, into: out)
            let expected = sandbox.path.appending("expected")
            try await SampleTree.shell(
                "mkdir \(expected); \(xattrs) --numeric-owner -pxf \(archive) -C \(expected)"
            )
            // tar keeps fractions of a second and rounds times before 1970 as the format makes it.
            #expect(try await SampleTree.describe(out) == SampleTree.describe(expected))
        }
    }

    @Test func `a scan finds the digest and the index that writing found`() async throws {
        try await Sandbox.with { sandbox in
            let tree = sandbox.path.appending("tree")
            try await SampleTree.make(at: tree)
            try await SampleTree.shell("mkdir \(tree)/etc; echo root:x:0:0 > \(tree)/etc/passwd")
            for encoding in [LayerEncoding.zstd(), .gzip()] {
                let blob = sandbox.path.appending(encoding.encoderName)
                var writer = try LayerWriter(path: blob, encoding: encoding)
                try LayerDiff.write(tree: tree, form: .plain, epoch: 1 << 40, to: &writer)
                try writer.appendWhiteout(of: "etc/gone")
                let written = try writer.finish()
                let scanned = try LayerScanner.scan(blob)
                #expect(scanned.diffID == written.diffID)
                #expect(scanned.uncompressedSize == written.uncompressedSize)
                #expect(scanned.index == written.index)
            }
        }
    }

    @Test func `several gzip members, zstd frames and xz streams are one stream`() async throws {
        try await Sandbox.with { sandbox in
            let tar = RawTar().adding("a", content: String(repeating: "x", count: 5000)).ended
            try Files.write(tar[..<1000], to: sandbox.path.appending("1"))
            try Files.write(tar[1000...], to: sandbox.path.appending("2"))
            for tool in ["gzip", "zstd -q", "xz"] {
                try await SampleTree.shell(
                    "cd \(sandbox.path); (\(tool) -c 1; \(tool) -c 2) > both"
                )
                let scanned = try LayerScanner.scan(sandbox.path.appending("both"))
                #expect(scanned.diffID == DiffID(of: tar))
                #expect(scanned.index.lookup("a")?.size == 5000)
            }
        }
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let tar: [UInt8]
        let reason: ArchiveError.Reason

        init(_ description: String, _ reason: ArchiveError.Reason, _ tar: [UInt8]) {
            testDescription = description
            self.tar = tar
            self.reason = reason
        }
    }

    static let refusals: [Refusal] = [
        Refusal("no bytes", .truncated, []),
        Refusal("no end", .truncated, RawTar().adding("a").bytes),
        Refusal("no tar", .checksum, [UInt8](repeating: 7, count: 2048)),
        Refusal("absolute", .unsafePath, RawTar().adding("/etc/passwd").ended),
        Refusal("up", .unsafePath, RawTar().adding("../evil").ended),
        Refusal("up inside", .unsafePath, RawTar().adding("a/../../evil").ended),
        Refusal("up in pax", .unsafePath, pax("path", "../evil")),
        Refusal("zero byte in pax", .unsafePath, pax("path", "a\u{0}b")),
        Refusal("hard link up", .unsafePath, RawTar().adding("a", type: "1", link: "../b").ended),
        Refusal(
            "hard link absolute",
            .unsafePath,
            RawTar().adding("a", type: "1", link: "/etc/shadow").ended
        ),
        Refusal("old sparse", .unsupported("a sparse file"), RawTar().adding("a", type: "S").ended),
        Refusal("pax sparse", .unsupported("a sparse file"), pax("GNU.sparse.major", "1")),
        Refusal("volume", .unsupported("a tar member of type 77"), RawTar().adding("a", type: "M").ended),
        Refusal("size no number", .malformed(field: "size"), RawTar().adding("a", size: "9bc").ended),
        Refusal("size negative", .malformed(field: "size"), pax("size", "-1")),
        Refusal("size of the world", .limit(.totalSize), pax("size", "9223372036854775807")),
        Refusal("uid too big", .malformed(field: "uid"), pax("uid", "4294967295")),
        Refusal("mtime no number", .malformed(field: "mtime"), pax("mtime", "yesterday")),
        Refusal(
            "mtime of the least number",
            .malformed(field: "mtime"),
            pax("mtime", "-9223372036854775808.5")
        ),
        Refusal("mtime past what JSON says", .malformed(field: "mtime"), pax("mtime", "9007199254740993")),
        Refusal("mtime before it", .malformed(field: "mtime"), pax("mtime", "-9007199254740992.5")),
        Refusal("uid of the least number", .malformed(field: "uid"), pax("uid", "-9223372036854775808.5")),
        Refusal("size of the least number", .malformed(field: "size"), pax("size", "-9223372036854775808.5")),
        Refusal("mode no number", .malformed(field: "mode"), RawTar().adding("a", mode: "rwx").ended),
        Refusal("empty link", .malformed(field: "link target"), RawTar().adding("a", type: "2").ended),
        Refusal("record too long", .malformed(field: "extended header"), rawPax("99 path=a\n")),
        Refusal("record too short", .malformed(field: "extended header"), rawPax("3 path=a\n")),
        Refusal("record without =", .malformed(field: "extended header"), rawPax("8 patha\n")),
        Refusal("huge header", .limit(.headerSize), rawPax("", size: "77777777777")),
        Refusal("long path", .limit(.pathLength), pax("path", String(repeating: "p/", count: 2100))),
        Refusal("deep path", .limit(.depth), pax("path", String(repeating: "p/", count: 250) + "x")),
        Refusal(
            "something after the end",
            .malformed(field: "end"),
            RawTar().adding("a").bytes + [UInt8](repeating: 0, count: 512) + RawTar().adding("b").bytes
        ),
    ]

    @Test(arguments: refusals)
    func `a bad archive is refused with its reason`(refusal: Refusal) {
        var reader = TarReader(MemorySource(refusal.tar))
        let error = #expect(throws: ArchiveError.self) { _ = try reader.finish() }
        #expect(error?.reason == refusal.reason)
        #expect(error?.diagnostics.first?.message.isEmpty == false)
    }

    @Test func `headers about the whole archive are limited in their sum`() {
        var tar = RawTar()
        let comment = RawTar.record("comment", String(repeating: "c", count: 100_000))
        for number in 0..<11 { tar = tar.adding("g", type: "g", content: comment).adding("f\(number)") }
        var reader = TarReader(MemorySource(tar.ended))
        let error = #expect(throws: ArchiveError.self) { _ = try reader.finish() }
        #expect(error?.reason == .limit(.headerSize))
    }

    /// Digits, signs and dots where numbers are read: whatever they say, it ends, with a typed error or none.
    @Test(arguments: ["mtime", "size", "uid", "gid"])
    func `odd numbers never do more than throw`(key: String) throws {
        var noise = Noise(state: 7)
        let pieces = [
            "-", "+", ".", "0", "5", "9223372036854775808", "9223372036854775807", "4294967295", " ", "e",
        ]
        for _ in 0..<500 {
            let value = (0...noise.next() % 4).map { _ in pieces[Int(noise.next() % UInt64(pieces.count))] }
            do throws(ArchiveError) {
                var reader = TarReader(MemorySource(Self.pax(key, value.joined())))
                while let entry = try reader.next() {
                    #expect((-(1 << 53)...(1 << 53)).contains(entry.mtime))
                }
            } catch {
                #expect(!error.diagnostics.isEmpty)
            }
        }
    }

    @Test func `a name that is not UTF-8 is refused`() throws {
        var tar = RawTar().adding("aXb").ended
        let sum = tar[1] &- 0xFF
        tar[1] = 0xFF
        // The checksum's last digits move with the byte.
        let old = Int(String(decoding: tar[148..<154], as: UTF8.self), radix: 8) ?? 0
        let new = String(old + Int(0xFF) - Int(sum &+ 0xFF), radix: 8)
        tar.replaceSubrange(148..<154, with: Array((String(repeating: "0", count: 6 - new.count) + new).utf8))
        var reader = TarReader(MemorySource(tar))
        let error = #expect(throws: ArchiveError.self) { _ = try reader.finish() }
        #expect(error?.reason == .notUTF8)
    }

    @Test func `an archive cut off anywhere is an error, compressed or not`() async throws {
        try await Sandbox.with { sandbox in
            let tree = sandbox.path.appending("tree")
            try await SampleTree.shell(
                "mkdir -p \(tree)/d; seq 1 3000 > \(tree)/d/f; ln -s f \(tree)/d/l; touch \(tree)/\(SampleTree.longName)"
            )
            for encoding in [LayerEncoding.zstd(), .gzip()] {
                let blob = sandbox.path.appending(encoding.encoderName)
                var writer = try LayerWriter(path: blob, encoding: encoding)
                try LayerDiff.write(tree: tree, form: .plain, epoch: 0, to: &writer)
                _ = try writer.finish()
                let bytes = try Files.read(blob)
                for length in stride(from: 0, to: bytes.count - 1, by: 37) {
                    let error = #expect(throws: ArchiveError.self) {
                        var reader = TarReader(try Decompressor(MemorySource(Array(bytes[..<length]))))
                        _ = try reader.finish()
                    }
                    #expect(error != nil)
                }
            }
            let tar = RawTar().adding("d", type: "5").adding("d/f", content: "abc").adding("d/g").ended
            for blocks in 0..<(tar.count / 512 - 1) {
                for length in [blocks * 512, blocks * 512 + 100] {
                    var reader = TarReader(MemorySource(Array(tar[..<length])))
                    let error = #expect(throws: ArchiveError.self) { _ = try reader.finish() }
                    #expect(error?.reason == .truncated)
                }
            }
        }
    }

    @Test func `a bomb is stopped at its limit`() async throws {
        try await Sandbox.with { sandbox in
            var limits = ArchiveLimits()
            limits.expansionFloor = 1 << 20
            limits.expansion = 100
            for tool in ["gzip", "zstd", "xz"] {
                let bomb = sandbox.path.appending(tool)
                try await SampleTree.shell("head -c 30000000 /dev/zero | \(tool) -c > \(bomb)")
                var source = try Decompressor(FileSource(bomb), limits: limits)
                #expect(drain(&source) == .limit(.expansion))
                var small = ArchiveLimits()
                small.totalSize = 1 << 20
                source = try Decompressor(FileSource(bomb), limits: small)
                #expect(drain(&source) == .limit(.totalSize))
            }
            limits.entries = 2
            var reader = TarReader(
                MemorySource(RawTar().adding("a").adding("b").adding("c").ended),
                limits: limits
            )
            let error = #expect(throws: ArchiveError.self) { _ = try reader.finish() }
            #expect(error?.reason == .limit(.entries))
            #expect(error?.offset == 1024)
        }
    }

    /// Flips bytes of a good archive, and throws noise at the reader: whatever comes, it ends, with a typed error or none.
    @Test(arguments: 1...40)
    func `damage never does more than throw`(seed: UInt64) throws {
        var noise = Noise(state: seed &* 0x9E37_79B9_7F4A_7C15)
        let good = RawTar().adding("d", type: "5").adding("d/f", content: "some content")
            .adding("h", type: "x", content: RawTar.record("path", "long") + RawTar.record("mtime", "1.5"))
            .adding("s", type: "2", link: "d/f").adding("l", type: "1", link: "d/f").ended
        for _ in 0..<50 {
            var bytes = good
            for _ in 0..<(noise.next() % 8 + 1) {
                bytes[Int(noise.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: noise.next())
            }
            if noise.next() % 4 == 0 {
                bytes = (0..<3000).map { _ in UInt8(truncatingIfNeeded: noise.next()) }
            }
            let magics: [[UInt8]] = [[], [0x1F, 0x8B, 8], [0x28, 0xB5, 0x2F, 0xFD]]
            bytes = magics[Int(noise.next() % 3)] + bytes
            do throws(ArchiveError) {
                var reader = TarReader(try Decompressor(MemorySource(bytes)))
                _ = try reader.finish()
            } catch {
                #expect(!error.diagnostics.isEmpty)
            }
        }
    }

    private func drain(_ source: inout Decompressor) -> ArchiveError.Reason? {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 1)
        defer { buffer.deallocate() }
        do throws(ArchiveError) {
            while try source.read(into: buffer) > 0 {}
            return nil
        } catch {
            return error.reason
        }
    }

    private static func pax(_ key: String, _ value: String) -> [UInt8] {
        rawPax(RawTar.record(key, value))
    }

    private static func rawPax(_ content: String, size: String? = nil) -> [UInt8] {
        RawTar().adding("PaxHeaders.0/a", type: "x", content: content, size: size).adding("a").ended
    }
}

/// SplitMix64: the same numbers for the same seed.
struct Noise {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
