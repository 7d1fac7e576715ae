/// A header block with the pax records that concern it, on the way to an entry.
struct TarMember {
    let block: TarBlock
    let records: PaxRecords
    let limits: ArchiveLimits
    /// Whether somebody puts sparse files' zeros in.
    var takesSparse = false

    func entry() throws(ArchiveError) -> TarEntry {
        if records.isSparse, !takesSparse { throw refused("a sparse file") }
        let raw = records.bytes("path") ?? block.name
        let path = try path(raw)
        return TarEntry(
            path: path,
            kind: try kind(isNamedAsDirectory: raw.last == UInt8(ascii: "/"), path: path),
            mode: try block.mode(),
            uid: try id(try number("uid", block.uid), "uid"),
            gid: try id(try number("gid", block.gid), "gid"),
            mtime: try mtime(),
            xattrs: records.xattrs
        )
    }

    private func kind(isNamedAsDirectory: Bool, path: String) throws(ArchiveError) -> TarEntry.Kind {
        switch block.type {
        case 0 where isNamedAsDirectory: return .directory
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): return .file(size: try size())
        case UInt8(ascii: "1"): return .hardlink(target: try self.path(linkBytes))
        case UInt8(ascii: "2"): return .symlink(target: try symlinkTarget(path))
        case UInt8(ascii: "3"):
            let device = try block.device()
            return .characterDevice(major: device.major, minor: device.minor)
        case UInt8(ascii: "4"):
            let device = try block.device()
            return .blockDevice(major: device.major, minor: device.minor)
        case UInt8(ascii: "5"): return .directory
        case UInt8(ascii: "6"): return .fifo
        case UInt8(ascii: "S"):
            guard takesSparse else { throw refused("a sparse file") }
            return .file(size: try size())
        case let type: throw refused("a tar member of type \(type)")
        }
    }

    private var linkBytes: [UInt8] { records.bytes("linkpath") ?? block.link }

    /// A name inside the root, cleaned.
    private func path(_ bytes: [UInt8]) throws(ArchiveError) -> String {
        guard bytes.count <= limits.pathLength else {
            throw ArchiveError(.limit(.pathLength), offset: block.offset)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ArchiveError(.notUTF8, path: String(decoding: bytes, as: UTF8.self), offset: block.offset)
        }
        guard !text.isEmpty, let path = EntryPath.normalized(text) else {
            throw ArchiveError(.unsafePath, path: text, offset: block.offset)
        }
        guard path.utf8.count(where: { $0 == UInt8(ascii: "/") }) < limits.depth else {
            throw ArchiveError(.limit(.depth), path: path, offset: block.offset)
        }
        return path
    }

    private func symlinkTarget(_ path: String) throws(ArchiveError) -> String {
        let bytes = linkBytes
        guard bytes.count <= limits.pathLength else {
            throw ArchiveError(.limit(.pathLength), path: path, offset: block.offset)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ArchiveError(.notUTF8, path: path, offset: block.offset)
        }
        guard !text.isEmpty, !bytes.contains(0) else { throw block.malformed("link target") }
        return text
    }

    private func size() throws(ArchiveError) -> Int64 {
        let size = try number("size", block.size)
        guard size >= 0 else { throw block.malformed("size") }
        guard size <= limits.totalSize else { throw ArchiveError(.limit(.totalSize), offset: block.offset) }
        return size
    }

    /// The record's value, else the block's.
    private func number(
        _ key: String,
        _ field: () throws(ArchiveError) -> Int64
    ) throws(ArchiveError) -> Int64 {
        if let value = try records.number(key, at: block.offset) { return value }
        return try field()
    }

    private func mtime() throws(ArchiveError) -> Int64 {
        let mtime = try number("mtime", block.mtime)
        guard TarEntry.times.contains(mtime) else { throw block.malformed("mtime") }
        return mtime
    }

    private func id(_ value: Int64, _ field: String) throws(ArchiveError) -> UInt32 {
        // The highest number means "unchanged" to chown(2).
        guard let id = UInt32(exactly: value), id != .max else { throw block.malformed(field) }
        return id
    }

    func refused(_ what: String) -> ArchiveError {
        ArchiveError(
            .unsupported(what),
            path: String(validating: block.name, as: UTF8.self),
            offset: block.offset
        )
    }
}
