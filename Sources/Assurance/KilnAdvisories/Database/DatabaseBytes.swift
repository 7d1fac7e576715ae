import Glibc
import KilnSystem
import SystemPackage

/// A database's bytes, mapped or in memory; every read is checked against their end.
///
/// A class: it owns the mapping and gives it back once. It keeps the address as a number, since bytes that nobody writes may be read from anywhere.
/// The file must not shrink while it is mapped: Kiln never writes into one, it renames a new one over it.
final class DatabaseBytes: Sendable {
    private let address: UInt
    let count: Int
    private let isMapped: Bool

    /// Maps a whole file.
    init(mapping path: FilePath) throws {
        let descriptor = open(path.string, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { throw DatabaseError(.missing, file: path.string) }
            throw SystemError.last("open \(path)")
        }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw SystemError.last("look at \(path)") }
        guard info.st_mode & S_IFMT == S_IFREG else { throw DatabaseError(.foreign, file: path.string) }
        guard info.st_size >= DatabaseFormat.headerSize else {
            throw DatabaseError(.truncated, file: path.string)
        }
        count = Int(info.st_size)
        guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw SystemError.last("map \(path)")
        }
        address = UInt(bitPattern: start)
        isMapped = true
    }

    init(copying bytes: [UInt8]) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 8)
        copy.copyBytes(from: bytes)
        address = UInt(bitPattern: copy.baseAddress)
        count = bytes.count
        isMapped = false
    }

    deinit {
        guard let start = UnsafeMutableRawPointer(bitPattern: address) else { return }
        if isMapped { munmap(start, count) } else { start.deallocate() }
    }

    /// All bytes, for the time that this object lives.
    var buffer: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count)
    }

    func load<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int) throws(DatabaseError) -> Number
    {
        defer { withExtendedLifetime(self) {} }
        guard offset >= 0, offset <= count - MemoryLayout<Number>.size else {
            throw DatabaseError(.corrupt("a number"))
        }
        return Number(littleEndian: buffer.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }

    func slice(_ offset: Int, _ length: Int) throws(DatabaseError) -> UnsafeRawBufferPointer {
        guard offset >= 0, length >= 0, offset <= count - length else {
            throw DatabaseError(.corrupt("a text"))
        }
        return UnsafeRawBufferPointer(rebasing: buffer[offset..<offset + length])
    }
}
