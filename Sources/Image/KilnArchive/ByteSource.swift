import Glibc
import KilnSystem
package import SystemPackage

/// Bytes that are read once, from the front.
package protocol ByteSource {
    /// Fills the front of the buffer and says how far; 0 at the end.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int
}

/// A file's bytes. A class: it owns the open file and closes it once.
package final class FileSource: ByteSource {
    private let path: FilePath
    private let descriptor: Int32

    package init(_ path: FilePath) throws(ArchiveError) {
        descriptor = open(path.string, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ArchiveError(.system(.last("open \(path)"))) }
        self.path = path
    }

    deinit {
        close(descriptor)
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw ArchiveError(.system(.last("read \(path)"))) }
        }
    }
}

/// Bytes in memory.
package struct MemorySource: ByteSource {
    private var rest: ArraySlice<UInt8>

    package init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        let piece = rest.prefix(buffer.count)
        buffer.copyBytes(from: piece)
        rest = rest.dropFirst(piece.count)
        return piece.count
    }
}

/// A source whose kind is not known where it is used.
package struct AnyByteSource: ByteSource {
    private var source: any ByteSource

    package init(_ source: any ByteSource) {
        self.source = source
    }

    package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        try source.read(into: buffer)
    }
}
