import Glibc
import KilnArchive
import KilnOCI
import KilnSystem
import SystemPackage

extension TarReader {
    /// Puts the current entry's content into a new file, and gives its digest.
    mutating func spool(to path: FilePath) throws -> Digest {
        let descriptor = open(path.string, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SystemError.last("create \(path)") }
        defer { close(descriptor) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { buffer.deallocate() }
        var hasher = ContentHasher()
        while case let count = try read(into: buffer), count > 0 {
            let piece = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            hasher.update(piece)
            _ = try FileDescriptor(rawValue: descriptor).writeAll(piece)
        }
        return hasher.finish()
    }
}
