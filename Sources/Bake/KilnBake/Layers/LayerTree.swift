import Glibc
import KilnArchive
import KilnSystem
import SystemPackage

/// A layer's tree on disk (an overlay's upper), changed from outside once nothing runs in it any more.
///
/// What is in it was written by foreign code: no symlink of it is ever followed.
struct LayerTree: Sendable {
    let root: FilePath
    /// What the layers below show; nothing when it is a first layer, or doesn't matter.
    var below: RootIndex = .empty

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

    /// Files below a folder, links and others included (whiteouts too), folders left out.
    func files(below path: String) throws -> [String] {
        try names(in: path).flatMap { name in
            let child = path + "/" + name
            return facts(child)?.kind == .directory ? try files(below: child) : [child]
        }
    }

    /// Sees to it that there is nothing at the path: what the layers below have there doesn't come to light, and what
    /// the layer says is gone stays gone.
    func remove(_ path: String) throws {
        guard let location = location(path), Files.exists(location), !Self.isWhiteout(location) else {
            return
        }
        try Files.remove(location)
        guard below.lookup(path) != nil, try !isBelowOpaque(path) else { return }
        guard mknod(location.string, S_IFCHR, 0) == 0 else { throw SystemError.last("hide \(location)") }
    }

    /// Whether what the layers below have at the path is seen: the layer neither has something there itself nor hides it.
    func showsFromBelow(_ path: String) throws -> Bool {
        guard below.lookup(path) != nil, facts(path) == nil else { return false }
        return try !isBelowOpaque(path)
    }

    /// What overlayfs leaves of a file that was removed from the layers below: a character device of number 0/0.
    private static func isWhiteout(_ location: FilePath) -> Bool {
        var info = stat()
        return lstat(location.string, &info) == 0 && info.st_mode & S_IFMT == S_IFCHR && info.st_rdev == 0
    }

    /// Whether a folder above was made anew where the layers below have another: nothing of them shows there.
    private func isBelowOpaque(_ path: String) throws -> Bool {
        var folder = root
        for name in path.split(separator: "/").dropLast() {
            folder.append(String(name))
            // Below what the layer does not have it hides nothing; below what is no folder there is nothing of the lower ones.
            guard let kind = Files.facts(folder)?.kind else { return false }
            if try kind != .directory || Self.isOpaque(folder) { return true }
        }
        return false
    }

    private static func isOpaque(_ folder: FilePath) throws -> Bool {
        let descriptor = open(folder.string, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError.last("open \(folder)") }
        defer { close(descriptor) }
        let name = "trusted.overlay.opaque"
        let names = try ExtendedAttributes.names(of: descriptor, path: folder.string)
        guard names.contains(name) else { return false }
        let value = try ExtendedAttributes.value(name, of: descriptor, path: folder.string)
        return value == [UInt8(ascii: "y")]
    }

    /// Where a symlink points; nil for anything else.
    func linkTarget(_ path: String) throws -> String? {
        guard let location = location(path), Files.facts(location)?.kind == .symlink else { return nil }
        return try InputDigester.target(of: location)
    }

    /// Where a regular file is, or the one in the same folder that a link there leads to; nil for anything else.
    func file(_ path: String) throws -> FilePath? {
        guard let location = location(path), let facts = Files.facts(location) else { return nil }
        if facts.kind == .file { return location }
        guard let target = try linkTarget(path), !target.contains("/") else { return nil }
        let other = location.removingLastComponent().appending(target)
        return Files.facts(other)?.kind == .file ? other : nil
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

    /// Rewrites the files whose names end so, wherever they are; nil leaves one as it is. Their times stay, unless they
    /// are changed.
    func rewriteFiles(named suffix: String, _ change: (_ path: String, [UInt8]) throws -> [UInt8]?) throws {
        try rewriteFiles(named: suffix, below: "", change)
    }

    private func rewriteFiles(
        named suffix: String,
        below path: String,
        _ change: (_ path: String, [UInt8]) throws -> [UInt8]?
    ) throws {
        let folder = path.isEmpty ? root : root.pushing(FilePath(path))
        for name in try Files.list(folder) {
            let child = path.isEmpty ? name : path + "/" + name
            let kind = Files.facts(folder.appending(name))?.kind
            if kind == .directory {
                try rewriteFiles(named: suffix, below: child, change)
            } else if kind == .file, name.hasSuffix(suffix), let old = try bytes(child),
                let new = try change(child, old)
            {
                try rewrite(child, new)
            }
        }
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
