import Glibc
import Synchronization
package import SystemPackage

/// What a path names.
package struct FileFacts: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case file
        case directory
        case symlink
        case other
    }

    package let kind: Kind
    /// Permission bits with setuid, setgid and sticky.
    package let mode: UInt32
    package let size: Int64
    /// Bytes that it really takes on disk.
    package let allocated: Int64
    package let inode: UInt64
    package let device: UInt64
    package let userID: UInt32
    package let groupID: UInt32
    /// Nanoseconds since the epoch.
    package let modified: Int64
    /// Nanoseconds since the epoch; moves with every change of content or metadata.
    package let changed: Int64
}

/// Small file operations whose errors name the path.
package enum Files {
    /// The whole file; refuses more than `limit` bytes.
    package static func read(_ path: FilePath, limit: Int = 64 << 20) throws -> [UInt8] {
        let descriptor = try call("open \(path)") {
            try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        }
        defer { try? descriptor.close() }
        return try read(descriptor, of: path, limit: limit)
    }

    /// What is left of an open file.
    package static func read(
        _ descriptor: FileDescriptor,
        of path: FilePath,
        limit: Int = 64 << 20
    ) throws -> [UInt8] {
        try withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 16) { chunk in
            var bytes: [UInt8] = []
            while true {
                let count = try call("read \(path)") { try descriptor.read(into: chunk) }
                if count == 0 { return bytes }
                bytes += chunk[..<count]
                guard bytes.count <= limit else {
                    throw SystemError("read \(path): more than \(limit) bytes", .fileTooLarge)
                }
            }
        }
    }

    package static func readText(_ path: FilePath, limit: Int = 64 << 20) throws -> String {
        String(decoding: try read(path, limit: limit), as: UTF8.self)
    }

    /// Replaces the file as a whole: written beside it, synced, renamed. A crash leaves the old or the new content.
    ///
    /// Without `synced` that holds when the process dies; a power loss may leave an empty file.
    package static func write(
        _ bytes: some Sequence<UInt8>,
        to path: FilePath,
        mode: UInt16 = 0o644,
        synced: Bool = true
    ) throws {
        let temporary = path.removingLastComponent().appending(
            ".\(path.lastComponent?.string ?? "file").\(getpid()).\(writes.add(1, ordering: .relaxed).newValue).tmp"
        )
        do {
            try write(Array(bytes), directlyTo: temporary, mode: mode, synced: synced)
            try rename(temporary, to: path)
        } catch {
            unlink(temporary.string)
            throw error
        }
        if synced { try syncDirectory(path.folder) }
    }

    /// Keeps the temporary names of writes that run at once apart.
    private static let writes = Atomic<Int>(0)

    package static func write(
        _ text: String,
        to path: FilePath,
        mode: UInt16 = 0o644,
        synced: Bool = true
    ) throws {
        try write(text.utf8, to: path, mode: mode, synced: synced)
    }

    /// Writes where a user said: into what is there already unless it is a regular file (a device, a pipe, a link), which a
    /// rename would take the place of.
    package static func write(_ bytes: some Sequence<UInt8>, toNamed path: FilePath) throws {
        guard let facts = facts(path), facts.kind != .file else { return try write(bytes, to: path) }
        let descriptor = try call("write \(path)") {
            try FileDescriptor.open(
                path,
                .writeOnly,
                options: [.create, .truncate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead]
            )
        }
        defer { try? descriptor.close() }
        _ = try call("write \(path)") { try descriptor.writeAll(bytes) }
    }

    package static func rename(_ source: FilePath, to target: FilePath) throws {
        guard Glibc.rename(source.string, target.string) == 0 else {
            throw SystemError.last("rename \(source) to \(target)")
        }
    }

    /// Creates the directory and what is missing above it.
    package static func createDirectory(_ path: FilePath, mode: UInt16 = 0o755) throws {
        if mkdir(path.string, mode_t(mode)) == 0 { return }
        switch errno {
        case EEXIST where facts(path, followingSymlinks: true)?.kind == .directory: return
        case ENOENT where path != path.removingLastComponent():
            try createDirectory(path.removingLastComponent())
            if mkdir(path.string, mode_t(mode)) == 0 || errno == EEXIST { return }
            throw SystemError.last("create directory \(path)")
        default: throw SystemError.last("create directory \(path)")
        }
    }

    /// Names in the directory, sorted by their bytes; empty when there is no such directory.
    package static func list(_ path: FilePath) throws -> [String] {
        guard let stream = opendir(path.string) else {
            if errno == ENOENT { return [] }
            throw SystemError.last("list \(path)")
        }
        let names = try names(of: stream, at: path) { String(cString: $0) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Names in an open directory as the body reads them, in no order. `path` is for the error.
    package static func names<Name>(
        in directory: Int32,
        at path: FilePath,
        _ read: (UnsafePointer<CChar>) throws -> Name
    ) throws -> [Name] {
        // Of its own, since it is closed with the listing and has a place of its own in the directory.
        let copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { throw SystemError.last("list \(path)") }
        guard let stream = fdopendir(copy) else {
            let error = SystemError.last("list \(path)")
            close(copy)
            throw error
        }
        return try names(of: stream, at: path, read)
    }

    /// Closes the stream. What ends a listing early is an error, and not the end of the directory.
    private static func names<Name>(
        of stream: OpaquePointer,
        at path: FilePath,
        _ read: (UnsafePointer<CChar>) throws -> Name
    ) throws -> [Name] {
        defer { closedir(stream) }
        var names: [Name] = []
        errno = 0
        while let entry = readdir(stream) {
            try withUnsafePointer(to: &entry.pointee.d_name) {
                try $0.withMemoryRebound(to: CChar.self, capacity: 256) { name in
                    if strcmp(name, ".") != 0, strcmp(name, "..") != 0 { names.append(try read(name)) }
                }
            }
            errno = 0
        }
        guard errno == 0 else { throw SystemError.last("list \(path)") }
        return names
    }

    /// nil when there is nothing at the path (or it cannot be reached).
    package static func facts(_ path: FilePath, followingSymlinks: Bool = false) -> FileFacts? {
        var info = stat()
        let result = path.withPlatformString { followingSymlinks ? stat($0, &info) : lstat($0, &info) }
        guard result == 0 else { return nil }
        return FileFacts(info)
    }

    package static func exists(_ path: FilePath) -> Bool {
        facts(path) != nil
    }

    /// Whether there is something at the path, for callers that delete what is not: throws where that cannot be told.
    package static func isPresent(_ path: FilePath) throws -> Bool {
        var info = stat()
        if path.withPlatformString({ lstat($0, &info) }) == 0 { return true }
        guard errno == ENOENT else { throw SystemError.last("look at \(path)") }
        return false
    }

    /// Removes a file or a whole tree, without following symlinks or emptying what is mounted in it. Missing is fine.
    ///
    /// `unlocking` opens folders that keep their own owner out, as foreign archives have them: for trees that nobody else
    /// can change meanwhile.
    package static func remove(_ path: FilePath, unlocking: Bool = false) throws {
        guard let facts = facts(path) else { return }
        guard facts.kind == .directory else {
            guard path.withPlatformString(unlink) == 0 || errno == ENOENT else {
                throw SystemError.last("remove \(path)")
            }
            return
        }
        // Tried first: what is mounted there makes it busy, bind mounts of the same file system too, and is not emptied.
        if path.withPlatformString(rmdir) == 0 || errno == ENOENT { return }
        guard errno == ENOTEMPTY || errno == EEXIST else {
            throw SystemError.last("remove \(path)\(errno == EBUSY ? ": something is mounted there" : "")")
        }
        if unlocking, facts.mode & 0o700 != 0o700 { chmod(path.string, 0o700) }
        for child in try children(of: path) { try remove(child, unlocking: unlocking) }
        guard path.withPlatformString(rmdir) == 0 || errno == ENOENT else {
            throw SystemError.last("remove \(path)")
        }
    }

    /// What is in a directory, by its very bytes: a name need not be UTF-8.
    private static func children(of path: FilePath) throws -> [FilePath] {
        guard let stream = path.withPlatformString(opendir) else {
            if errno == ENOENT { return [] }
            throw SystemError.last("list \(path)")
        }
        return try names(of: stream, at: path) { path.pushing(FilePath(platformString: $0)) }
    }

    /// Makes a rename in the directory survive a power loss.
    package static func syncDirectory(_ path: FilePath) throws {
        let descriptor = try call("open \(path)") {
            try FileDescriptor.open(path, .readOnly, options: [.directory, .closeOnExec])
        }
        defer { try? descriptor.close() }
        guard fsync(descriptor.rawValue) == 0 else { throw SystemError.last("sync \(path)") }
    }

    private static func write(
        _ bytes: [UInt8],
        directlyTo path: FilePath,
        mode: UInt16,
        synced: Bool
    ) throws {
        let descriptor = try call("write \(path)") {
            try FileDescriptor.open(
                path,
                .writeOnly,
                options: [.create, .truncate, .closeOnExec],
                permissions: FilePermissions(rawValue: CModeT(mode))
            )
        }
        defer { try? descriptor.close() }
        _ = try call("write \(path)") { try descriptor.writeAll(bytes) }
        guard fchmod(descriptor.rawValue, mode_t(mode)) == 0, !synced || fsync(descriptor.rawValue) == 0
        else {
            throw SystemError.last("write \(path)")
        }
    }

    private static func call<Result>(_ action: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let errno as Errno {
            throw SystemError(action, errno)
        }
    }
}

extension FileFacts {
    fileprivate init(_ info: stat) {
        kind =
            switch info.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            case S_IFLNK: .symlink
            default: .other
            }
        mode = UInt32(info.st_mode & 0o7777)
        size = Int64(info.st_size)
        allocated = Int64(info.st_blocks) * 512
        inode = UInt64(info.st_ino)
        device = UInt64(info.st_dev)
        userID = info.st_uid
        groupID = info.st_gid
        modified = Self.nanoseconds(info.st_mtim)
        changed = Self.nanoseconds(info.st_ctim)
    }

    /// The nearest that there is, for years that have none: whoever owns a file gives it any time.
    private static func nanoseconds(_ time: timespec) -> Int64 {
        let (seconds, isOut) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        let (whole, isPast) = seconds.addingReportingOverflow(Int64(time.tv_nsec))
        return isOut || isPast ? (time.tv_sec < 0 ? .min : .max) : whole
    }
}

extension FilePath {
    /// The folder that holds it; `.` for a bare name.
    fileprivate var folder: FilePath {
        let folder = removingLastComponent()
        return folder.isEmpty ? "." : folder
    }
}
