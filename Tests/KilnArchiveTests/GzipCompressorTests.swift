import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnArchive

@Suite struct `Compressing with gzip` {
    private static let member = GzipCompressor.memberSize

    @Test(arguments: [0, 1, member - 1, member, member + 1, 3 * member, 9 * member + 7])
    func `gives the same bytes on any number of cores and however the input comes`(size: Int) throws {
        let input = content(size)
        let expected = try compressed(input, lanes: 1, pieces: input.count)
        for lanes in [2, 3, 8] {
            #expect(try compressed(input, lanes: lanes, pieces: 100_003) == expected)
            #expect(try compressed(input, lanes: lanes, pieces: Self.member) == expected)
        }
    }

    @Test(arguments: [0, 1, member, 3 * member + 5])
    func `is read by gzip, Python and our own reader`(size: Int) async throws {
        try await Sandbox.with { sandbox in
            let input = content(size)
            let blob = sandbox.path.appending("blob.gz")
            try Files.write(try compressed(input, lanes: 2, pieces: 65_536), to: blob)
            let plain = sandbox.path.appending("plain")
            try Files.write(input, to: plain)
            try await ToolRunner().run(
                ToolInvocation(
                    "bash",
                    [
                        "-euo", "pipefail", "-c",
                        """
                        gzip -dc blob.gz | cmp - plain
                        python3 -c 'import gzip, sys; sys.stdout.buffer.write(gzip.open("blob.gz").read())' | cmp - plain
                        """,
                    ],
                    workingDirectory: sandbox.path
                )
            )
            var reader = try Decompressor(FileSource(blob))
            var output: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = try buffer.withUnsafeMutableBytes { try reader.read(into: $0) }
                if count == 0 { break }
                output += buffer[..<count]
            }
            #expect(output == input)
        }
    }

    @Test func `no time and no name are in a member`() throws {
        let bytes = try compressed(content(10), lanes: 1, pieces: 10)
        // RFC 1952, section 2.3: magic, method 8, no flags, time 0.
        #expect(bytes[..<8] == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0])
    }

    /// Half of it compresses, half does not; deterministic.
    private func content(_ size: Int) -> [UInt8] {
        var state: UInt64 = 7
        let piece = (0..<65_537).map { index in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return index / 4096 % 2 == 0 ? UInt8(truncatingIfNeeded: state >> 56) : UInt8(index / 7 % 50)
        }
        return Array(repeatElement(piece, count: size / piece.count + 1).joined().prefix(size))
    }

    private func compressed(_ input: [UInt8], lanes: Int, pieces: Int) throws -> [UInt8] {
        let compressor = try GzipCompressor(level: 6, lanes: lanes)
        var output: [UInt8] = []
        try input.withUnsafeBytes { bytes in
            var rest = bytes[...]
            repeat {
                let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(pieces))
                rest = rest.dropFirst(piece.count)
                try compressor.compress(piece, isLast: rest.isEmpty) { output += $0 }
            } while !rest.isEmpty
        }
        return output
    }
}
