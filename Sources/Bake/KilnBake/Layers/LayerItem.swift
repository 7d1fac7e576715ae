import KilnArchive
import KilnOCI
import SystemPackage

/// An entry of a layer that is written directly, with where its content comes from.
struct LayerItem: Sendable, Hashable {
    enum Content: Sendable, Hashable {
        case none
        case bytes([UInt8])
        /// A file on the machine and what it must still digest to.
        case file(FilePath, Digest)
    }

    var entry: TarEntry
    var content: Content = .none
}

extension LayerItem {
    /// Writes the items as they stand.
    static func write(_ items: [LayerItem], to writer: inout LayerWriter) throws {
        for item in items {
            switch item.content {
            case .none: try writer.append(item.entry)
            case .bytes(let bytes): try writer.append(item.entry, content: bytes)
            case .file(let path, _): try writer.append(item.entry, contentsOf: path)
            }
        }
    }

    /// Throws when a file had other content than when it was digested.
    static func check(_ items: [LayerItem], against index: LayerIndex) throws {
        for item in items {
            guard case .file(let path, let digest) = item.content else { continue }
            guard index.lookup(item.entry.path)?.digest == digest else { throw BakeError.inputChanged(path) }
        }
    }
}
