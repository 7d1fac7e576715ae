import CLinux
import Glibc
import KilnArchive
import KilnSystem
import SystemPackage

/// Writes changed files of an instance's own layer to an archive, while the instance may go on changing them: each is found name by
/// name over open folders, links not followed, so that nothing that is swapped meanwhile leads out of the layer.
struct EvidenceArchive {
    /// Of files' content and attributes, together.
    static let sizeLimit: Int64 = 64 << 20

    private struct FileID: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    /// What an archive says of times; whoever owns a file gives it any.
    private static let times: ClosedRange<Int64> = -(1 << 53)...(1 << 53)

    private let changes: Int32
    /// Holds one file's content until its size is known.
    private let spool: FilePath
    private var writer: LayerWriter
    /// Bytes that there is still room for.
    private var left: Int64
    private var names: Set<[UInt8]> = []
    /// The path of each kept file that has several names.
    private var firstNames: [FileID: String] = [:]
    private var omitted: [String] = []

    /// Takes paths below the layer's folder; gives those that could not be kept, or not whole. The archive must not exist yet. Blocks.
    static func write(
        _ paths: [String],
        beneath folder: FilePath,
        to archive: FilePath,
        limit: Int64 = EvidenceArchive.sizeLimit
    ) throws -> [String] {
        let changes = open(folder.string, InstanceRoot.pathOnly | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard changes >= 0 else { return paths }
        defer { close(changes) }
        let spool = archive.removingLastComponent().appending("changes.part")
        defer { try? Files.remove(spool) }
        var evidence = EvidenceArchive(
            changes: changes,
            spool: spool,
            writer: try LayerWriter(path: archive, encoding: .gzip(level: 1)),
            left: limit
        )
        for path in paths {
            try Blocking.checkCancellation()
            try evidence.add(path)
        }
        _ = try evidence.writer.finish()
        guard chmod(archive.string, 0o600) == 0 else { throw SystemError.last("close \(archive) to others") }
        return evidence.omitted
    }

    private mutating func add(_ path: String) throws {
        let name = String(Substring(path.utf8.drop { $0 == UInt8(ascii: "/") }))
        // A name that is not UTF-8 is told as another, which is not there or comes twice.
        guard !name.isEmpty, EntryPath.isValid(name), names.insert(Array(name.utf8)).inserted,
            let found = find(name)
        else {
            omitted.append(path)
            return
        }
        defer { close(found) }
        guard let (entry, isWhole) = try? entry(name, of: found) else {
            omitted.append(path)
            return
        }
        do {
            if case .file = entry.kind {
                try writer.append(entry, contentsOf: spool)
            } else {
                try writer.append(entry)
            }
            if !isWhole { omitted.append("\(path) (attributes)") }
        } catch is ArchiveError {
            // An archive has no words for it.
            omitted.append(path)
        }
    }

    /// Names what is there without opening it; nil where nothing is, or a link above it.
    private func find(_ name: String) -> Int32? {
        var found = openat(changes, ".", InstanceRoot.pathOnly | O_DIRECTORY | O_CLOEXEC)
        for component in EntryPath.components(name) {
            guard found >= 0 else { return nil }
            // A link is named, not followed, and has nothing below it.
            let next = openat(found, component, InstanceRoot.pathOnly | O_NOFOLLOW | O_CLOEXEC)
            close(found)
            found = next
        }
        return found >= 0 ? found : nil
    }

    /// A file's content is in the spool afterwards.
    private mutating func entry(
        _ name: String,
        of found: Int32
    ) throws -> (entry: TarEntry, isWhole: Bool) {
        var info = stat()
        guard fstat(found, &info) == 0 else { throw SystemError.last("look at \(name)") }
        let time = Int64(info.st_mtim.tv_sec)
        var entry = TarEntry(
            path: name,
            kind: .fifo,
            mode: UInt32(info.st_mode & 0o7777),
            uid: info.st_uid,
            gid: info.st_gid,
            mtime: min(max(time, Self.times.lowerBound), Self.times.upperBound)
        )
        let (major, minor) = (UInt32(gnu_dev_major(info.st_rdev)), UInt32(gnu_dev_minor(info.st_rdev)))
        switch info.st_mode & S_IFMT {
        case S_IFREG, S_IFDIR: return try opened(entry, found, info)
        case S_IFLNK: entry.kind = .symlink(target: try RootCopier.target(of: found, FilePath(name)))
        case S_IFCHR: entry.kind = .characterDevice(major: major, minor: minor)
        case S_IFBLK: entry.kind = .blockDevice(major: major, minor: minor)
        case S_IFIFO: entry.kind = .fifo
        default: throw ArchiveError(.unsayable("a socket"), path: name)
        }
        return (entry, true)
    }

    /// With attributes and content. Another name of a file that was kept is a link to it.
    private mutating func opened(
        _ named: TarEntry,
        _ found: Int32,
        _ info: stat
    ) throws -> (entry: TarEntry, isWhole: Bool) {
        var entry = named
        let id = FileID(device: UInt64(info.st_dev), inode: UInt64(info.st_ino))
        if let first = firstNames[id] {
            entry.kind = .hardlink(target: first)
            return (entry, true)
        }
        // What a descriptor names is opened by its link, without a second look at the path.
        let source = open("/proc/self/fd/\(found)", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard source >= 0 else { throw SystemError.last("open \(entry.path)") }
        defer { close(source) }
        if info.st_mode & S_IFMT == S_IFDIR {
            entry.kind = .directory
        } else {
            entry.kind = .file(size: try copy(source, size: Int64(info.st_size), of: entry.path))
            if info.st_nlink > 1 { firstNames[id] = entry.path }
        }
        let (attributes, isWhole) = attributes(of: source)
        entry.xattrs = attributes
        return (entry, isWhole)
    }

    /// As much as there was when it was looked at, or less, into a file that nobody else changes.
    private mutating func copy(_ source: Int32, size: Int64, of name: String) throws -> Int64 {
        guard size <= left else { throw ArchiveError(.limit(.totalSize), path: name) }
        let target = open(spool.string, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard target >= 0 else { throw SystemError.last("write \(spool)") }
        defer { close(target) }
        let (reader, writer) = (FileDescriptor(rawValue: source), FileDescriptor(rawValue: target))
        var buffer = [UInt8](repeating: 0, count: Int(min(size, 1 << 18)))
        var done: Int64 = 0
        while done < size {
            try Blocking.checkCancellation()
            let wanted = Int(min(size - done, Int64(buffer.count)))
            let count = try buffer.withUnsafeMutableBytes { bytes in
                try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<wanted]))
            }
            if count == 0 { break }
            _ = try writer.writeAll(buffer[..<count])
            done += Int64(count)
            left -= Int64(count)
        }
        return done
    }

    /// All that there is room for and that an archive can name; one that went meanwhile is none.
    private mutating func attributes(of file: Int32) -> (values: [String: [UInt8]], isWhole: Bool) {
        guard let names = try? ExtendedAttributes.names(of: file, path: "") else { return ([:], false) }
        var values: [String: [UInt8]] = [:]
        var isWhole = true
        for name in names {
            guard let value = try? ExtendedAttributes.value(name, of: file, path: "") else { continue }
            let size = Int64(name.utf8.count + value.count)
            // What stands before a record's first `=` is its key.
            guard size <= left, !name.utf8.contains(UInt8(ascii: "=")) else {
                isWhole = false
                continue
            }
            left -= size
            values[name] = value
        }
        return (values, isWhole)
    }
}
