import CZlib
import CZstd

/// Turns a tar's bytes into a blob's, piece by piece; how the input is cut makes no difference to the output.
protocol Compressor: AnyObject {
    /// Hands each piece of output to the sink; `isLast` ends the stream.
    func compress(
        _ input: UnsafeRawBufferPointer,
        isLast: Bool,
        _ sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws
}

/// One zstd frame. A class: it owns libzstd's context and frees it once.
final class ZstdCompressor: Compressor {
    /// Any number from 1 gives the same bytes.
    private static let workers: Int32 = 2

    private let context: OpaquePointer
    private let output: UnsafeMutableRawBufferPointer

    init(level: Int32) throws(ArchiveError) {
        guard let context = ZSTD_createCCtx() else { throw ArchiveError(.compression("out of memory")) }
        self.context = context
        output = .allocate(byteCount: ZSTD_CStreamOutSize(), alignment: 16)
        let results = [
            ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level),
            ZSTD_CCtx_setParameter(context, ZSTD_c_nbWorkers, Self.workers),
        ]
        for result in results { try Self.check(result) }
    }

    deinit {
        ZSTD_freeCCtx(context)
        output.deallocate()
    }

    func compress(
        _ input: UnsafeRawBufferPointer,
        isLast: Bool,
        _ sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        while true {
            var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
            let left = ZSTD_compressStream2(
                context,
                &target,
                &source,
                isLast ? ZSTD_e_end : ZSTD_e_continue
            )
            try Self.check(left)
            if target.pos > 0 { try sink(UnsafeRawBufferPointer(rebasing: output[..<target.pos])) }
            if isLast ? left == 0 : source.pos == source.size { return }
        }
    }

    private static func check(_ result: Int) throws(ArchiveError) {
        guard ZSTD_isError(result) == 0 else {
            throw ArchiveError(.compression(String(cString: ZSTD_getErrorName(result))))
        }
    }
}

/// One gzip member with no name and no time. A class: it owns zlib's state and frees it once.
final class GzipCompressor: Compressor {
    private let stream: UnsafeMutablePointer<z_stream>
    private let output: UnsafeMutableRawBufferPointer

    init(level: Int32) throws(ArchiveError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        output = .allocate(byteCount: 1 << 17, alignment: 16)
        let gzipWindow: Int32 = 15 + 16
        let result = deflateInit2_(
            stream,
            level,
            Z_DEFLATED,
            gzipWindow,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        guard result == Z_OK else { throw ArchiveError(.compression("zlib error \(result)")) }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
        output.deallocate()
    }

    func compress(
        _ input: UnsafeRawBufferPointer,
        isLast: Bool,
        _ sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        )
        stream.pointee.avail_in = UInt32(input.count)
        var result = Z_OK
        repeat {
            stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(output.count)
            result = deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
            guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
                throw ArchiveError(.compression("zlib error \(result)"))
            }
            let made = output.count - Int(stream.pointee.avail_out)
            if made > 0 { try sink(UnsafeRawBufferPointer(rebasing: output[..<made])) }
        } while isLast ? result != Z_STREAM_END : stream.pointee.avail_out == 0
    }
}
