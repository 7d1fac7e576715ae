package import KilnOCI
import KilnSystem
package import SystemPackage

/// What a blob from elsewhere is, found by reading it once.
package struct ScannedLayer: Sendable, Hashable {
    package let diffID: DiffID
    package let uncompressedSize: Int64
    package let index: LayerIndex
}

package enum LayerScanner {
    /// Reads a plain, gzip or zstd tar. Blocks: run it inside `Blocking.run`.
    package static func scan(_ blob: FilePath, limits: ArchiveLimits = .standard) throws -> ScannedLayer {
        do {
            return try scan(FileSource(blob), limits)
        } catch let error as ArchiveError {
            throw error.reading(blob)
        }
    }

    private static func scan(_ source: any ByteSource, _ limits: ArchiveLimits) throws -> ScannedLayer {
        var reader = TarReader(try Decompressor(source, limits: limits), limits: limits)
        var builder = LayerIndexBuilder(limits: limits)
        while let entry = try reader.next() {
            try Blocking.checkCancellation()
            var hasher = ContentHasher()
            var content: [UInt8]? = LayerIndex.captures(entry.path, size: entry.contentSize) ? [] : nil
            try reader.readContent { piece in
                hasher.update(piece)
                content?.append(contentsOf: piece)
            }
            try builder.add(entry, digest: hasher.finish(), content: content)
        }
        let diffID = try reader.finish()
        return ScannedLayer(diffID: diffID, uncompressedSize: reader.position, index: builder.finish())
    }
}
