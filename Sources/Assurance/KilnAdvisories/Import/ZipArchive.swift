import Glibc
import KilnArchive
import KilnSystem
import SystemPackage

/// A zip archive's members, by its central directory (APPNOTE 6.3.9, with ZIP64); stored and deflated members, not encrypted ones.
struct ZipArchive {
    struct Member {
        let name: String
        let method: UInt16
        let flags: UInt16
        let checksum: UInt32
        let compressedSize: UInt64
        let size: UInt64
        let headerOffset: UInt64
    }

    /// Bytes of a central directory; OSV's largest has some 300,000 members.
    private static let longestDirectory = 256 << 20

    let members: [Member]
    private let file: ZipFile

    static func isZip(_ path: FilePath) throws(ArchiveError) -> Bool {
        let file = try ZipFile(path)
        guard let magic = try? file.bytes(at: 0, 4) else { return false }
        return magic == [0x50, 0x4B, 3, 4] || magic == [0x50, 0x4B, 5, 6]
    }

    init(_ path: FilePath) throws {
        file = try ZipFile(path)
        let end = try Self.end(of: file)
        guard end.size <= UInt64(Self.longestDirectory) else {
            throw ImportError(.zip("its directory is too long"))
        }
        var directory = ZipBytes(try file.bytes(at: end.offset, Int(end.size)))
        var members: [Member] = []
        while !directory.isAtEnd { members.append(try Self.member(&directory)) }
        self.members = members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// A member's content; its length and checksum are held against the directory where it ends.
    func content(of member: Member, limits: ArchiveLimits) throws(ImportError) -> any ByteSource {
        guard member.flags & 1 == 0 else { throw ImportError(.zip("\(member.name) is encrypted")) }
        guard member.size <= UInt64(RecordReader.longest),
            member.compressedSize <= UInt64(RecordReader.longest)
        else {
            throw ImportError(.recordTooLong(RecordReader.longest))
        }
        var header = ZipBytes(try file.bytes(at: member.headerOffset, 30))
        guard try header.number(4) == 0x0403_4B50 else {
            throw ImportError(.zip("\(member.name) is not where it should be"))
        }
        try header.skip(22)
        let (nameLength, extraLength) = (try header.number(2), try header.number(2))
        let (start, overflow) = member.headerOffset.addingReportingOverflow(30 + nameLength + extraLength)
        guard !overflow else { throw ImportError(.zip("\(member.name) is not where it should be")) }
        let packed = try file.bytes(at: start, Int(member.compressedSize))
        guard member.method == 8 || (member.method == 0 && member.size == member.compressedSize) else {
            throw ImportError(.zip("\(member.name) is compressed in a way that is not known"))
        }
        do {
            // zlib checks length and checksum of what gzip frames, so a deflated member is framed as one, a stored one as blocks of it.
            return try Decompressor(MemorySource(Self.gzip(packed, member)), limits: limits)
        } catch {
            throw ImportError(.stream(error))
        }
    }

    private static func gzip(_ packed: [UInt8], _ member: Member) -> [UInt8] {
        var bytes: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
        if member.method == 8 { bytes += packed } else { bytes += storedBlocks(packed) }
        bytes.append(number: member.checksum)
        bytes.append(number: UInt32(truncatingIfNeeded: member.size))
        return bytes
    }

    /// RFC 1951, section 3.2.4.
    private static func storedBlocks(_ content: [UInt8]) -> [UInt8] {
        var blocks: [UInt8] = []
        var rest = content[...]
        repeat {
            let block = rest.prefix(0xFFFF)
            rest = rest.dropFirst(0xFFFF)
            blocks.append(rest.isEmpty ? 1 : 0)
            blocks.append(number: UInt16(block.count))
            blocks.append(number: ~UInt16(block.count))
            blocks += block
        } while !rest.isEmpty
        return blocks
    }

    // MARK: The directory

    private static func end(of file: ZipFile) throws(ImportError) -> (offset: UInt64, size: UInt64) {
        let tail = min(file.size, 22 + 0xFFFF)
        let bytes = try file.bytes(at: file.size - tail, Int(tail))
        guard bytes.count >= 22 else { throw ImportError(.zip("it is cut off")) }
        for place in stride(from: bytes.count - 22, through: 0, by: -1)
        where bytes[place..<place + 4] == [0x50, 0x4B, 5, 6] {
            var record = ZipBytes(Array(bytes[place...]))
            try record.skip(12)
            let (size, offset) = (try record.number(4), try record.number(4))
            guard size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF else { return (offset, size) }
            return try end64(of: file, before: file.size - tail + UInt64(place))
        }
        throw ImportError(.zip("it has no directory: it is cut off"))
    }

    private static func end64(
        of file: ZipFile,
        before end: UInt64
    ) throws(ImportError) -> (offset: UInt64, size: UInt64) {
        guard end >= 20 else { throw ImportError(.zip("it has no directory")) }
        var locator = ZipBytes(try file.bytes(at: end - 20, 20))
        guard try locator.number(4) == 0x0706_4B50 else { throw ImportError(.zip("it has no directory")) }
        try locator.skip(4)
        var record = ZipBytes(try file.bytes(at: try locator.number(8), 56))
        guard try record.number(4) == 0x0606_4B50 else { throw ImportError(.zip("it has no directory")) }
        try record.skip(36)
        let size = try record.number(8)
        return (try record.number(8), size)
    }

    private static func member(_ directory: inout ZipBytes) throws(ImportError) -> Member {
        guard try directory.number(4) == 0x0201_4B50 else {
            throw ImportError(.zip("its directory is damaged"))
        }
        try directory.skip(4)
        let (flags, method) = (try directory.number(2), try directory.number(2))
        try directory.skip(4)
        let checksum = try directory.number(4)
        var sizes = (packed: try directory.number(4), plain: try directory.number(4), offset: UInt64(0))
        let (name, extra, comment) = (
            try directory.number(2), try directory.number(2), try directory.number(2)
        )
        try directory.skip(8)
        sizes.offset = try directory.number(4)
        let text = String(decoding: try directory.take(Int(name)), as: UTF8.self)
        var fields = ZipBytes(Array(try directory.take(Int(extra))))
        try directory.skip(Int(comment))
        while !fields.isAtEnd {
            let (kind, length) = (try fields.number(2), try fields.number(2))
            var field = ZipBytes(Array(try fields.take(Int(length))))
            guard kind == 1 else { continue }
            if sizes.plain == 0xFFFF_FFFF { sizes.plain = try field.number(8) }
            if sizes.packed == 0xFFFF_FFFF { sizes.packed = try field.number(8) }
            if sizes.offset == 0xFFFF_FFFF { sizes.offset = try field.number(8) }
        }
        return Member(
            name: text,
            method: UInt16(method),
            flags: UInt16(flags),
            checksum: UInt32(checksum),
            compressedSize: sizes.packed,
            size: sizes.plain,
            headerOffset: sizes.offset
        )
    }
}

/// Little-endian numbers, taken from the left.
private struct ZipBytes {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ count: Int) throws(ImportError) -> ArraySlice<UInt8> {
        guard rest.count >= count else { throw ImportError(.zip("its directory is cut off")) }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func skip(_ count: Int) throws(ImportError) {
        _ = try take(count)
    }

    mutating func number(_ size: Int) throws(ImportError) -> UInt64 {
        try take(size).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// An open file that is read here and there. A class: it owns the descriptor and closes it once.
private final class ZipFile {
    let size: UInt64
    private let descriptor: Int32

    init(_ path: FilePath) throws(ArchiveError) {
        descriptor = open(path.string, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ArchiveError(.system(.last("open \(path)"))) }
        var info = stat()
        size = fstat(descriptor, &info) == 0 ? UInt64(max(0, info.st_size)) : 0
    }

    deinit {
        close(descriptor)
    }

    func bytes(at offset: UInt64, _ count: Int) throws(ImportError) -> [UInt8] {
        guard count >= 0, UInt64(count) <= size, offset <= size - UInt64(count) else {
            throw ImportError(.zip("it is cut off"))
        }
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let read = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress?.advanced(by: done), count - done, Int(offset) + done)
            }
            if read < 0, errno == EINTR { continue }
            guard read > 0 else { throw ImportError(.zip("it cannot be read")) }
            done += read
        }
        return bytes
    }
}
