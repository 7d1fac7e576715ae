import KilnOCI

/// Collects a layer's entries while its tar is written or read.
struct LayerIndexBuilder {
    private let limits: ArchiveLimits
    private var metadata: Int64 = 0
    private var entries: [LayerIndex.Entry] = []
    /// Where each entry that a hard link may name is in `entries`, by the bytes of its path.
    private var linkable: [[UInt8]: Int] = [:]
    private var removed: [String] = []
    private var opaque: [String] = []
    private var captured: [String: [UInt8]] = [:]

    init(limits: ArchiveLimits = .standard) {
        self.limits = limits
    }

    /// `digest` and `content` are a file's; the content is kept when it is one that indexes keep.
    mutating func add(_ entry: TarEntry, digest: Digest, content: [UInt8]?) throws(ArchiveError) {
        metadata += entry.metadataSize
        // A layer that is past what readers take is not written in the first place.
        guard metadata <= limits.metadata else { throw ArchiveError(.limit(.metadata), path: entry.path) }
        if let whiteout = try Whiteout(path: entry.path) {
            switch whiteout {
            case .removed(let path): removed.append(path)
            case .opaque(let path): opaque.append(path)
            }
            return
        }
        let kind = try kind(of: entry, digest: digest)
        if entry.kind != .directory { linkable[Array(entry.path.utf8)] = entries.count }
        if case .file(let size) = entry.kind, let content, LayerIndex.captures(entry.path, size: size) {
            captured[entry.path] = content
        }
        entries.append(
            LayerIndex.Entry(
                path: entry.path,
                kind: kind,
                mode: entry.mode & 0o7777,
                uid: entry.uid,
                gid: entry.gid,
                mtime: entry.mtime,
                xattrs: entry.xattrs
            )
        )
    }

    func finish() -> LayerIndex {
        LayerIndex(entries: entries, removed: removed, opaque: opaque, captured: captured)
    }

    private func kind(
        of entry: TarEntry,
        digest: Digest
    ) throws(ArchiveError) -> LayerIndex.Entry.Kind {
        switch entry.kind {
        case .file(let size): .file(size: size, digest: digest)
        case .directory: .directory
        case .symlink(let target): .symlink(target: target)
        case .characterDevice(let major, let minor): .characterDevice(major: major, minor: minor)
        case .blockDevice(let major, let minor): .blockDevice(major: major, minor: minor)
        case .fifo: .fifo
        case .hardlink(let target): try linked(entry, target)
        }
    }

    private func linked(
        _ entry: TarEntry,
        _ target: String
    ) throws(ArchiveError) -> LayerIndex.Entry.Kind {
        guard let index = linkable[Array(target.utf8)] else {
            throw ArchiveError(.danglingHardlink(target: target), path: entry.path)
        }
        let original = entries[index]
        // A hard link to a symlink or a device is that very thing under one more name.
        guard let digest = original.digest else { return original.kind }
        return .hardlink(target: target, size: original.size, digest: digest)
    }
}
