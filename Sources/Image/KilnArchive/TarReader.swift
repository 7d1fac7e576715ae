package import KilnOCI

/// Reads a tar from the front: ustar, pax and GNU's forms. Sparse files and multi-volume archives are refused.
package struct TarReader: ByteSource {
    private let limits: ArchiveLimits
    private var stream: TarStream
    private var global = PaxRecords()
    /// Bytes of the headers that `global` is from, since it only grows.
    private var globalSize: Int64 = 0
    /// Of the current entry's content.
    private var unread: Int64 = 0
    private var padding: Int64 = 0
    private var count = 0
    private var metadata: Int64 = 0
    private var isAtEnd = false

    /// Without `hashing`, for content that is known to be what it should be, the stream has no digest.
    package init(_ source: any ByteSource, limits: ArchiveLimits = .standard, hashing: Bool = true) {
        stream = TarStream(source, hashing: hashing)
        self.limits = limits
    }

    /// Bytes of the stream that were read.
    package var position: Int64 { stream.position }

    /// The next entry, past whatever content of the last one was not read; nil at the archive's end.
    package mutating func next() throws(ArchiveError) -> TarEntry? {
        guard !isAtEnd else { return nil }
        try stream.skip(unread + padding)
        (unread, padding) = (0, 0)
        var records = PaxRecords()
        var headerSize: Int64 = 0
        while let block = try header() {
            switch block.type {
            case UInt8(ascii: "x"):
                try records.read(try extendedBody(block, &headerSize), at: block.offset)
            case UInt8(ascii: "g"):
                var size = globalSize
                try global.read(try extendedBody(block, &size), at: block.offset)
                globalSize = size
            case UInt8(ascii: "L"):
                records.set("path", try extendedBody(block, &headerSize).prefixToZero)
            case UInt8(ascii: "K"):
                records.set("linkpath", try extendedBody(block, &headerSize).prefixToZero)
            default: return try entry(block, global.covered(by: records))
            }
        }
        return nil
    }

    /// The current entry's content, piece by piece; 0 when there is no more.
    package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        guard unread > 0, !buffer.isEmpty else { return 0 }
        let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(unread, Int64(buffer.count)))])
        let count = try stream.read(into: piece)
        unread -= Int64(count)
        return count
    }

    /// The rest of the current entry's content, lent piece by piece.
    package mutating func readContent(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        while unread > 0 { unread -= try stream.lend(unread, body) }
    }

    /// Reads what follows the archive, so that the digest covers the whole stream.
    package mutating func finish() throws(ArchiveError) -> DiffID {
        while try next() != nil {}
        return try stream.finish()
    }

    /// The rest of the current entry's content, passed over.
    package mutating func skipContent() throws(ArchiveError) {
        try stream.skip(unread)
        unread = 0
    }

    /// The next header block; nil after the zero blocks that end an archive.
    private mutating func header() throws(ArchiveError) -> TarBlock? {
        let offset = stream.position
        guard let bytes = try stream.block() else { throw ArchiveError(.truncated, offset: offset) }
        if bytes.contains(where: { $0 != 0 }) { return try TarBlock(bytes, at: offset) }
        isAtEnd = true
        if let second = try stream.block(), second.contains(where: { $0 != 0 }) {
            throw ArchiveError(.malformed(field: "end"), offset: offset)
        }
        return nil
    }

    /// The body of a header that is about the next entry.
    private mutating func extendedBody(
        _ block: TarBlock,
        _ headerSize: inout Int64
    ) throws(ArchiveError) -> [UInt8] {
        let size = try block.size()
        headerSize += max(size, 0) + Int64(TarHeader.blockSize)
        guard size >= 0 else { throw block.malformed("size") }
        guard headerSize <= limits.headerSize else {
            throw ArchiveError(.limit(.headerSize), offset: block.offset)
        }
        let body = try stream.bytes(Int(size))
        try stream.skip(Int64(TarHeader.padding(after: size)))
        return body
    }

    private mutating func entry(
        _ block: TarBlock,
        _ records: PaxRecords
    ) throws(ArchiveError) -> TarEntry {
        count += 1
        guard count <= limits.entries else { throw ArchiveError(.limit(.entries), offset: block.offset) }
        let entry = try TarMember(block: block, records: records, limits: limits).entry()
        metadata += entry.metadataSize
        guard metadata <= limits.metadata else {
            throw ArchiveError(.limit(.metadata), path: entry.path, offset: block.offset)
        }
        if case .file(let size) = entry.kind {
            unread = size
            padding = Int64(TarHeader.padding(after: size))
        }
        return entry
    }
}

extension [UInt8] {
    /// GNU's long names end with a zero byte.
    fileprivate var prefixToZero: [UInt8] { Array(prefix { $0 != 0 }) }
}
