/// Where a zip archive's central directory is (APPNOTE 6.3.9, 4.3.14 to 4.3.16).
struct ZipDirectory {
    let offset: Int64
    let size: Int64
    /// What stands before the archive, by which all of its offsets are short.
    let shift: Int64

    init(of file: some RandomBytes) throws(ArchiveError) {
        let tail = min(file.size, 22 + 0xFFFF)
        let bytes = try file.bytes(at: file.size - tail, tail)
        guard bytes.count >= 22 else { throw ArchiveError(.truncated) }
        for place in stride(from: bytes.count - 22, through: 0, by: -1)
        where bytes[place] == 0x50 && bytes[place..<place + 4] == [0x50, 0x4B, 5, 6] {
            var record = ZipBytes(Array(bytes[place...]))
            try record.skip(12)
            let (size, offset) = (try record.number(4), try record.number(4))
            let end = file.size - tail + Int64(place)
            if size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF {
                self = try Self.long(file, before: end)
                return
            }
            guard size <= end, offset <= end - size else { throw ZipArchive.malformed }
            shift = end - size - offset
            self.offset = offset + shift
            self.size = size
            return
        }
        throw ArchiveError(.malformed(field: "zip directory"))
    }

    private init(offset: Int64, size: Int64) {
        self.offset = offset
        self.size = size
        shift = 0
    }

    private static func long(_ file: some RandomBytes, before end: Int64) throws(ArchiveError) -> ZipDirectory
    {
        var locator = ZipBytes(try file.bytes(at: end - 20, 20))
        guard try locator.number(4) == 0x0706_4B50 else { throw ZipArchive.malformed }
        try locator.skip(4)
        var record = ZipBytes(try file.bytes(at: try locator.number(8), 56))
        guard try record.number(4) == 0x0606_4B50 else { throw ZipArchive.malformed }
        try record.skip(36)
        let size = try record.number(8)
        return ZipDirectory(offset: try record.number(8), size: size)
    }
}

/// Little-endian numbers, taken from the left.
struct ZipBytes {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ count: Int64) throws(ArchiveError) -> ArraySlice<UInt8> {
        guard count <= Int64(rest.count) else { throw ArchiveError(.truncated) }
        defer { rest = rest.dropFirst(Int(count)) }
        return rest.prefix(Int(count))
    }

    mutating func skip(_ count: Int64) throws(ArchiveError) {
        _ = try take(count)
    }

    /// Never negative: no size or place in a file is past 2^63.
    mutating func number(_ size: Int64) throws(ArchiveError) -> Int64 {
        let value = try take(size).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let value = Int64(exactly: value) else { throw ZipArchive.malformed }
        return value
    }
}
