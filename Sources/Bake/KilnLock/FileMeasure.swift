import KilnOCI
import KilnSystem
import SystemPackage

/// The digest and size of a file, read in pieces.
enum FileMeasure {
    /// Blocks: run it inside `Blocking.run`.
    static func measure(_ file: FilePath) throws -> (digest: Digest, size: Int64) {
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor.open(file, .readOnly, options: .closeOnExec)
        } catch let errno as Errno {
            throw SystemError("open \(file)", errno)
        }
        defer { try? descriptor.close() }
        var hasher = ContentHasher()
        var size: Int64 = 0
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count: Int
            do {
                count = try chunk.withUnsafeMutableBytes { try descriptor.read(into: $0) }
            } catch let errno as Errno {
                throw SystemError("read \(file)", errno)
            }
            if count == 0 { return (hasher.finish(), size) }
            size += Int64(count)
            chunk.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }
}
