import Glibc
import KilnOCI
import KilnSystem
import SystemPackage

/// Takes a tar's bytes, and in one pass hashes, compresses, hashes again and writes them.
///
/// A class: it owns an open file and a buffer, which end once.
final class BlobStream {
    struct Result {
        let diffID: DiffID
        let digest: Digest
        /// Of the file.
        let size: Int64
        let uncompressedSize: Int64
    }

    private static let bufferSize = 1 << 20

    private let path: FilePath
    private let file: Int32
    private let compressor: any Compressor
    private let buffer: UnsafeMutableRawBufferPointer
    private var filled = 0
    private var tarHash = ContentHasher()
    private var blobHash = ContentHasher()
    private var blobSize: Int64 = 0
    /// Bytes taken so far.
    private(set) var tarSize: Int64 = 0

    /// The file must not exist yet.
    init(path: FilePath, encoding: LayerEncoding) throws {
        compressor = try encoding.makeCompressor()
        file = open(path.string, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw SystemError.last("create \(path)") }
        self.path = path
        buffer = .allocate(byteCount: Self.bufferSize, alignment: 4096)
    }

    deinit {
        close(file)
        buffer.deallocate()
    }

    func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try write($0) }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = min(rest.count, buffer.count - filled)
            UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<filled + count])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest.prefix(count)))
            try advance(count)
            rest = rest.dropFirst(count)
        }
    }

    /// Takes exactly `count` bytes from an open file, showing each piece on its way; false when the file has fewer.
    func write(
        _ count: Int64,
        from descriptor: Int32,
        _ inspect: (UnsafeRawBufferPointer) -> Void
    ) throws -> Bool {
        var left = count
        while left > 0 {
            let space = Int(min(left, Int64(buffer.count - filled)))
            let got = read(descriptor, buffer.baseAddress.map { $0 + filled }, space)
            if got < 0 {
                if errno == EINTR { continue }
                throw SystemError.last("read a file for \(path)")
            }
            if got == 0 { return false }
            inspect(UnsafeRawBufferPointer(rebasing: buffer[filled..<filled + got]))
            try advance(got)
            left -= Int64(got)
        }
        return true
    }

    /// Ends the stream and the file; it is not synced.
    func finish() throws -> Result {
        try flush(isLast: true)
        return Result(
            diffID: tarHash.finish(),
            digest: blobHash.finish(),
            size: blobSize,
            uncompressedSize: tarSize
        )
    }

    private func advance(_ count: Int) throws {
        filled += count
        tarSize += Int64(count)
        if filled == buffer.count { try flush(isLast: false) }
    }

    private func flush(isLast: Bool) throws {
        try Blocking.checkCancellation()
        let piece = UnsafeRawBufferPointer(rebasing: buffer[..<filled])
        filled = 0
        tarHash.update(piece)
        try compressor.compress(piece, isLast: isLast) { output in
            blobHash.update(output)
            blobSize += Int64(output.count)
            try writeOut(output)
        }
    }

    private func writeOut(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(file, rest.baseAddress, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError.last("write \(path)")
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }
}
