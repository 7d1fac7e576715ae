package import KilnOCI

/// What a layer holds, without its contents: small, sorted, kept beside the layer.
package struct LayerIndex: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        package enum Kind: Sendable, Hashable {
            case file(size: Int64, digest: Digest)
            /// Another name of an earlier file, with that file's content.
            case hardlink(target: String, size: Int64, digest: Digest)
            case directory
            case symlink(target: String)
            case characterDevice(major: UInt32, minor: UInt32)
            case blockDevice(major: UInt32, minor: UInt32)
            case fifo
        }

        /// As in `TarEntry`.
        package let path: String
        package let kind: Kind
        package let mode: UInt32
        package let uid: UInt32
        package let gid: UInt32
        package let mtime: Int64
        package let xattrs: [String: [UInt8]]

        package init(
            path: String,
            kind: Kind,
            mode: UInt32,
            uid: UInt32 = 0,
            gid: UInt32 = 0,
            mtime: Int64 = 0,
            xattrs: [String: [UInt8]] = [:]
        ) {
            self.path = path
            self.kind = kind
            self.mode = mode
            self.uid = uid
            self.gid = gid
            self.mtime = mtime
            self.xattrs = xattrs
        }

        package var isDirectory: Bool { kind == .directory }

        /// Of a file's content, by whichever of its names.
        package var digest: Digest? {
            switch kind {
            case .file(_, let digest), .hardlink(_, _, let digest): digest
            default: nil
            }
        }

        /// Of a file's content in bytes; 0 for everything else.
        package var size: Int64 {
            switch kind {
            case .file(let size, _), .hardlink(_, let size, _): size
            default: 0
            }
        }
    }

    /// A folder before what is in it, names in it by their bytes; each path once.
    package let entries: [Entry]
    /// Paths of the layers below that are gone, sorted alike.
    package let removed: [String]
    /// Folders in which nothing of the layers below shows, sorted alike.
    package let opaque: [String]
    /// The content of the account files that this layer holds, so that a child can add users without a mount.
    package let captured: [String: [UInt8]]

    package static let empty = LayerIndex(entries: [])

    /// Sorts; of two entries with one path the later counts.
    package init(
        entries: [Entry],
        removed: [String] = [],
        opaque: [String] = [],
        captured: [String: [UInt8]] = [:]
    ) {
        self.entries = Self.sorted(entries)
        self.removed = Self.sorted(removed)
        self.opaque = Self.sorted(opaque)
        self.captured = captured
    }

    /// What this layer has at the path.
    package func lookup(_ path: String) -> Entry? {
        entries.entry(at: path)
    }

    /// Whether a file's content is kept in the index.
    static func captures(_ path: String, size: Int64) -> Bool {
        size <= 256 << 10 && capturedPaths.contains(path)
    }

    private static let capturedPaths: Set<String> = ["etc/passwd", "etc/group", "etc/shadow", "etc/gshadow"]

    private static func sorted(_ entries: [Entry]) -> [Entry] {
        let isSorted = zip(entries, entries.dropFirst()).allSatisfy { EntryPath.precedes($0.path, $1.path) }
        if isSorted { return entries }
        let order = entries.indices.sorted { left, right in
            EntryPath.isSame(entries[left].path, entries[right].path)
                ? left < right : EntryPath.precedes(entries[left].path, entries[right].path)
        }
        var result: [Entry] = []
        for index in order {
            if let last = result.last, EntryPath.isSame(last.path, entries[index].path) {
                result.removeLast()
            }
            result.append(entries[index])
        }
        return result
    }

    private static func sorted(_ paths: [String]) -> [String] {
        var result: [String] = []
        for path in paths.sorted(by: EntryPath.precedes) {
            if let last = result.last, EntryPath.isSame(last, path) { continue }
            result.append(path)
        }
        return result
    }
}

extension [LayerIndex.Entry] {
    /// The entry with this path, in a sorted array.
    func entry(at path: String) -> LayerIndex.Entry? {
        let index = position(of: path)
        guard index < count, EntryPath.isSame(self[index].path, path) else { return nil }
        return self[index]
    }

    /// Where the path is or would be.
    func position(of path: String) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if EntryPath.precedes(self[middle].path, path) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
