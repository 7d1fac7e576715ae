import KilnArchive
import KilnDefinition
import KilnOCI
import SystemPackage

/// Takes out of an image what an attacker inside would look for first, as a layer over it. Pure: what is below is known
/// from its index, and the few files whose content matters are handed in.
///
/// What it does is told to users in the guide; a change of it moves `BakeBehaviour.hardening`.
struct HardeningLayer {
    private let below: RootIndex
    private let hardening: HardeningDefinition
    private let manager: PackageManagerRemains?
    /// What goes, folders with all that they hold.
    private let removed: [String]
    private var items: [PathKey: LayerItem] = [:]

    /// The content of a file below: where it was put, and its digest.
    typealias Contents = [PathKey: (path: FilePath, digest: Digest)]

    private static let loginDefinitions = "etc/login.defs"

    init(below: RootIndex, hardening: HardeningDefinition) {
        self.below = below
        self.hardening = hardening
        manager = hardening.packageManager == .remove ? PackageManagerRemains(below) : nil
        removed = ScheduledJobs.leftovers(in: below)
    }

    /// The paths whose content `items` needs.
    var wanted: [String] {
        var wanted = changedFiles.filter { $0.names[0] == $0.entry.path }.map(\.entry.path)
        if below.lookup(Self.loginDefinitions)?.digest != nil { wanted.append(Self.loginDefinitions) }
        return wanted + (manager?.wanted ?? [])
    }

    /// The items of the layer, sorted as a layer's tar is; none when there is nothing to take out.
    func items(_ contents: Contents, text: (FilePath) throws -> String) throws -> [LayerItem] {
        var layer = self
        let gone = Removal(try removed + (manager?.removed(contents, text: text) ?? []), from: below)
        for path in gone.paths { layer.put(LayerItem(whiteoutOf: path), at: path) }
        try layer.placeAccounts()
        try layer.placeLoginDefinitions(contents, text)
        if let manager, let status = try manager.status(contents, text: text) {
            layer.rewrite(PackageManagerRemains.status, status)
        }
        try layer.placeChangedFiles(contents, without: gone)
        layer.placeFolders(without: gone)
        return layer.items.values.sorted { EntryPath.precedes($0.entry.path, $1.entry.path) }
    }

    // MARK: Modes

    private struct ChangedFile {
        let entry: LayerIndex.Entry
        /// All names of the same file, sorted; the entry's own is one of them.
        let names: [String]
    }

    /// Every name of a file that is privileged or everybody's to write.
    private var changedFiles: [ChangedFile] {
        let files = below.entries.filter { $0.digest != nil }
        let groups = Dictionary(grouping: files) { PathKey(below.original(of: $0)) }
        let kept = Set(hardening.keptSetuid.compactMap { below.realPath($0).map { PathKey($0) } })
        return groups.values.flatMap { group -> [ChangedFile] in
            let isKept = group.contains { kept.contains(PathKey($0.path)) }
            guard group.contains(where: { $0.hardened(keepingPrivileges: isKept) != $0 }) else { return [] }
            let names = group.map(\.path).sorted(by: EntryPath.precedes)
            // An index keeps the attributes of a file with one of its names, and they are of all.
            let original = group.first { if case .file = $0.kind { true } else { false } } ?? group[0]
            return names.map { ChangedFile(entry: original.called($0), names: names) }
        }
        .sorted { EntryPath.precedes($0.entry.path, $1.entry.path) }
    }

    private mutating func placeChangedFiles(_ contents: Contents, without gone: Removal) throws {
        let kept = Set(hardening.keptSetuid.compactMap { below.realPath($0).map { PathKey($0) } })
        for file in changedFiles where !gone.covers(file.entry.path) {
            let names = file.names.filter { !gone.covers($0) }
            let isKept = file.names.contains { kept.contains(PathKey($0)) }
            let changed = file.entry.hardened(keepingPrivileges: isKept)
            var item = LayerItem(entry: TarEntry(changed))
            let key = PathKey(file.entry.path)
            if names[0] != file.entry.path {
                item.entry.kind = .hardlink(target: names[0])
            } else if let known = items[key] {
                // Its text changes as well.
                item.entry.kind = known.entry.kind
                item.content = known.content
            } else {
                guard let content = contents[PathKey(file.names[0])] else { throw BakeError.missingIndex() }
                item.entry.kind = .file(size: changed.size)
                item.content = .file(content.path, content.digest)
            }
            put(item, at: file.entry.path)
        }
        for pipe in below.entries
        where pipe.kind == .fifo && pipe.mode & 0o002 != 0 && !gone.covers(pipe.path) {
            put(LayerItem(entry: TarEntry(pipe.hardened(keepingPrivileges: true))), at: pipe.path)
        }
    }

    /// A folder that everybody may write to lets nobody take away what is another's.
    private mutating func placeFolders(without gone: Removal) {
        for folder in below.entries where folder.isDirectory && !gone.covers(folder.path) {
            if folder.hardened(keepingPrivileges: true) != folder { putFolder(folder.path) }
        }
    }

    // MARK: Texts

    private mutating func placeAccounts() throws {
        let accounts = try AccountFiles(of: below)
        let locked = accounts.locked
        for (path, before, after) in [
            ("etc/passwd", accounts.passwd, locked.passwd), ("etc/group", accounts.group, locked.group),
            ("etc/shadow", accounts.shadow, locked.shadow), ("etc/gshadow", accounts.gshadow, locked.gshadow),
        ] where before != after { rewrite(path, after) }
    }

    /// What `useradd` and PAM give new files and homes: nothing for others.
    private mutating func placeLoginDefinitions(
        _ contents: Contents,
        _ text: (FilePath) throws -> String
    ) throws {
        guard let content = contents[PathKey(Self.loginDefinitions)] else { return }
        let before = try text(content.path)
        let after = LoginDefinitions.withStrictMask(before)
        if before != after { rewrite(Self.loginDefinitions, after) }
    }

    private mutating func rewrite(_ path: String, _ text: String) {
        guard let entry = below.lookup(path) else { return }
        var item = LayerItem(entry: TarEntry(entry))
        let bytes = Array(text.utf8)
        item.entry.kind = .file(size: Int64(bytes.count))
        item.content = .bytes(bytes)
        put(item, at: path)
    }

    // MARK: The layer

    /// With the folders above it, since in an overlay the topmost layer's folder decides mode and owner.
    private mutating func put(_ item: LayerItem, at path: String) {
        items[PathKey(item.entry.path)] = item
        putFolder(ImagePath.split(path).parent)
    }

    private mutating func putFolder(_ path: String) {
        let key = PathKey(path)
        guard items[key] == nil else { return }
        if let folder = below.lookup(path), folder.isDirectory {
            items[key] = LayerItem(entry: TarEntry(folder.hardened(keepingPrivileges: true)))
        }
        if !path.isEmpty { putFolder(ImagePath.split(path).parent) }
    }
}

/// Paths that go, each once and none below another.
private struct Removal {
    let paths: [String]

    init(_ wanted: [String], from below: RootIndex) {
        var paths: [String] = []
        for path in wanted.sorted(by: EntryPath.precedes) where below.lookup(path) != nil {
            if let last = paths.last, EntryPath.isAt(path, orBelow: last) { continue }
            paths.append(path)
        }
        self.paths = paths
    }

    func covers(_ path: String) -> Bool {
        paths.contains { EntryPath.isAt(path, orBelow: $0) }
    }
}

extension LayerItem {
    /// Says that what the layers below have at the path is gone.
    init(whiteoutOf path: String) {
        self.init(entry: TarEntry(whiteoutOf: path))
    }
}

extension TarEntry {
    /// The entry as it is, but for a file's content.
    init(_ entry: LayerIndex.Entry) {
        let kind: Kind =
            switch entry.kind {
            case .file(let size, _), .hardlink(_, let size, _): .file(size: size)
            case .directory: .directory
            case .symlink(let target): .symlink(target: target)
            case .characterDevice(let major, let minor): .characterDevice(major: major, minor: minor)
            case .blockDevice(let major, let minor): .blockDevice(major: major, minor: minor)
            case .fifo: .fifo
            }
        self.init(
            path: entry.path,
            kind: kind,
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
            mtime: entry.mtime,
            xattrs: entry.xattrs
        )
    }
}

extension RootIndex {
    /// The name under which the entry's file came into its layer, as long as that is the same file.
    fileprivate func original(of entry: LayerIndex.Entry) -> String {
        guard case .hardlink(let target, _, let digest) = entry.kind, let other = lookup(target),
            other.digest == digest, other.mode == entry.mode, other.uid == entry.uid, other.gid == entry.gid
        else { return entry.path }
        return target
    }
}

extension LayerIndex.Entry {
    private static let capability = "security.capability"

    /// The same file under another of its names.
    fileprivate func called(_ name: String) -> LayerIndex.Entry {
        LayerIndex.Entry(path: name, kind: kind, mode: mode, uid: uid, gid: gid, mtime: mtime, xattrs: xattrs)
    }

    /// The entry without privileges for whoever runs it, and not everybody's to write. A folder keeps its group's bit,
    /// which hands down a group and no right.
    fileprivate func hardened(keepingPrivileges: Bool) -> LayerIndex.Entry {
        var mode = mode
        var xattrs = xattrs
        switch kind {
        case .file, .hardlink:
            mode &= ~0o002
            guard !keepingPrivileges else { break }
            mode &= ~0o6000
            xattrs[Self.capability] = nil
        case .fifo: mode &= ~0o002
        case .directory: if mode & 0o002 != 0 { mode |= 0o1000 }
        case .symlink, .characterDevice, .blockDevice: break
        }
        return LayerIndex.Entry(
            path: path,
            kind: kind,
            mode: mode,
            uid: uid,
            gid: gid,
            mtime: mtime,
            xattrs: xattrs
        )
    }
}
