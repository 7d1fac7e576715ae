import Glibc
import KilnSystem
package import SystemPackage

/// Keeps a stream for reading here and there: in memory while it is small, else in a file without a name.
///
/// A class: it owns the file and a buffer that one content after another uses.
package final class Spool: RandomBytes {
    private static let inMemory = 4 << 20

    package private(set) var size: Int64 = 0
    private let folder: FilePath
    private let memory: UnsafeMutableRawBufferPointer
    private var file: Int32 = -1
    private var isInFile = false

    /// `folder` is for what is too big to be kept in memory; where it is missing, the system's own is used.
    package init(folder: FilePath) {
        self.folder = folder
        memory = .allocate(byteCount: Self.inMemory, alignment: 4096)
    }

    deinit {
        memory.deallocate()
        if file >= 0 { close(file) }
    }

    /// Takes what was begun to be read and the rest; more than `limit` bytes are an error. What was kept before is gone.
    package func fill(
        _ head: [UInt8] = [],
        from source: inout some ByteSource,
        limit: Int64
    ) throws(ArchiveError) {
        size = 0
        isInFile = false
        memory.copyBytes(from: head)
        size = Int64(head.count)
        var filled = head.count
        while true {
            if filled == memory.count {
                try flush(filled)
                filled = 0
            }
            let rest = UnsafeMutableRawBufferPointer(rebasing: memory[filled...])
            let count = try source.read(into: rest)
            if count == 0 { break }
            filled += count
            size += Int64(count)
            guard size <= limit else { throw ArchiveError(.limit(.totalSize)) }
        }
        if isInFile { try flush(filled) }
    }

    package func read(
        at offset: Int64,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(ArchiveError) -> Int {
        guard offset < size else { return 0 }
        let count = Int(min(Int64(buffer.count), size - offset))
        guard isInFile else {
            let piece = UnsafeRawBufferPointer(rebasing: memory[Int(offset)..<Int(offset) + count])
            buffer.copyMemory(from: piece)
            return count
        }
        while true {
            let read = pread(file, buffer.baseAddress, count, off_t(offset))
            if read >= 0 { return read }
            guard errno == EINTR else { throw ArchiveError(.system(.last("read a file of \(folder)"))) }
        }
    }

    private func flush(_ count: Int) throws(ArchiveError) {
        try begin()
        var done = 0
        while done < count {
            let written = write(file, memory.baseAddress?.advanced(by: done), count - done)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw ArchiveError(.system(.last("write a file in \(folder)"))) }
            done += written
        }
    }

    private func begin() throws(ArchiveError) {
        guard !isInFile else { return }
        if file < 0 {
            let place = Files.facts(folder)?.kind == .directory ? folder : FilePath("/tmp")
            var name = Array(place.appending("kiln-spool-XXXXXX").string.utf8CString)
            file = mkstemp(&name)
            guard file >= 0 else { throw ArchiveError(.system(.last("create a file in \(place)"))) }
            unlink(&name)
            _ = fcntl(file, F_SETFD, FD_CLOEXEC)
        }
        guard lseek(file, 0, SEEK_SET) == 0, ftruncate(file, 0) == 0 else {
            throw ArchiveError(.system(.last("empty a file of \(folder)")))
        }
        isInFile = true
    }
}
