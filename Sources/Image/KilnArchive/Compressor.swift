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
    /// Any number from 1 gives the same bytes. One keeps up with what reads and hashes beside it; a second would cost
    /// 20 MiB of memory and gain a tenth of a second in 300 MB.
    private static let workers: Int32 = 1

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
