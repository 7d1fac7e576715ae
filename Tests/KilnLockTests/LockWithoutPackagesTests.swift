import Glibc
import KilnDefinition
import KilnLock
import KilnOCI
import KilnStore
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@Suite struct `Locking what is not a package` {
    @Test func `a tar is pinned by its content`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.make(in: sandbox)
            try sandbox.write("one", to: "root.tar")
            var definition = Definition(directory: sandbox.path)
            definition.images["vendor"] = ImageDefinition(origin: .tar("root.tar"))
            let first = try await archive.lock(definition)
            #expect(
                first.lock.images["vendor"]?.tar
                    == LockedTar(path: "root.tar", size: 3, sha256: Digest(of: "one"))
            )
            try sandbox.write("two", to: "root.tar")
            let second = try await archive.lock(definition)
            #expect(
                second.changes == [
                    PackageMove(
                        image: "vendor",
                        name: "root.tar",
                        old: Digest(of: "one").short,
                        new: Digest(of: "two").short
                    )
                ]
            )
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a lock that is cancelled while it hashes a tar is not written`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.make(in: sandbox)
            let file = try sandbox.write("", to: "root.tar")
            // Nothing but a hole: hashing it all takes minutes.
            let size: Int64 = 1 << 38
            try #require(truncate(file.string, off_t(size)) == 0)
            var definition = Definition(directory: sandbox.path)
            definition.images["vendor"] = ImageDefinition(origin: .tar("root.tar"))
            let wanted = definition
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await archive.lock(wanted) }
                try await eventually("the tar is being read") { isOpen(file) }
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.waitForAll() }
            }
            #expect(!Files.exists(archive.lockFile))
        }
    }

    private func isOpen(_ file: FilePath) -> Bool {
        ((try? Files.list("/proc/self/fd")) ?? []).contains { name in
            realpath("/proc/self/fd/\(name)", nil).map { path in
                defer { free(path) }
                return String(cString: path) == file.string
            } ?? false
        }
    }

    @Test func `another version of the encoder is kept, another encoder is not`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.make(in: sandbox)
            let definition = Definition(directory: sandbox.path)
            let locker = try archive.locker()
            let old = Lock(encoder: EncoderName("zstd-1.5.4-level3-mt"))
            func encoder(after name: String, _ update: LockUpdate = .none) async throws -> String {
                let new = EncoderName(name)
                return try await locker.lock(definition, existing: old, encoder: new, update: update)
                    .lock.encoder.description
            }
            #expect(try await encoder(after: "zstd-1.5.6-level3-mt") == "zstd-1.5.4-level3-mt")
            #expect(try await encoder(after: "zstd-1.5.6-level3-mt", .all) == "zstd-1.5.6-level3-mt")
            #expect(try await encoder(after: "zstd-1.5.4-level9-mt") == "zstd-1.5.4-level9-mt")
            #expect(
                try await encoder(after: "gzip-libdeflate1.14-level5-1m") == "gzip-libdeflate1.14-level5-1m"
            )
        }
    }
}
