import Glibc
import KilnArchive
import KilnOCI
import KilnSystem
package import SystemPackage

extension AdvisoryHome {
    /// Takes files in, each in the place of one of the same name, and makes the database anew. `replaces` forgets what was there. Nothing changes when one of them cannot
    /// be read.
    package func importFiles(_ files: [FilePath], replaces: Bool = false) async throws -> [ImportReport] {
        try await alone {
            try await Blocking.run {
                var kept = replaces ? [] : try sources()
                for file in files {
                    // What is no advisory at all never comes into the folder.
                    var trial = DatabaseBuilder()
                    _ = try AdvisoryImporter.importFile(file, into: &trial)
                    let source = try take(file)
                    kept.removeAll { $0.name == source.name }
                    kept.append(source)
                }
                return try rebuild(kept)
            }
        }
    }

    /// Copies a file in, and hashes it on the way.
    private func take(_ file: FilePath) throws -> KeptSource {
        let partial = sourceFolder.appending("partial-import-\(getpid())")
        defer { unlink(partial.string) }
        let (digest, size) = try Self.copy(file, to: partial)
        try Files.rename(partial, to: sourceFile(digest))
        return KeptSource(
            name: file.lastComponent?.string ?? file.string,
            digest: digest,
            size: size,
            date: Files.facts(file, followingSymlinks: true).map { $0.modified / 1_000_000_000 }
        )
    }

    private static func copy(_ file: FilePath, to target: FilePath) throws -> (Digest, Int64) {
        let source = try FileSource(file)
        let descriptor = try FileDescriptor.open(
            target,
            .writeOnly,
            options: [.create, .truncate, .closeOnExec],
            permissions: [.ownerReadWrite, .groupRead, .otherRead]
        )
        defer { try? descriptor.close() }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        var hasher = ContentHasher()
        var size: Int64 = 0
        while true {
            let count = try source.read(into: buffer)
            if count == 0 { break }
            let piece = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            hasher.update(piece)
            _ = try descriptor.writeAll(piece)
            size += Int64(count)
        }
        guard fsync(descriptor.rawValue) == 0 else { throw SystemError.last("write \(target)") }
        return (hasher.finish(), size)
    }
}
