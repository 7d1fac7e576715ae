import CZlib
package import SystemPackage

/// A zip archive's members, by its central directory (APPNOTE 6.3.9, with ZIP64); stored and deflated members, not encrypted ones.
/// Something else may stand before it, as in a program that unpacks itself.
package struct ZipArchive {
    package struct Member: Sendable {
        package let name: String
        let method: UInt16
        let flags: UInt16
        let checksum: UInt32
        let compressedSize: Int64
        package let size: Int64
        let headerOffset: Int64
    }

    /// By name.
    package let members: [Member]
    private let file: any RandomBytes

    package static func isZip(_ path: FilePath) throws(ArchiveError) -> Bool {
        let file = try FileBytes(path)
        guard let magic = try? file.bytes(at: 0, 4) else { return false }
        return magic == [0x50, 0x4B, 3, 4] || magic == [0x50, 0x4B, 5, 6]
    }

    /// Refuses a directory of more bytes; the default has room for some millions of members.
    package init(_ file: some RandomBytes, directoryLimit: Int64 = 256 << 20) throws(ArchiveError) {
        let end = try ZipDirectory(of: file)
        guard end.size <= directoryLimit else { throw ArchiveError(.limit(.metadata)) }
        var directory = ZipBytes(try file.bytes(at: end.offset, end.size))
        var members: [Member] = []
        while !directory.isAtEnd { members.append(try Self.member(&directory, shift: end.shift)) }
        self.members = members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        self.file = file
    }

    /// A member's content; its length and checksum are held against the directory where it ends.
    package func content(
        of member: Member,
        limits: ArchiveLimits = .standard
    ) throws(ArchiveError) -> any ByteSource {
        guard member.flags & 1 == 0 else { throw ArchiveError(.unsupported("an encrypted file")) }
        guard member.size <= limits.totalSize else { throw ArchiveError(.limit(.totalSize)) }
        var header = ZipBytes(try file.bytes(at: member.headerOffset, 30))
        guard try header.number(4) == 0x0403_4B50 else { throw Self.malformed }
        try header.skip(22)
        let (nameLength, extraLength) = (try header.number(2), try header.number(2))
        let start = member.headerOffset + 30 + nameLength + extraLength
        guard start <= file.size, member.compressedSize <= file.size - start else {
            throw ArchiveError(.truncated)
        }
        let packed = RangeSource(file, start..<start + member.compressedSize)
        switch member.method {
        case 8:
            // zlib checks length and checksum of what gzip frames, so the member is framed as one.
            let head: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
            let framed = FramedSource(head, packed, Self.trailer(member))
            return try Decompressor(framed, limits: limits)
        case 0 where member.size == member.compressedSize:
            return CheckedSource(packed, checksum: member.checksum)
        default: throw ArchiveError(.unsupported("a file that is compressed in another way"))
        }
    }

    private static func trailer(_ member: Member) -> [UInt8] {
        let size = UInt32(truncatingIfNeeded: member.size)
        return [member.checksum, size].flatMap { number in
            (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        }
    }

    private static func member(_ directory: inout ZipBytes, shift: Int64) throws(ArchiveError) -> Member {
        guard try directory.number(4) == 0x0201_4B50 else { throw malformed }
        try directory.skip(4)
        let (flags, method) = (try directory.number(2), try directory.number(2))
        try directory.skip(4)
        let checksum = try directory.number(4)
        var sizes = (packed: try directory.number(4), plain: try directory.number(4), offset: Int64(0))
        let (name, extra, comment) = (
            try directory.number(2), try directory.number(2), try directory.number(2)
        )
        try directory.skip(8)
        sizes.offset = try directory.number(4)
        let text = String(decoding: try directory.take(name), as: UTF8.self)
        var fields = ZipBytes(Array(try directory.take(extra)))
        try directory.skip(comment)
        while !fields.isAtEnd {
            let (kind, length) = (try fields.number(2), try fields.number(2))
            var field = ZipBytes(Array(try fields.take(length)))
            guard kind == 1 else { continue }
            if sizes.plain == 0xFFFF_FFFF { sizes.plain = try field.number(8) }
            if sizes.packed == 0xFFFF_FFFF { sizes.packed = try field.number(8) }
            if sizes.offset == 0xFFFF_FFFF { sizes.offset = try field.number(8) }
        }
        guard sizes.offset <= Int64.max - shift - (1 << 20) else { throw malformed }
        return Member(
            name: text,
            method: UInt16(method),
            flags: UInt16(flags),
            checksum: UInt32(checksum),
            compressedSize: sizes.packed,
            size: sizes.plain,
            headerOffset: sizes.offset + shift
        )
    }

    static var malformed: ArchiveError { ArchiveError(.malformed(field: "zip directory")) }
}

/// Something that is read between a head and a tail.
private struct FramedSource: ByteSource {
    private var head: MemorySource
    private var body: RangeSource
    private var tail: MemorySource

    init(_ head: [UInt8], _ body: RangeSource, _ tail: [UInt8]) {
        self.head = MemorySource(head)
        self.body = body
        self.tail = MemorySource(tail)
    }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        var count = try head.read(into: buffer)
        if count == 0 { count = try body.read(into: buffer) }
        if count == 0 { count = try tail.read(into: buffer) }
        return count
    }
}

/// Content whose CRC-32 is looked at where it ends.
private struct CheckedSource: ByteSource {
    private var body: RangeSource
    private let checksum: UInt32
    private var found: uLong = 0

    init(_ body: RangeSource, checksum: UInt32) {
        self.body = body
        self.checksum = checksum
    }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        guard !buffer.isEmpty else { return 0 }
        let count = try body.read(into: buffer)
        if count == 0 {
            guard UInt32(truncatingIfNeeded: found) == checksum else {
                throw ArchiveError(.compression("a checksum is wrong"))
            }
            return 0
        }
        found = crc32(found, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt32(clamping: count))
        return count
    }
}
