import KilnArchive
import KilnSystem
package import SystemPackage

/// A root as a tar, plain or compressed, read front to back each time: nothing is unpacked.
package struct TarSource: ServerSource {
    private let file: FilePath
    /// Paths from the root that are not looked at.
    private let excluding: Set<String>
    package var name: String { file.string }
    package var isThisMachine: Bool { false }

    package init(_ file: FilePath, excluding: Set<String> = []) {
        self.file = file
        self.excluding = excluding
    }

    package func visit(below: [String]?, _ visitor: inout some ServerVisitor) throws {
        var isBegun = false
        do {
            let stream = Stream(
                reader: TarReader(try Decompressor(FileSource(file)), hashing: false, takesSparse: true)
            )
            while let entry = try stream.reader.next() {
                try Blocking.checkCancellation()
                isBegun = true
                if excluding.contains(where: { EntryPath.isAt(entry.path, orBelow: $0) }) { continue }
                let node = Self.node(entry)
                // Of another name of a file the archive has no content.
                guard node.kind == .file, node.linkedTo == nil, visitor.wants(node) else {
                    try visitor.take(node, nil)
                    continue
                }
                try visitor.take(node, ServerContent { buffer in try stream.reader.read(into: buffer) })
            }
        } catch let error as ArchiveError {
            // Nothing of it could be read.
            if !isBegun, error.reason == .checksum || error.reason == .truncated {
                throw AdoptError(.noArchive, file.string)
            }
            throw error.reading(file)
        }
    }

    /// A class: the content that is lent reads on in the one stream.
    private final class Stream {
        var reader: TarReader

        init(reader: TarReader) {
            self.reader = reader
        }
    }

    private static func node(_ entry: TarEntry) -> ServerNode {
        var node = ServerNode(entry.path, .file, mode: entry.mode & 0o7777, uid: entry.uid, gid: entry.gid)
        if !entry.xattrs.isEmpty {
            node.attributes = entry.xattrs.filter { ExtendedAttributes.isKept($0.key) }
        }
        switch entry.kind {
        case .file(let size): node.size = size
        case .hardlink(let target): node.linkedTo = target
        case .directory: node.kind = .directory
        case .symlink(let target): node.kind = .symlink(target)
        case .fifo: node.kind = .fifo
        case .characterDevice, .blockDevice: node.kind = .device
        }
        return node
    }
}
