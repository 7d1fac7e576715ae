import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnArchive

@Suite struct `Damaged compressed streams` {
    @Test(arguments: ["gzip -c", "xz -c", "zstd -qc", "zstd -qc --long=27"])
    func `end with what they hold or with an error, and in bounds`(_ tool: String) async throws {
        try await Sandbox.with { sandbox in
            let text = (0..<4000).map { "line \($0 % 97)\n" }.joined()
            let packed = sandbox.path.appending("packed")
            try sandbox.write(text, to: "text")
            try await ToolRunner().run(
                ToolInvocation("sh", ["-c", "\(tool) text > packed"], workingDirectory: sandbox.path)
            )
            let good = try Files.read(packed)
            #expect(try unpack(good) == text.utf8.count)
            var state: UInt64 = 7
            func next(_ bound: Int) -> Int {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int(state >> 33) % max(1, bound)
            }
            var errors = 0
            for _ in 0..<400 {
                var bytes = good
                for _ in 0...next(4) { bytes[next(bytes.count)] = UInt8(next(256)) }
                if next(3) == 0 { bytes.removeLast(next(bytes.count)) }
                do {
                    let size = try unpack(bytes)
                    #expect(size <= 8 << 20)
                } catch {
                    errors += 1
                }
            }
            #expect(errors > 50)
        }
    }

    private func unpack(_ bytes: [UInt8]) throws(ArchiveError) -> Int {
        var limits = ArchiveLimits()
        limits.totalSize = 4 << 20
        var stream = try Decompressor(MemorySource(bytes), limits: limits)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { buffer.deallocate() }
        var total = 0
        while true {
            let count = try stream.read(into: buffer)
            if count == 0 { return total }
            total += count
        }
    }
}
