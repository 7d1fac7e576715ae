import CLinux
import Glibc
import KilnSystem
import SystemPackage

/// One archive on its way into a directory.
struct Extraction {
    private let options: LayerExtractor
    private let root: ExtractionRoot
    /// Set at the end: what is put into a folder moves its time, and its mode may forbid the putting.
    private var directories = DirectoryMetadata()
    /// Made at the end: they concern the layers below only, wherever in the archive they stand (OCI image spec, layer.md).
    private var whiteouts: [Whiteout] = []

    init(_ options: LayerExtractor, into directory: FilePath) throws {
        self.options = options
        root = try ExtractionRoot(directory)
        if options.form == .overlay { directories.imply("") }
    }

    mutating func place(_ entry: TarEntry, _ reader: inout TarReader) throws {
        if let overlay = entry.xattrs.keys.first(where: ExtendedAttributes.isOverlay) {
            throw ArchiveError(.overlayFeature(overlay), path: entry.path)
        }
        if let whiteout = try Whiteout(path: entry.path) { return try note(whiteout, entry) }
        if entry.kind == .directory { return try placeDirectory(entry) }
        guard !entry.path.isEmpty else { throw ArchiveError(.unsafePath, path: entry.path) }
        let (parent, name) = try parent(of: entry.path)
        switch entry.kind {
        case .directory: break
        case .file: try placeFile(entry, name, in: parent, &reader)
        case .symlink(let target):
            try root.clear(name, in: parent, entry.path)
            guard symlinkat(target, parent, name) == 0 else { throw failure("create", entry.path) }
            try setNodeMetadata(entry, name, in: parent)
        case .hardlink(let target): try link(entry.path, to: target)
        case .fifo: try makeNode(entry, S_IFIFO, 0, name, in: parent)
        case .characterDevice(let major, let minor):
            try makeNode(entry, S_IFCHR, gnu_dev_makedev(major, minor), name, in: parent)
        case .blockDevice(let major, let minor):
            try makeNode(entry, S_IFBLK, gnu_dev_makedev(major, minor), name, in: parent)
        }
    }

    /// Makes the whiteouts, then gives the folders their modes, owners and times, the deepest first.
    mutating func finish() throws {
        for whiteout in whiteouts { try apply(whiteout) }
        for entry in directories.deepestFirst {
            guard let descriptor = try folder(entry.path) else { continue }
            try setMetadata(entry, of: descriptor)
        }
    }

    /// nil where a later entry has taken the folder's place.
    private func folder(_ path: String) throws -> Int32? {
        do {
            return try root.directory(path)
        } catch let error as ArchiveError where error.reason == .notBelowDirectory {
            return nil
        }
    }

    private mutating func placeDirectory(_ entry: TarEntry) throws {
        if !entry.path.isEmpty {
            let (parent, name) = try parent(of: entry.path)
            var info = stat()
            let exists = fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) == 0
            if !exists || info.st_mode & S_IFMT != S_IFDIR {
                try root.clear(name, in: parent, entry.path)
                guard mkdirat(parent, name, 0o700) == 0 else { throw failure("create", entry.path) }
            }
        }
        directories.set(entry)
    }

    private mutating func placeFile(
        _ entry: TarEntry,
        _ name: String,
        in parent: Int32,
        _ reader: inout TarReader
    ) throws {
        try root.clear(name, in: parent, entry.path)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let descriptor = openat(parent, name, flags, 0o600)
        guard descriptor >= 0 else { throw failure("create", entry.path) }
        defer { close(descriptor) }
        try reader.readContent { piece in
            try Blocking.checkCancellation()
            var rest = piece
            while !rest.isEmpty {
                let written = write(descriptor, rest.baseAddress, rest.count)
                if written < 0, errno == EINTR { continue }
                guard written >= 0 else { throw failure("write", entry.path) }
                rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            }
        }
        try setMetadata(entry, of: descriptor)
    }

    private func link(_ path: String, to target: String) throws {
        let (directory, targetName) = try root.existingParent(of: target)
        defer { close(directory) }
        var info = stat()
        guard fstatat(directory, targetName, &info, AT_SYMLINK_NOFOLLOW) == 0,
            info.st_mode & S_IFMT != S_IFDIR
        else { throw ArchiveError(.danglingHardlink(target: target), path: path) }
        if EntryPath.isSame(path, target) { return }
        let (parent, name) = try root.parent(of: path) { _ in }
        try root.clear(name, in: parent, path)
        guard linkat(directory, targetName, parent, name, 0) == 0 else { throw failure("link", path) }
    }

    private func makeNode(
        _ entry: TarEntry,
        _ type: mode_t,
        _ device: dev_t,
        _ name: String,
        in parent: Int32
    ) throws {
        let isWhiteout = type == S_IFCHR && device == 0
        guard type == S_IFIFO || (options.allowsDevices && !isWhiteout) else {
            throw ArchiveError(.deviceRefused, path: entry.path)
        }
        try root.clear(name, in: parent, entry.path)
        guard mknodat(parent, name, type | 0o600, device) == 0 else { throw failure("create", entry.path) }
        guard fchmodat(parent, name, mode_t(entry.mode), 0) == 0 else { throw failure("change", entry.path) }
        try setNodeMetadata(entry, name, in: parent)
    }

    private mutating func note(_ whiteout: Whiteout, _ entry: TarEntry) throws {
        guard options.form == .overlay else { throw ArchiveError(.whiteoutRefused, path: entry.path) }
        // The folders above are made, or refused, where the archive names them.
        _ = try parent(of: entry.path)
        whiteouts.append(whiteout)
    }

    private func apply(_ whiteout: Whiteout) throws {
        switch whiteout {
        case .removed(let path):
            let (parent, name) = EntryPath.split(path)
            guard let directory = try folder(parent) else { return }
            var info = stat()
            if fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) == 0 {
                // What the layer itself brings stays; of what it covers only a folder would still show.
                if info.st_mode & S_IFMT == S_IFDIR { try hideBelow(path) }
                return
            }
            guard errno == ENOENT else { throw failure("look at", path) }
            guard mknodat(directory, name, S_IFCHR, 0) == 0 else { throw failure("create", path) }
            var times = [timespec(), timespec()]
            guard utimensat(directory, name, &times, AT_SYMLINK_NOFOLLOW) == 0 else {
                throw failure("change", path)
            }
        case .opaque(let path): try hideBelow(path)
        }
    }

    /// Nothing of the layers below shows in the folder.
    private func hideBelow(_ path: String) throws {
        guard let directory = try folder(path) else { return }
        try ExtendedAttributes.set(
            ExtendedAttributes.opaque,
            [UInt8(ascii: "y")],
            of: directory,
            path: path
        )
    }

    private mutating func parent(of path: String) throws -> (descriptor: Int32, name: String) {
        var implied: [String] = []
        let result = try root.parent(of: path) { implied.append($0) }
        for path in implied { directories.imply(path) }
        return result
    }

    /// Owner first: changing it takes away setuid bits and capabilities.
    private func setMetadata(_ entry: TarEntry, of descriptor: Int32) throws {
        if options.keepsOwners, fchown(descriptor, entry.uid, entry.gid) != 0 {
            throw failure("change the owner of", entry.path)
        }
        guard fchmod(descriptor, mode_t(entry.mode)) == 0 else { throw failure("change", entry.path) }
        for (name, value) in entry.xattrs where isSettable(name) {
            try ExtendedAttributes.set(name, value, of: descriptor, path: entry.path)
        }
        let times = [entry.time, entry.time]
        guard futimens(descriptor, times) == 0 else { throw failure("change the time of", entry.path) }
    }

    /// Of what cannot be opened: links, pipes, devices.
    private func setNodeMetadata(_ entry: TarEntry, _ name: String, in parent: Int32) throws {
        if options.keepsOwners,
            fchownat(parent, name, entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW) != 0
        {
            throw failure("change the owner of", entry.path)
        }
        let times = [entry.time, entry.time]
        guard utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw failure("change the time of", entry.path)
        }
    }

    private func isSettable(_ name: String) -> Bool {
        ExtendedAttributes.isKept(name) && (options.keepsOwners || name.hasPrefix("user."))
    }

    private func failure(_ action: String, _ path: String) -> SystemError {
        SystemError.last("\(action) \(root.path.appending(path))")
    }
}

/// The folders' entries, the last word on each counting.
private struct DirectoryMetadata {
    private var entries: [[UInt8]: TarEntry] = [:]

    /// A folder that the archive names only through what is in it.
    mutating func imply(_ path: String) {
        let key = Array(path.utf8)
        if entries[key] == nil { entries[key] = TarEntry(path: path, kind: .directory, mode: 0o755) }
    }

    mutating func set(_ entry: TarEntry) {
        entries[Array(entry.path.utf8)] = entry
    }

    var deepestFirst: [TarEntry] {
        entries.values.sorted { EntryPath.precedes($1.path, $0.path) }
    }
}

extension TarEntry {
    fileprivate var time: timespec { timespec(tv_sec: time_t(mtime), tv_nsec: 0) }
}
