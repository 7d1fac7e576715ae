import CLinux
import Glibc
import KilnSystem
import SystemPackage

/// Visits a tree by open directories, so that nothing that is swapped meanwhile leads out of it.
struct TreeWalker {
    private struct FileID: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    private static let depthLimit = ArchiveLimits.standard.depth

    private let root: FilePath
    private let form: LayerDiff.Form
    private let epoch: Int64
    private let made: [ClosedRange<Int64>]
    private let excluding: (String) -> Bool
    private var device: UInt64 = 0
    /// The first path of each file that has several names.
    private var firstNames: [FileID: String] = [:]

    init(
        root: FilePath,
        form: LayerDiff.Form,
        epoch: Int64,
        made: [ClosedRange<Int64>],
        excluding: @escaping (String) -> Bool
    ) {
        self.root = root
        self.form = form
        self.epoch = epoch
        self.made = made
        self.excluding = excluding
    }

    mutating func writeRoot(_ descriptor: Int32, to writer: inout LayerWriter) throws {
        let info = try facts(of: descriptor, "")
        device = UInt64(info.st_dev)
        let xattrs = try attributes(of: descriptor, "")
        let entry = entry("", .directory, info, xattrs)
        if !entry.isPlainRoot { try writer.append(entry) }
        if isOpaque(descriptor) { try writer.appendOpaqueMarker(in: "") }
        try writeChildren(of: descriptor, "", depth: 0, to: &writer)
    }

    private mutating func writeChildren(
        of directory: Int32,
        _ path: String,
        depth: Int,
        to writer: inout LayerWriter
    ) throws {
        guard depth < Self.depthLimit else { throw ArchiveError(.limit(.depth), path: path) }
        for name in try names(in: directory, path) {
            let child = EntryPath.join(path, name)
            if excluding(child) { continue }
            if name.utf8.starts(with: Whiteout.prefix.utf8) { throw ArchiveError(.reservedName, path: child) }
            var info = stat()
            guard fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) == 0 else {
                throw failure("read", child)
            }
            switch info.st_mode & S_IFMT {
            case S_IFDIR: try writeDirectory(name, in: directory, child, depth: depth, to: &writer)
            case S_IFREG: try writeFile(name, in: directory, child, info, to: &writer)
            case S_IFLNK:
                let target = try linkTarget(name, in: directory, child)
                try writer.append(entry(child, .symlink(target: target), info, mode: 0o777))
            case S_IFCHR, S_IFBLK, S_IFIFO: try writeNode(child, info, to: &writer)
            default: continue
            }
        }
    }

    private mutating func writeDirectory(
        _ name: String,
        in parent: Int32,
        _ path: String,
        depth: Int,
        to writer: inout LayerWriter
    ) throws {
        let descriptor = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        let info = try facts(of: descriptor, path)
        guard UInt64(info.st_dev) == device else { throw ArchiveError(.mountInside, path: path) }
        try writer.append(entry(path, .directory, info, try attributes(of: descriptor, path)))
        if isOpaque(descriptor) { try writer.appendOpaqueMarker(in: path) }
        try writeChildren(of: descriptor, path, depth: depth + 1, to: &writer)
    }

    private mutating func writeFile(
        _ name: String,
        in directory: Int32,
        _ path: String,
        _ seen: stat,
        to writer: inout LayerWriter
    ) throws {
        if seen.st_nlink > 1 {
            let id = FileID(device: UInt64(seen.st_dev), inode: UInt64(seen.st_ino))
            if let first = firstNames[id] {
                return try writer.append(entry(path, .hardlink(target: first), seen))
            }
            firstNames[id] = path
        }
        let descriptor = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        let info = try facts(of: descriptor, path)
        guard info.st_mode & S_IFMT == S_IFREG else { throw ArchiveError(.changedWhileRead, path: path) }
        try writer.append(
            entry(path, .file(size: Int64(info.st_size)), info, try attributes(of: descriptor, path)),
            descriptor: descriptor
        )
    }

    private func writeNode(_ path: String, _ info: stat, to writer: inout LayerWriter) throws {
        let major = UInt32(gnu_dev_major(info.st_rdev))
        let minor = UInt32(gnu_dev_minor(info.st_rdev))
        switch info.st_mode & S_IFMT {
        case S_IFIFO: try writer.append(entry(path, .fifo, info))
        case S_IFBLK: try writer.append(entry(path, .blockDevice(major: major, minor: minor), info))
        default:
            guard major == 0, minor == 0 else {
                return try writer.append(entry(path, .characterDevice(major: major, minor: minor), info))
            }
            guard form == .overlayUpper else { throw ArchiveError(.whiteoutRefused, path: path) }
            try writer.appendWhiteout(of: path)
        }
    }

    private func entry(
        _ path: String,
        _ kind: TarEntry.Kind,
        _ info: stat,
        _ xattrs: [String: [UInt8]] = [:],
        mode: UInt32? = nil
    ) -> TarEntry {
        TarEntry(
            path: path,
            kind: kind,
            mode: mode ?? UInt32(info.st_mode) & 0o7777,
            uid: info.st_uid,
            gid: info.st_gid,
            mtime: settled(Int64(info.st_mtim.tv_sec)),
            xattrs: xattrs
        )
    }

    /// A time that the making of the layer left says nothing.
    private func settled(_ time: Int64) -> Int64 {
        time > epoch || made.contains { $0.contains(time) } ? epoch : time
    }

    /// What the layer keeps of a file's attributes; refuses what it could not say.
    private func attributes(of descriptor: Int32, _ path: String) throws -> [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        for name in try ExtendedAttributes.names(of: descriptor, path: path) {
            if form == .overlayUpper,
                name == "trusted.overlay.redirect" || name == "trusted.overlay.metacopy"
            {
                throw ArchiveError(.overlayFeature(name), path: path)
            }
            guard ExtendedAttributes.isKept(name) else { continue }
            result[name] = try ExtendedAttributes.value(name, of: descriptor, path: path)
        }
        return result
    }

    private func isOpaque(_ descriptor: Int32) -> Bool {
        form == .overlayUpper && ExtendedAttributes.isOpaque(descriptor)
    }

    /// Sorted by their bytes.
    private func names(in directory: Int32, _ path: String) throws -> [String] {
        try Files.names(in: directory, at: path.isEmpty ? root : root.appending(path)) { name in
            guard let name = String(validatingCString: name) else { throw ArchiveError(.notUTF8, path: path) }
            return name
        }
        .sorted { EntryPath.precedes($0, $1) }
    }

    private func linkTarget(_ name: String, in directory: Int32, _ path: String) throws -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes -> Int in
            guard let base = bytes.baseAddress else { return 0 }
            return readlinkat(directory, name, base.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        guard count >= 0 else { throw failure("read", path) }
        guard let target = String(validating: buffer[..<count], as: UTF8.self) else {
            throw ArchiveError(.notUTF8, path: path)
        }
        return target
    }

    private func facts(of descriptor: Int32, _ path: String) throws -> stat {
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw failure("read", path) }
        return info
    }

    private func failure(_ action: String, _ path: String) -> SystemError {
        SystemError.last("\(action) \(path.isEmpty ? root : root.appending(path))")
    }
}
