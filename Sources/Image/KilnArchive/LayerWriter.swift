import Glibc
package import KilnOCI
import KilnSystem
package import SystemPackage

/// A layer's blob as it was written.
package struct WrittenLayer: Sendable, Hashable {
    package let diffID: DiffID
    package let digest: Digest
    /// Of the blob, in bytes.
    package let size: Int64
    /// Of the tar, in bytes.
    package let uncompressedSize: Int64
    package let mediaType: MediaType
    package let index: LayerIndex

    package var descriptor: Descriptor {
        Descriptor(mediaType: mediaType, digest: digest, size: size)
    }
}

/// Writes one layer: entries go in, in the order they shall have; a blob, its two digests and its index come out.
///
/// Its calls block. Use it inside one closure of `Blocking.run`.
package struct LayerWriter {
    private let stream: BlobStream
    private let encoding: LayerEncoding
    private var builder = LayerIndexBuilder()

    /// The file must not exist yet.
    package init(path: FilePath, encoding: LayerEncoding) throws {
        stream = try BlobStream(path: path, encoding: encoding)
        self.encoding = encoding
    }

    /// Adds an entry that has no content.
    package mutating func append(_ entry: TarEntry) throws {
        try append(entry, content: [])
    }

    /// Adds an entry with its content; a file's size must be the content's.
    package mutating func append(_ entry: TarEntry, content: [UInt8]) throws {
        guard entry.contentSize == content.count else {
            throw ArchiveError(.changedWhileRead, path: entry.path)
        }
        try stream.write(try TarHeader.encode(entry))
        try stream.write(content)
        try pad(entry)
        try builder.add(entry, digest: Digest(of: content), content: content)
    }

    /// Adds an entry with the content of a file, which must have just the entry's size.
    package mutating func append(_ entry: TarEntry, contentsOf path: FilePath) throws {
        let descriptor = open(path.string, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError.last("open \(path)") }
        defer { close(descriptor) }
        try append(entry, descriptor: descriptor)
    }

    /// The same from an open file.
    mutating func append(_ entry: TarEntry, descriptor: Int32) throws {
        let size = entry.contentSize
        try stream.write(try TarHeader.encode(entry))
        var hasher = ContentHasher()
        var content: [UInt8]? = LayerIndex.captures(entry.path, size: size) ? [] : nil
        let isWhole = try stream.write(size, from: descriptor) { piece in
            hasher.update(piece)
            content?.append(contentsOf: piece)
        }
        var extra: UInt8 = 0
        guard isWhole, read(descriptor, &extra, 1) == 0 else {
            throw ArchiveError(.changedWhileRead, path: entry.path)
        }
        try pad(entry)
        try builder.add(entry, digest: hasher.finish(), content: content)
    }

    /// Says that what the layers below have at the path is gone.
    package mutating func appendWhiteout(of path: String) throws {
        try append(whiteout(.removed(path)))
    }

    /// Says that nothing of the layers below shows in the folder.
    package mutating func appendOpaqueMarker(in directory: String) throws {
        try append(whiteout(.opaque(directory)))
    }

    /// Ends the tar and the blob. Nothing can be added after it.
    package mutating func finish() throws -> WrittenLayer {
        try stream.write(TarHeader.end)
        let result = try stream.finish()
        return WrittenLayer(
            diffID: result.diffID,
            digest: result.digest,
            size: result.size,
            uncompressedSize: result.uncompressedSize,
            mediaType: encoding.mediaType,
            index: builder.finish()
        )
    }

    private mutating func pad(_ entry: TarEntry) throws {
        try stream.write([UInt8](repeating: 0, count: TarHeader.padding(after: entry.contentSize)))
    }

    private func whiteout(_ whiteout: Whiteout) -> TarEntry {
        TarEntry(path: whiteout.path, kind: .file(size: 0), mode: 0)
    }
}

extension TarEntry {
    var contentSize: Int64 {
        if case .file(let size) = kind { size } else { 0 }
    }
}
