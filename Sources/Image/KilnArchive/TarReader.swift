package import KilnOCI

/// Reads a tar from the front: ustar, pax and GNU's forms. Multi-volume archives are refused, and sparse files unless they are asked for.
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
    private let takesSparse: Bool
    /// The current entry, where it is a sparse file.
    private var sparse: SparseFile?

    /// Without `hashing`, for content that is known to be what it should be, the stream has no digest. `takesSparse`: the content
    /// of sparse files is read with the zeros that the archive leaves out.
    package init(
        _ source: any ByteSource,
        limits: ArchiveLimits = .standard,
        hashing: Bool = true,
        takesSparse: Bool = false
    ) {
        stream = TarStream(source, hashing: hashing)
        self.limits = limits
        self.takesSparse = takesSparse
    }

    /// Bytes of the stream that were read.
    package var position: Int64 { stream.position }

    /// The next entry, past whatever content of the last one was not read; nil at the archive's end.
    package mutating func next() throws(ArchiveError) -> TarEntry? {
        guard !isAtEnd else { return nil }
        try stream.skip(unread + padding)
        (unread, padding, sparse) = (0, 0, nil)
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
        if sparse != nil { return try readSparse(into: buffer) }
        guard unread > 0, !buffer.isEmpty else { return 0 }
        let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(unread, Int64(buffer.count)))])
        let count = try stream.read(into: piece)
        unread -= Int64(count)
        return count
    }

    /// The rest of the current entry's content, lent piece by piece.
    package mutating func readContent(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        while sparse == nil, unread > 0 { unread -= try stream.lend(unread, body) }
        guard sparse != nil else { return }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try readSparse(into: $0) }
            if count == 0 { return }
            try buffer.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }

    /// Reads what follows the archive, so that the digest covers the whole stream.
    package mutating func finish() throws(ArchiveError) -> DiffID {
        while try next() != nil {}
        return try stream.finish()
    }

    /// The rest of the current entry's content, passed over.
    package mutating func skipContent() throws(ArchiveError) {
        try stream.skip(unread)
        (unread, sparse) = (0, nil)
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
        var records = records
        if takesSparse, let name = records.sparse("name") { records.set("path", name) }
        var entry = try TarMember(block: block, records: records, limits: limits, takesSparse: takesSparse)
            .entry()
        metadata += entry.metadataSize
        guard metadata <= limits.metadata else {
            throw ArchiveError(.limit(.metadata), path: entry.path, offset: block.offset)
        }
        if case .file(let size) = entry.kind {
            unread = size
            padding = Int64(TarHeader.padding(after: size))
            if takesSparse, block.type == UInt8(ascii: "S") || records.isSparse {
                let file = try sparseFile(block, records)
                guard file.size <= limits.totalSize else {
                    throw ArchiveError(.limit(.totalSize), path: entry.path, offset: block.offset)
                }
                entry.kind = .file(size: file.size)
                sparse = file
            }
        }
        return entry
    }

    // MARK: - Sparse files

    private mutating func readSparse(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        guard let next = sparse?.next(), !buffer.isEmpty else { return 0 }
        var count = buffer.count
        switch next {
        case .zeros(let length):
            count = Int(min(length, Int64(count)))
            UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]).initializeMemory(
                as: UInt8.self,
                repeating: 0
            )
        case .bytes(let length):
            count = Int(min(length, Int64(count)))
            count = try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
            unread -= Int64(count)
        }
        sparse?.advance(Int64(count))
        return count
    }

    /// Reads what of the map stands behind the header.
    private mutating func sparseFile(
        _ block: TarBlock,
        _ records: PaxRecords
    ) throws(ArchiveError) -> SparseFile {
        let size: Int64?
        let segments: [SparseFile.Segment]?
        if block.type == UInt8(ascii: "S") {
            (segments, size) = try oldMap(block)
        } else if records.sparse("major")?.elementsEqual("1".utf8) == true {
            size = records.sparse("realsize").flatMap(SparseFile.number)
            segments = try mapBeforeContent(block)
        } else if let map = records.sparse("map") {
            size = (records.sparse("size") ?? records.sparse("realsize")).flatMap(SparseFile.number)
            segments = SparseFile.segments(ofList: map)
        } else {
            // The first of GNU tar's pax forms, of 2004, gives a record for each segment.
            throw TarMember(block: block, records: records, limits: limits).refused(
                "a sparse file of this form"
            )
        }
        guard let size, let segments, let file = SparseFile(size: size, segments: segments, stored: unread)
        else { throw block.malformed("sparse map") }
        return file
    }

    private mutating func oldMap(_ block: TarBlock) throws(ArchiveError) -> ([SparseFile.Segment], Int64) {
        var (segments, isExtended, size) = try block.sparse()
        while isExtended {
            let more = try stream.bytes(TarHeader.blockSize)
            segments += try TarBlock.segments(more[..<504], at: block.offset)
            guard segments.count <= SparseFile.segmentLimit else { throw block.malformed("sparse map") }
            isExtended = more[504] != 0
        }
        return (segments, size)
    }

    /// A count, then offsets and counts, each on a line of its own, filled up to whole blocks.
    private mutating func mapBeforeContent(_ block: TarBlock) throws(ArchiveError) -> [SparseFile.Segment]? {
        var text: [UInt8] = []
        var numbers: [Int64?] = []
        var wanted: Int64 = 1
        while Int64(numbers.count) < wanted {
            guard unread >= Int64(TarHeader.blockSize) else { throw block.malformed("sparse map") }
            text += try stream.bytes(TarHeader.blockSize)
            unread -= Int64(TarHeader.blockSize)
            while Int64(numbers.count) < wanted, let end = text.firstIndex(of: UInt8(ascii: "\n")) {
                guard let number = SparseFile.number(text[..<end]), number <= limits.totalSize else {
                    return nil
                }
                if numbers.isEmpty {
                    guard number <= Int64(SparseFile.segmentLimit) else { return nil }
                    wanted += 2 * number
                }
                numbers.append(number)
                text.removeFirst(end + 1)
            }
            guard text.count < 64 || Int64(numbers.count) >= wanted else { return nil }
        }
        return SparseFile.pairs(Array(numbers.dropFirst()))
    }
}

extension [UInt8] {
    /// GNU's long names end with a zero byte.
    fileprivate var prefixToZero: [UInt8] { Array(prefix { $0 != 0 }) }
}
