import Glibc
import KilnSystem
import SystemPackage

/// A layer's tree on disk (an overlay's upper), changed from outside once nothing runs in it any more.
///
/// What is in it was written by foreign code: no symlink of it is ever followed.
struct LayerTree: Sendable {
    let root: FilePath

    /// The path on the machine, when every folder above it is a real one.
    func location(_ path: String) -> FilePath? {
        var location = root
        var names = path.split(separator: "/").map(String.init)
        guard let last = names.popLast() else { return nil }
        for name in names {
            location.append(name)
            guard Files.facts(location)?.kind == .directory else { return nil }
        }
        return location.appending(last)
    }

    func facts(_ path: String) -> FileFacts? {
        location(path).flatMap { Files.facts($0) }
    }

    /// Names in a folder; none when there is no such folder.
    func names(in path: String) throws -> [String] {
        guard let folder = location(path), Files.facts(folder)?.kind == .directory else { return [] }
        return try Files.list(folder)
    }

    /// Files below a folder, links and others included, folders left out.
    func files(below path: String) throws -> [String] {
        try names(in: path).flatMap { name in
            let child = path + "/" + name
            return facts(child)?.kind == .directory ? try files(below: child) : [child]
        }
    }

    func remove(_ path: String) throws {
        if let location = location(path) { try Files.remove(location) }
    }

    /// A regular file's text; nil for anything else.
    func text(_ path: String) throws -> String? {
        guard let location = location(path), Files.facts(location)?.kind == .file else { return nil }
        return try Files.readText(location)
    }

    /// A regular file's bytes; nil for anything else.
    func bytes(_ path: String) throws -> [UInt8]? {
        guard let location = location(path), Files.facts(location)?.kind == .file else { return nil }
        return try Files.read(location)
    }

    /// Replaces the content of a file that is there, keeping its mode, owner and attributes.
    func rewrite(_ path: String, _ text: String) throws {
        try rewrite(path, Array(text.utf8))
    }

    /// Replaces the content of a file that is there, keeping its mode, owner and attributes.
    func rewrite(_ path: String, _ bytes: [UInt8]) throws {
        guard let location = location(path), Files.facts(location)?.kind == .file else { return }
        let descriptor = open(location.string, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError.last("open \(location)") }
        defer { close(descriptor) }
        try FileDescriptor(rawValue: descriptor).writeAll(bytes)
    }

    /// Gives every folder, the root included, this time in seconds since 1970.
    func setFolderTimes(_ time: Int64) throws {
        try setFolderTimes(
            below: root,
            [timespec](repeating: timespec(tv_sec: Int(time), tv_nsec: 0), count: 2)
        )
    }

    private func setFolderTimes(below folder: FilePath, _ times: [timespec]) throws {
        for name in try Files.list(folder) {
            let child = folder.appending(name)
            if Files.facts(child)?.kind == .directory { try setFolderTimes(below: child, times) }
        }
        guard utimensat(AT_FDCWD, folder.string, times, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw SystemError.last("set the time of \(folder)")
        }
    }

    /// Removes an empty folder or an empty file that a mount needed.
    func removeMountPoint(_ path: String) {
        guard let location = location(path), let facts = Files.facts(location) else { return }
        switch facts.kind {
        case .directory: rmdir(location.string)
        case .file where facts.size == 0: unlink(location.string)
        default: break
        }
    }
}
