import Glibc
import KilnArchive
import KilnDiagnostics
import KilnLock
import KilnOCI
import KilnSystem
import SystemPackage

/// Reads a root file system's tar into the items of a layer: sorted, each path once, folders that the tar left out
/// filled in. Owners stay the tar's numbers. Times stay the tar's own: the lock names its digest, so they are as fixed
/// as its contents.
struct TarLayer {
    /// Where files' contents wait for their turn in the sorted layer.
    private let spool: FilePath
    private let span: SourceSpan?
    private var items: [PathKey: LayerItem] = [:]
    private var count = 0

    /// Blocks. `span` is where the definition names the tar.
    static func items(
        of tar: LockedTar,
        from location: FilePath,
        spool: FilePath,
        at span: SourceSpan?
    ) throws -> [LayerItem] {
        var layer = TarLayer(spool: spool, span: span)
        let source = try HashedSource(location)
        do {
            try layer.read(source)
        } catch let error as ArchiveError {
            // What is wrong with another tar than the lock's is of no interest.
            guard try source.digest() == tar.sha256 else { throw BakeError.tarChanged(tar.path, at: span) }
            throw error
        }
        guard try source.digest() == tar.sha256 else { throw BakeError.tarChanged(tar.path, at: span) }
        try layer.checkFolders()
        layer.addMissingFolders()
        return try layer.withOrderedLinks()
    }

    private init(spool: FilePath, span: SourceSpan?) {
        self.spool = spool
        self.span = span
    }

    private mutating func read(_ source: HashedSource) throws {
        var reader = TarReader(try Decompressor(source, limits: .standard))
        while var entry = try reader.next() {
            try Blocking.checkCancellation()
            if let attribute = entry.xattrs.keys.filter(ExtendedAttributes.isOverlay).min() {
                throw BakeError.overlayAttribute(attribute, of: entry.path, at: span)
            }
            entry.xattrs = entry.xattrs.filter { ExtendedAttributes.isKept($0.key) }
            let name = ImagePath.split(entry.path).name
            guard !name.hasPrefix(".wh.") else { throw ArchiveError(.whiteoutRefused, path: entry.path) }
            var item = LayerItem(entry: entry)
            switch entry.kind {
            case .file: item.content = try spoolContent(&reader)
            case .characterDevice, .blockDevice: throw ArchiveError(.deviceRefused, path: entry.path)
            default: break
            }
            items[PathKey(entry.path)] = item
        }
        _ = try reader.finish()
    }

    private mutating func spoolContent(_ reader: inout TarReader) throws -> LayerItem.Content {
        count += 1
        let path = spool.appending(String(count))
        return .file(path, try reader.spool(to: path))
    }

    /// Nothing may lie below a link or a file: it would land elsewhere when laid out.
    private func checkFolders() throws {
        for path in items.values.map(\.entry.path) {
            var parent = ImagePath.split(path).parent
            while !parent.isEmpty {
                if let item = items[PathKey(parent)], item.entry.kind != .directory {
                    throw ArchiveError(.notBelowDirectory, path: path)
                }
                parent = ImagePath.split(parent).parent
            }
        }
    }

    private mutating func addMissingFolders() {
        for path in items.values.map(\.entry.path) {
            var parent = ImagePath.split(path).parent
            while !parent.isEmpty, items[PathKey(parent)] == nil {
                items[PathKey(parent)] = LayerItem(
                    entry: TarEntry(path: parent, kind: .directory, mode: 0o755)
                )
                parent = ImagePath.split(parent).parent
            }
        }
    }

    /// Sorted. Of a file's names the first in order holds the content, and the others link to it.
    private func withOrderedLinks() throws -> [LayerItem] {
        var names: [PathKey: [String]] = [:]
        for item in items.values {
            guard case .hardlink = item.entry.kind else { continue }
            names[PathKey(try original(of: item.entry.path)), default: []].append(item.entry.path)
        }
        var result = items
        for (original, links) in names {
            guard let item = items[original] else { continue }
            let paths = (links + [item.entry.path]).sorted(by: EntryPath.precedes)
            for (index, path) in paths.enumerated() {
                var named = item
                named.entry.path = path
                if index > 0, case .file = item.entry.kind {
                    named.entry.kind = .hardlink(target: paths[0])
                    named.content = .none
                }
                result[PathKey(path)] = named
            }
        }
        return result.values.sorted { EntryPath.precedes($0.entry.path, $1.entry.path) }
    }

    private func original(of path: String) throws -> String {
        var current = path
        for _ in 0...items.count {
            guard let item = items[PathKey(current)] else { break }
            guard case .hardlink(let target) = item.entry.kind else {
                guard item.entry.kind != .directory else { break }
                return current
            }
            current = target
        }
        throw ArchiveError(.danglingHardlink(target: current), path: path)
    }
}
