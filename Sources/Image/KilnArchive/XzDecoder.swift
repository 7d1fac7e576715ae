import CLzma

/// Xz streams, one after another. A class: it owns liblzma's state and frees it once.
final class XzDecoder: Decoder {
    static let magic: [UInt8] = [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]

    /// Enough for a dictionary of 64 MiB, as `xz -9` writes it.
    private static let memoryLimit: UInt64 = 96 << 20
    /// `LZMA_CONCATENATED` (lzma/container.h), a macro that isn't imported.
    private static let concatenated: UInt32 = 0x08
    private let stream: UnsafeMutablePointer<lzma_stream>
    private var isEnd = false

    init() throws(ArchiveError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: lzma_stream())
        let result = lzma_stream_decoder(stream, Self.memoryLimit, Self.concatenated)
        guard result == LZMA_OK else { throw ArchiveError(.compression("liblzma error \(result.rawValue)")) }
    }

    deinit {
        lzma_end(stream)
        stream.deallocate()
    }

    func read(
        _ input: inout CountingInput,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(ArchiveError) -> Int {
        stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = buffer.count
        while stream.pointee.avail_out == buffer.count, !isEnd {
            try input.withUnread { bytes throws(ArchiveError) in
                self.stream.pointee.next_in = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
                self.stream.pointee.avail_in = bytes.count
                // Only with nothing more to come may the decoder judge that a stream is whole.
                try self.decode(isLast: bytes.isEmpty)
                return bytes.count - self.stream.pointee.avail_in
            }
        }
        return buffer.count - stream.pointee.avail_out
    }

    private func decode(isLast: Bool) throws(ArchiveError) {
        switch lzma_code(stream, isLast ? LZMA_FINISH : LZMA_RUN) {
        case LZMA_OK: break
        case LZMA_STREAM_END: isEnd = true
        case LZMA_BUF_ERROR: throw ArchiveError(.truncated)
        case LZMA_MEMLIMIT_ERROR:
            throw ArchiveError(.compression("its dictionary needs more than \(Self.memoryLimit >> 20) MiB"))
        case LZMA_FORMAT_ERROR, LZMA_DATA_ERROR: throw ArchiveError(.compression("the xz data is damaged"))
        case LZMA_OPTIONS_ERROR: throw ArchiveError(.compression("it uses an unknown filter of xz"))
        case let result: throw ArchiveError(.compression("liblzma error \(result.rawValue)"))
        }
    }
}
