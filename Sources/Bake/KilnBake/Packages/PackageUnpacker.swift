import Glibc
import KilnArchive
import KilnSystem
import SystemPackage

/// Lays out a package's files in a root, as `dpkg --unpack` would: configuration files beside their place, folders
/// that are there left alone.
struct PackageUnpacker {
    private var paths: RootPaths
    private let conffiles: Set<PathKey>
    private(set) var result = UnpackedPackage()

    init(root: FilePath, conffiles: [String]) {
        paths = RootPaths(root: root)
        self.conffiles = Set(conffiles.map { PathKey($0) })
    }

    /// Blocks. Throws `PackageDisagreement` where another package's files may be in the way.
    mutating func unpack(_ reader: inout TarReader) throws {
        while let entry = try reader.next() {
            try Blocking.checkCancellation()
            try place(entry, &reader)
        }
    }

    private mutating func place(_ entry: TarEntry, _ reader: inout TarReader) throws {
        result.list.append("/" + (entry.path.isEmpty ? "." : entry.path))
        guard !entry.path.isEmpty else { return }
        let real = try real(entry.path)
        let location = location(of: entry.path, real)
        switch entry.kind {
        case .directory: return try placeFolder(entry, real, location)
        case .file:
            try clear(location)
            try write(entry, to: location, &reader)
        case .symlink(let target):
            // Merged /usr as a package brings it stays: others are unpacked through these very links meanwhile.
            if (try? InputDigester.target(of: location)) != target {
                try clear(location)
                guard symlink(target, location.string) == 0 else {
                    throw PackageDisagreement.last("link \(location)")
                }
            }
            guard lchown(location.string, entry.uid, entry.gid) == 0 else {
                throw PackageDisagreement.last("link \(location)")
            }
            try setTime(entry, AT_FDCWD, location)
        case .hardlink(let target):
            try clear(location)
            let original = self.location(of: target, try self.real(target))
            guard link(original.string, location.string) == 0 else {
                throw PackageDisagreement.last("link \(location) to \(original)")
            }
        case .characterDevice, .blockDevice, .fifo:
            throw ArchiveError(.deviceRefused, path: entry.path)
        }
        result.files.insert(PathKey(real))
    }

    /// The real path of an entry; its last name is not followed.
    private mutating func real(_ path: String) throws -> String {
        let (parent, name) = ImagePath.split(path)
        let above = try folder(parent)
        return above.isEmpty ? name : above + "/" + name
    }

    /// Where a folder really is; made when no package before brought it.
    private mutating func folder(_ path: String) throws -> String {
        do {
            return try paths.folder(path) { try Self.makeFolder($0, mode: 0o755, uid: 0, gid: 0) }
        } catch let error as SystemError {
            throw PackageDisagreement.of(error)
        }
    }

    private func location(of path: String, _ real: String) -> FilePath {
        paths.location(conffiles.contains(PathKey("/" + path)) ? real + ".dpkg-new" : real)
    }

    /// The first package that brings a folder decides on it; a link to a folder stays one.
    private mutating func placeFolder(_ entry: TarEntry, _ real: String, _ location: FilePath) throws {
        result.folders[PathKey(real)] = UnpackedPackage.Folder(
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid
        )
        if !Files.exists(location) {
            try Self.makeFolder(location, mode: entry.mode, uid: entry.uid, gid: entry.gid)
        }
        _ = try folder(entry.path)
    }

    private static func makeFolder(_ location: FilePath, mode: UInt32, uid: UInt32, gid: UInt32) throws {
        if mkdir(location.string, 0o700) != 0 {
            // Another package's unpacking was quicker.
            if errno == EEXIST, Files.facts(location)?.kind == .directory { return }
            throw PackageDisagreement.last("create directory \(location)")
        }
        guard chown(location.string, uid, gid) == 0, chmod(location.string, mode_t(mode)) == 0 else {
            throw PackageDisagreement.last("create directory \(location)")
        }
    }

    private func clear(_ location: FilePath) throws {
        guard unlink(location.string) == 0 || errno == ENOENT else {
            throw PackageDisagreement.last("replace \(location)")
        }
    }

    private func write(_ entry: TarEntry, to location: FilePath, _ reader: inout TarReader) throws {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let descriptor = open(location.string, flags, 0o600)
        guard descriptor >= 0 else { throw PackageDisagreement.last("create \(location)") }
        defer { close(descriptor) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        while case let count = try reader.read(into: buffer), count > 0 {
            _ = try FileDescriptor(rawValue: descriptor)
                .writeAll(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        guard fchown(descriptor, entry.uid, entry.gid) == 0, fchmod(descriptor, mode_t(entry.mode)) == 0
        else {
            throw SystemError.last("set the mode of \(location)")
        }
        try setTime(entry, descriptor, nil)
    }

    private func setTime(_ entry: TarEntry, _ descriptor: Int32, _ location: FilePath?) throws {
        let times = [timespec](repeating: timespec(tv_sec: Int(entry.mtime), tv_nsec: 0), count: 2)
        let status =
            if let location {
                utimensat(descriptor, location.string, times, AT_SYMLINK_NOFOLLOW)
            } else {
                futimens(descriptor, times)
            }
        guard status == 0 else { throw PackageDisagreement.last("set the time of /\(entry.path)") }
    }
}

/// What a package's unpacking laid out.
struct UnpackedPackage: Sendable, Hashable {
    struct Folder: Sendable, Hashable {
        let mode: UInt32
        let uid: UInt32
        let gid: UInt32
    }

    /// As dpkg's list of the package's files has it.
    var list: [String] = []
    /// Real paths of all that is no folder.
    var files: Set<PathKey> = []
    /// By real path.
    var folders: [PathKey: Folder] = [:]

    /// Whether the order of unpacking would show: a file that two bring, a folder that they want differently. Then
    /// dpkg has to decide, by Replaces and its other rules.
    static func disagree(_ packages: [UnpackedPackage]) -> Bool {
        var files: Set<PathKey> = []
        var folders: [PathKey: Folder] = [:]
        for package in packages {
            for file in package.files where !files.insert(file).inserted { return true }
            for (path, folder) in package.folders {
                if let other = folders[path], other != folder { return true }
                folders[path] = folder
            }
        }
        return !files.isDisjoint(with: folders.keys)
    }
}
