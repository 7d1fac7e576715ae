import CZlib
import CZstd

/// The content of a plain, gzip, xz or zstd stream (told by its first bytes), up to the limits on size and expansion.
package struct Decompressor: ByteSource {
    private let limits: ArchiveLimits
    private var input: CountingInput
    private var decoder: (any Decoder)?
    private var produced: Int64 = 0

    package init(_ source: any ByteSource, limits: ArchiveLimits = .standard) throws(ArchiveError) {
        self.limits = limits
        input = CountingInput(source)
        let magic = try input.peek(6)
        if magic.starts(with: [0x1F, 0x8B]) {
            decoder = try GzipDecoder()
        } else if magic == XzDecoder.magic {
            decoder = try XzDecoder()
        } else if magic.prefix(4) == [0x28, 0xB5, 0x2F, 0xFD] || isSkippableFrame(magic) {
            decoder = try ZstdDecoder()
        }
    }

    package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        let count =
            if let decoder { try decoder.read(&input, into: buffer) } else { try input.read(into: buffer) }
        produced += Int64(count)
        guard produced <= limits.totalSize else { throw ArchiveError(.limit(.totalSize), offset: produced) }
        guard produced <= limits.expansionFloor || produced / limits.expansion <= input.taken else {
            throw ArchiveError(.limit(.expansion), offset: produced)
        }
        return count
    }

    private func isSkippableFrame(_ magic: [UInt8]) -> Bool {
        magic.count >= 4 && magic[0] & 0xF0 == 0x50 && magic[1..<4] == [0x2A, 0x4D, 0x18]
    }
}

/// A buffered source that knows how much of it was used.
struct CountingInput {
    private var source: any ByteSource
    private var buffer = [UInt8](repeating: 0, count: 1 << 17)
    private var start = 0
    private var end = 0
    /// Bytes used so far.
    private(set) var taken: Int64 = 0

    init(_ source: any ByteSource) {
        self.source = source
    }

    /// The next bytes, fewer at the end, without using them.
    mutating func peek(_ count: Int) throws(ArchiveError) -> [UInt8] {
        while end - start < count, try fill() > 0 {}
        return Array(buffer[start..<min(end, start + count)])
    }

    /// Copies what is there.
    mutating func read(into target: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        if start == end {
            let count = try source.read(into: target)
            taken += Int64(count)
            return count
        }
        let count = min(target.count, end - start)
        target.copyBytes(from: buffer[start..<start + count])
        use(count)
        return count
    }

    /// Lends the unread bytes, empty only at the end; the body says how many it used.
    mutating func withUnread(
        _ body: (UnsafeRawBufferPointer) throws(ArchiveError) -> Int
    ) throws(ArchiveError) {
        if start == end { _ = try fill() }
        let (start, end) = (start, end)
        var failure: ArchiveError?
        let used = buffer.withUnsafeBytes { bytes -> Int in
            do throws(ArchiveError) {
                return try body(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        use(used)
    }

    private mutating func use(_ count: Int) {
        start += count
        taken += Int64(count)
    }

    private mutating func fill() throws(ArchiveError) -> Int {
        if start == end { (start, end) = (0, 0) }
        let end = end
        var source = source
        defer { self.source = source }
        var failure: ArchiveError?
        let count = buffer.withUnsafeMutableBytes { bytes -> Int in
            do throws(ArchiveError) {
                return try source.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[end...]))
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        self.end += count
        return count
    }
}

/// One format of compression.
protocol Decoder: AnyObject {
    /// Fills the front of a buffer that is not empty; 0 at the end of the last member or frame.
    func read(
        _ input: inout CountingInput,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(ArchiveError) -> Int
}

/// Gzip members, one after another. A class: it owns zlib's state and frees it once.
private final class GzipDecoder: Decoder {
    private let stream: UnsafeMutablePointer<z_stream>
    private var isBetweenMembers = true

    init() throws(ArchiveError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let gzipWindow: Int32 = 15 + 16
        let result = inflateInit2_(stream, gzipWindow, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard result == Z_OK else { throw ArchiveError(.compression("zlib error \(result)")) }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    func read(
        _ input: inout CountingInput,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(ArchiveError) -> Int {
        var produced = 0
        while produced == 0 {
            var isEnd = false
            try input.withUnread { bytes throws(ArchiveError) in
                guard let base = bytes.baseAddress, !bytes.isEmpty else {
                    guard self.isBetweenMembers else { throw ArchiveError(.truncated) }
                    isEnd = true
                    return 0
                }
                produced = try self.inflateOnce(base, bytes.count, buffer)
                return bytes.count - Int(self.stream.pointee.avail_in)
            }
            if isEnd { break }
        }
        return produced
    }

    private func inflateOnce(
        _ base: UnsafeRawPointer,
        _ count: Int,
        _ buffer: UnsafeMutableRawBufferPointer
    ) throws(ArchiveError) -> Int {
        if isBetweenMembers {
            inflateReset(stream)
            isBetweenMembers = false
        }
        stream.pointee.next_in = UnsafeMutablePointer(mutating: base.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(count)
        let space = UInt32(clamping: buffer.count)
        stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = space
        switch inflate(stream, Z_NO_FLUSH) {
        case Z_OK, Z_BUF_ERROR: break
        case Z_STREAM_END: isBetweenMembers = true
        case let result:
            let text = stream.pointee.msg.map { String(cString: $0) }
            throw ArchiveError(.compression(text ?? "zlib error \(result)"))
        }
        return Int(space - stream.pointee.avail_out)
    }
}

/// Zstandard frames, one after another. A class: it owns libzstd's context and frees it once.
private final class ZstdDecoder: Decoder {
    /// A window of 128 MiB at most, as the zstd tool has it.
    private static let windowLog: Int32 = 27

    private let context: OpaquePointer
    private var isBetweenFrames = true

    init() throws(ArchiveError) {
        guard let context = ZSTD_createDCtx() else { throw ArchiveError(.compression("out of memory")) }
        self.context = context
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.windowLog)
    }

    deinit {
        ZSTD_freeDCtx(context)
    }

    func read(
        _ input: inout CountingInput,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(ArchiveError) -> Int {
        var target = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
        while target.pos == 0 {
            var isEnd = false
            try input.withUnread { bytes throws(ArchiveError) in
                guard !bytes.isEmpty || !self.isBetweenFrames else {
                    isEnd = true
                    return 0
                }
                var source = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
                let left = ZSTD_decompressStream(self.context, &target, &source)
                guard ZSTD_isError(left) == 0 else {
                    throw ArchiveError(.compression(String(cString: ZSTD_getErrorName(left))))
                }
                self.isBetweenFrames = left == 0
                // Without input only what the decoder still holds can come; nothing means that the rest is missing.
                if bytes.isEmpty, target.pos == 0, left != 0 { throw ArchiveError(.truncated) }
                return source.pos
            }
            if isEnd { break }
        }
        return target.pos
    }
}
