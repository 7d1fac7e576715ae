import Glibc
import KilnArchive
import KilnOCI
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Sparse files in archives` {
    /// Data here and there in 3 MiB, enough of it that the map goes on in further blocks.
    private static func make(in folder: FilePath) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 3 << 20)
        for place in 0..<40 {
            for offset in 0..<(place == 7 ? 5000 : 1) {
                bytes[place * 65_536 + 4096 + offset] = UInt8(place + 1)
            }
        }
        try Files.createDirectory(folder)
        let path = folder.appending("sparse")
        let descriptor = open(path.string, O_WRONLY | O_CREAT, 0o644)
        defer { close(descriptor) }
        #expect(ftruncate(descriptor, off_t(bytes.count)) == 0)
        for place in 0..<40 {
            let start = place * 65_536 + 4096
            let piece = Array(bytes[start..<start + 8192])
            #expect(pwrite(descriptor, piece, piece.count, off_t(start)) == piece.count)
        }
        try Files.write("after\n", to: folder.appending("tail"))
        return bytes
    }

    @Test(arguments: [
        "--format=gnu", "--format=pax --sparse-version=1.0", "--format=pax --sparse-version=0.1",
    ])
    func `are read whole, zeros and all, where they are asked for`(options: String) async throws {
        try await Sandbox.with { sandbox in
            let expected = try Self.make(in: sandbox.path.appending("tree"))
            let archive = sandbox.path.appending("a.tar")
            try await SampleTree.shell("tar -C \(sandbox.path)/tree \(options) -Scf \(archive) sparse tail")
            #expect(try #require(Files.facts(archive)).size < 1 << 20)
            for isLent in [false, true] {
                var reader = TarReader(try Decompressor(FileSource(archive)), takesSparse: true)
                let entry = try #require(try reader.next())
                #expect(entry.path == "sparse" && entry.kind == .file(size: Int64(expected.count)))
                #expect(try Self.content(&reader, isLent: isLent) == expected)
                #expect(try reader.next()?.path == "tail")
                #expect(try Self.content(&reader, isLent: isLent) == Array("after\n".utf8))
                #expect(try reader.next() == nil)
            }
            // One that is passed over leaves the next in its place.
            var reader = TarReader(try Decompressor(FileSource(archive)), takesSparse: true)
            _ = try reader.next()
            #expect(try reader.next()?.path == "tail")
            var strict = TarReader(try Decompressor(FileSource(archive)))
            #expect(throws: ArchiveError.self) { _ = try strict.next() }
        }
    }

    @Test func `of the first pax form are refused by name`() async throws {
        try await Sandbox.with { sandbox in
            _ = try Self.make(in: sandbox.path.appending("tree"))
            let archive = sandbox.path.appending("a.tar")
            try await SampleTree.shell(
                "tar -C \(sandbox.path)/tree --format=pax --sparse-version=0.0 -Scf \(archive) sparse"
            )
            var reader = TarReader(try Decompressor(FileSource(archive)), takesSparse: true)
            let error = #expect(throws: ArchiveError.self) { _ = try reader.next() }
            #expect(error?.reason == .unsupported("a sparse file of this form"))
        }
    }

    @Test(arguments: [
        ("0,5,3,5", 20), ("10,5,0,5", 20), ("0,5,15,6", 20), ("0,5", 20), ("0,5,10,5,", 20), ("0,x,1,10", 20),
        ("0,10", 9), ("0,9223372036854775807", 20), ("9223372036854775807,10", 20), ("", 20),
    ])
    func `with a map that makes no sense are damaged`(map: String, size: Int) {
        let records =
            RawTar.record("GNU.sparse.size", "\(size)") + RawTar.record("GNU.sparse.map", map)
            + RawTar.record("GNU.sparse.name", "a")
        let bytes = RawTar().adding("x", type: "x", content: records).adding("b", content: "0123456789").ended
        #expect(throws: ArchiveError.self) {
            var reader = TarReader(MemorySource(bytes), takesSparse: true)
            _ = try reader.next()
        }
    }

    @Test(arguments: 0..<200) func `that are damaged never break the reader`(seed: UInt64) async throws {
        var noise = Noise(state: seed)
        let records =
            RawTar.record("GNU.sparse.major", "1") + RawTar.record("GNU.sparse.realsize", "4096")
            + RawTar.record("GNU.sparse.name", "a")
        let map = "2\n0\n5\n1000\n5\n"
        let content = map + String(repeating: "\u{0}", count: 512 - map.utf8.count) + "0123456789"
        var bytes = RawTar().adding("x", type: "x", content: records).adding("b", content: content).ended
        for _ in 0..<3 {
            // The map and its records; headers have checksums.
            let place = noise.next() % 2 == 0 ? 512 + Int(noise.next() % 90) : 1536 + Int(noise.next() % 16)
            bytes[place] = UInt8(truncatingIfNeeded: noise.next())
        }
        do {
            var reader = TarReader(MemorySource(bytes), takesSparse: true)
            while try reader.next() != nil {
                #expect(try Self.content(&reader, isLent: true).count < 1 << 20)
            }
        } catch is ArchiveError {}
    }

    private static func content(_ reader: inout TarReader, isLent: Bool) throws -> [UInt8] {
        var bytes: [UInt8] = []
        if isLent {
            try reader.readContent { bytes += $0 }
            return bytes
        }
        var buffer = [UInt8](repeating: 0xFF, count: 1000)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try reader.read(into: $0) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }
}
