import Glibc
import KilnSystem
package import SystemPackage

/// Bytes that are read here and there.
package protocol RandomBytes {
    var size: Int64 { get }

    /// Fills the front of the buffer from the offset on and says how far; 0 at the end.
    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int
}

extension RandomBytes {
    /// Exactly these bytes.
    package func bytes(at offset: Int64, _ count: Int64) throws(ArchiveError) -> [UInt8] {
        guard offset >= 0, count >= 0, count <= size, offset <= size - count else {
            throw ArchiveError(.truncated)
        }
        var bytes = [UInt8](repeating: 0, count: Int(count))
        var done = 0
        while done < bytes.count {
            var failure: ArchiveError?
            let read = bytes.withUnsafeMutableBytes { buffer -> Int in
                do throws(ArchiveError) {
                    let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
                    return try self.read(at: offset + Int64(done), into: rest)
                } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            guard read > 0 else { throw ArchiveError(.truncated) }
            done += read
        }
        return bytes
    }
}

/// A file's. A class: it owns the open file and closes it once.
package final class FileBytes: RandomBytes, Sendable {
    package let size: Int64
    private let path: FilePath
    private let descriptor: Int32

    package init(_ path: FilePath) throws(ArchiveError) {
        descriptor = open(path.string, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ArchiveError(.system(.last("open \(path)"))) }
        var info = stat()
        size = fstat(descriptor, &info) == 0 ? Int64(max(0, info.st_size)) : 0
        self.path = path
    }

    /// A file without a name that takes a whole stream.
    package init(unpacking source: inout some ByteSource) throws(ArchiveError) {
        path = "/var/tmp/kiln-archive-XXXXXX"
        var name = Array(path.string.utf8CString)
        descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw ArchiveError(.system(.last("create a file in /var/tmp"))) }
        unlink(&name)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
        defer { buffer.deallocate() }
        var written: Int64 = 0
        while true {
            let count = try source.read(into: buffer)
            if count == 0 { break }
            guard Glibc.pwrite(descriptor, buffer.baseAddress, count, off_t(written)) == count else {
                throw ArchiveError(.system(.last("write a file in /var/tmp")))
            }
            written += Int64(count)
        }
        size = written
    }

    deinit {
        close(descriptor)
    }

    package func read(
        at offset: Int64,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(ArchiveError) -> Int {
        while true {
            let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
            if count >= 0 { return count }
            guard errno == EINTR else { throw ArchiveError(.system(.last("read \(path)"))) }
        }
    }
}

/// A part of something, from its front.
package struct RangeSource: ByteSource {
    private let bytes: any RandomBytes
    private var position: Int64
    private let end: Int64

    package init(_ bytes: any RandomBytes, _ range: Range<Int64>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        let wanted = Int(min(Int64(buffer.count), end - position))
        guard wanted > 0 else { return 0 }
        let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
        let count = try bytes.read(at: position, into: piece)
        guard count > 0 else { throw ArchiveError(.truncated) }
        position += Int64(count)
        return count
    }
}
