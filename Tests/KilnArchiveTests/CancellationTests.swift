import Glibc
import KilnArchive
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Cancelling the writing of a layer` {
    @Test(.timeLimit(.minutes(1))) func `ends it in the middle of a file`() async throws {
        try await Sandbox.with { sandbox in
            let size: Int64 = 1 << 40
            let endless = try sandbox.write("", to: "endless")
            #expect(truncate(endless.string, Int(size)) == 0)
            let blob = sandbox.path.appending("blob")
            let writing = Task {
                try await Blocking.run {
                    var writer = try LayerWriter(path: blob, encoding: .zstd())
                    try writer.append(
                        TarEntry(path: "f", kind: .file(size: size), mode: 0o644),
                        contentsOf: endless
                    )
                }
            }
            try await eventually("the blob is begun") { Files.exists(blob) }
            writing.cancel()
            await #expect(throws: CancellationError.self) { try await writing.value }
        }
    }
}
