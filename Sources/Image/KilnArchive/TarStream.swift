import KilnOCI

/// A tar's bytes in blocks, hashed as they pass.
struct TarStream {
    private var source: any ByteSource
    private var buffer = [UInt8](repeating: 0, count: 1 << 18)
    private var start = 0
    private var end = 0
    private var hasher = ContentHasher()
    private let hashing: Bool
    /// Bytes taken so far.
    private(set) var position: Int64 = 0

    init(_ source: any ByteSource, hashing: Bool = true) {
        self.source = source
        self.hashing = hashing
    }

    /// The next block; nil at the end of the stream.
    mutating func block() throws(ArchiveError) -> [UInt8]? {
        let bytes = try read(upTo: TarHeader.blockSize)
        if bytes.isEmpty { return nil }
        guard bytes.count == TarHeader.blockSize else { throw ArchiveError(.truncated, offset: position) }
        return bytes
    }

    /// Exactly this many bytes.
    mutating func bytes(_ count: Int) throws(ArchiveError) -> [UInt8] {
        let bytes = try read(upTo: count)
        guard bytes.count == count else { throw ArchiveError(.truncated, offset: position) }
        return bytes
    }

    /// What is there, at least one byte of a buffer that is not empty.
    mutating func read(into target: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        if start == end, try fill() == 0 { throw ArchiveError(.truncated, offset: position) }
        let count = min(target.count, end - start)
        buffer.withUnsafeBytes { bytes in
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]))
        }
        use(count)
        return count
    }

    /// Lends what is there, at least one byte and `count` at most; says how many.
    mutating func lend(_ count: Int64, _ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Int64 {
        if start == end, try fill() == 0 { throw ArchiveError(.truncated, offset: position) }
        let step = min(count, Int64(end - start))
        let (from, to) = (start, start + Int(step))
        try buffer.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[from..<to])) }
        use(Int(step))
        return step
    }

    mutating func skip(_ count: Int64) throws(ArchiveError) {
        var left = count
        while left > 0 {
            if start == end, try fill() == 0 { throw ArchiveError(.truncated, offset: position) }
            let step = min(left, Int64(end - start))
            use(Int(step))
            left -= step
        }
    }

    /// Reads to the end of the stream and tells its digest.
    mutating func finish() throws(ArchiveError) -> DiffID {
        use(end - start)
        while try fill() > 0 { use(end - start) }
        return hasher.finish()
    }

    private mutating func read(upTo count: Int) throws(ArchiveError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            if start == end, try fill() == 0 { break }
            let step = min(count - bytes.count, end - start)
            bytes += buffer[start..<start + step]
            use(step)
        }
        return bytes
    }

    private mutating func use(_ count: Int) {
        start += count
        position += Int64(count)
    }

    private mutating func fill() throws(ArchiveError) -> Int {
        (start, end) = (0, 0)
        var source = source
        defer { self.source = source }
        var failure: ArchiveError?
        let count = buffer.withUnsafeMutableBytes { bytes -> Int in
            do throws(ArchiveError) {
                return try source.read(into: bytes)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        if hashing {
            buffer.withUnsafeBytes { hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        end = count
        return count
    }
}
