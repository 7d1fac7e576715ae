import Glibc
package import KilnOCI
import KilnSystem
package import SystemPackage

/// Reads whole files for their digest.
package enum FileDigest {
    /// Blocks: run it inside `Blocking.run`.
    package static func measure(_ path: FilePath) throws -> (digest: Digest, size: Int64) {
        let descriptor = open(path.string, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError.last("open \(path)") }
        defer { close(descriptor) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
        defer { buffer.deallocate() }
        var hasher = ContentHasher()
        var size: Int64 = 0
        while true {
            try Blocking.checkCancellation()
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError.last("read \(path)") }
            if count == 0 { return (hasher.finish(), size) }
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            size += Int64(count)
        }
    }

    /// Makes a file's content survive a power loss and sets its mode.
    static func sync(_ path: FilePath, mode: UInt16) throws {
        let descriptor = open(path.string, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError.last("open \(path)") }
        defer { close(descriptor) }
        guard fchmod(descriptor, mode_t(mode)) == 0, fsync(descriptor) == 0 else {
            throw SystemError.last("sync \(path)")
        }
    }
}
