import KilnArchive
import KilnOCI
import SystemPackage

/// A file that is digested as it is read: what was read is what the digest is of, whatever happens to the path
/// meanwhile. A class: copies of what reads from it share one digest.
final class HashedSource: ByteSource {
    private let source: FileSource
    private var hasher = ContentHasher()

    init(_ path: FilePath) throws(ArchiveError) {
        source = try FileSource(path)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        let count = try source.read(into: buffer)
        hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        return count
    }

    /// Of the whole file: what nobody has read yet is read now.
    func digest() throws(ArchiveError) -> Digest {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
        defer { buffer.deallocate() }
        while try read(into: buffer) > 0 {}
        return hasher.finish()
    }
}
