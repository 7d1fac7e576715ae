import KilnArchive
import KilnDefinition
import KilnDiagnostics
import KilnOCI
import SystemPackage

/// Lays users and files over an image without mounting it: what is below is known from its index. Pure.
///
/// Every folder on the way to a file is in the layer too, as the image below has it, because in an overlay the
/// topmost layer's folder decides mode and owner.
struct FilesLayer {
    private let below: RootIndex
    private let epoch: Int64
    private let accounts: AccountFiles
    private let users: [AccountFiles.User]
    private var items: [PathKey: LayerItem] = [:]
    /// Where folders really are, by the path asked for.
    private var resolved: [PathKey: String] = [:]
    /// New folders that are there only because something is below them.
    private var implied: Set<PathKey> = []

    /// The items of the layer, sorted as a layer's tar is. `inputs` holds each file's source, by the path as written.
    /// `owners` are users that come with a layer above.
    static func items(
        below: RootIndex,
        users: [UserDefinition],
        owners: [UserDefinition] = [],
        files: [FileDefinition],
        inputs: [FilePath: InputTree],
        epochs: LayerEpochs
    ) throws -> [LayerItem] {
        var layer = try FilesLayer(below: below, adding: users + owners, epochs: epochs)
        if !users.isEmpty { try layer.placeAccounts() }
        for user in users { try layer.placeHome(of: user) }
        for file in files {
            guard let input = inputs[file.source] else {
                throw BakeError.missingInput(file.source, at: file.span)
            }
            try layer.place(file, input)
        }
        return layer.items.values.sorted { EntryPath.precedes($0.entry.path, $1.entry.path) }
    }

    private init(below: RootIndex, adding users: [UserDefinition], epochs: LayerEpochs) throws {
        self.below = below
        epoch = epochs.own
        accounts = try AccountFiles(of: below).adding(users, epoch: epochs.newest)
        self.users = try accounts.users()
    }

    private mutating func place(_ file: FileDefinition, _ input: InputTree) throws {
        let owner = try FileOwner(file.owner, in: users, at: file.span)
        for entry in input.entries {
            let target = entry.path.isEmpty ? file.target : file.target + "/" + entry.path
            switch entry.content {
            case .directory:
                _ = try directory(target, owner: owner, for: target, at: file.span)
            case .file(let digest, let size, let isExecutable):
                var item = LayerItem(
                    entry: new(.file(size: size), mode: file.mode ?? (isExecutable ? 0o755 : 0o644), owner)
                )
                item.content = .file(input.location(of: entry), digest)
                try put(item, at: target, at: file.span)
            case .symlink(let link):
                try put(
                    LayerItem(entry: new(.symlink(target: link), mode: 0o777, owner)),
                    at: target,
                    at: file.span
                )
            }
        }
    }

    private mutating func placeHome(of user: UserDefinition) throws {
        guard user.home != "/nonexistent", below.resolve(user.home) == nil else { return }
        let owner = FileOwner(uid: user.uid, gid: user.uid)
        _ = try directory(user.home, owner: owner, for: user.home, at: user.span)
    }

    private mutating func placeAccounts() throws {
        let shadowGroup = try accounts.groups().first { $0.name == "shadow" }?.gid
        let hidden: (UInt32, UInt32) = shadowGroup.map { (0o640, $0) } ?? (0o600, 0)
        try placeAccount("etc/passwd", accounts.passwd, mode: 0o644, gid: 0)
        try placeAccount("etc/group", accounts.group, mode: 0o644, gid: 0)
        try placeAccount("etc/shadow", accounts.shadow, mode: hidden.0, gid: hidden.1)
        try placeAccount("etc/gshadow", accounts.gshadow, mode: hidden.0, gid: hidden.1)
    }

    private mutating func placeAccount(_ path: String, _ text: String, mode: UInt32, gid: UInt32) throws {
        let bytes = Array(text.utf8)
        let known = below.lookup(path)
        let owner = FileOwner(uid: known?.uid ?? 0, gid: known?.gid ?? gid)
        var item = LayerItem(
            entry: new(.file(size: Int64(bytes.count)), mode: known?.mode ?? mode, owner)
        )
        item.content = .bytes(bytes)
        try put(item, at: path, at: nil)
    }

    private func new(_ kind: TarEntry.Kind, mode: UInt32, _ owner: FileOwner) -> TarEntry {
        TarEntry(path: "", kind: kind, mode: mode, uid: owner.uid, gid: owner.gid, mtime: epoch)
    }

    /// Puts a file or link; the last name itself is not followed, so that a link there is replaced.
    private mutating func put(_ item: LayerItem, at target: String, at span: SourceSpan?) throws {
        let (parent, name) = ImagePath.split(target)
        guard !name.isEmpty else { throw BakeError.badTarget(target, "it is a folder", at: span) }
        let folder = try directory(parent, owner: nil, for: target, at: span)
        let path = folder.isEmpty ? name : folder + "/" + name
        let key = PathKey(path)
        if items[key]?.entry.kind == .directory
            || (items[key] == nil && below.lookup(path)?.isDirectory == true)
        {
            throw BakeError.badTarget(target, "the image has a folder there", at: span)
        }
        var item = item
        item.entry.path = path
        items[key] = item
    }

    /// Makes sure that the layer has the folder and those above it, and gives its real path. `owner` owns the folder
    /// itself when it is new; nil is for one that is only on the way, and root's until it is asked for.
    private mutating func directory(
        _ path: String,
        owner: FileOwner?,
        for target: String,
        at span: SourceSpan?
    ) throws -> String {
        let wanted = ImagePath.normalized(path)
        if let known = resolved[PathKey(wanted)], owner == nil || !implied.contains(PathKey(known)) {
            return known
        }
        guard let real = below.realPath(wanted) else {
            throw BakeError.badTarget(target, "a folder above it is a file or a circle of links", at: span)
        }
        if !real.isEmpty {
            _ = try directory(ImagePath.split(real).parent, owner: nil, for: target, at: span)
            try putDirectory(real, owner: owner, for: target, at: span)
        } else if let root = below.lookup("") {
            items[""] = LayerItem(entry: TarEntry(directory: root))
        }
        resolved[PathKey(wanted)] = real
        return real
    }

    private mutating func putDirectory(
        _ path: String,
        owner: FileOwner?,
        for target: String,
        at span: SourceSpan?
    ) throws {
        let key = PathKey(path)
        if let item = items[key] {
            guard item.entry.kind == .directory else {
                throw BakeError.badTarget(target, "/\(path) is a file", at: span)
            }
            if let owner, implied.remove(key) != nil {
                items[key]?.entry.uid = owner.uid
                items[key]?.entry.gid = owner.gid
            }
        } else if let known = below.lookup(path) {
            guard known.isDirectory else {
                throw BakeError.badTarget(target, "/\(path) is a file in the image", at: span)
            }
            items[key] = LayerItem(entry: TarEntry(directory: known))
        } else {
            if owner == nil { implied.insert(key) }
            var entry = new(.directory, mode: 0o755, owner ?? .root)
            entry.path = path
            items[key] = LayerItem(entry: entry)
        }
    }
}

extension TarEntry {
    fileprivate init(directory entry: LayerIndex.Entry) {
        self.init(
            path: entry.path,
            kind: .directory,
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
            mtime: entry.mtime,
            xattrs: entry.xattrs
        )
    }
}

extension AccountFiles {
    /// As the layers' indexes kept them; files that the image lacks are empty.
    init(of root: RootIndex) throws {
        func text(_ path: String) throws -> String {
            if let bytes = root.content(of: path) { return String(decoding: bytes, as: UTF8.self) }
            guard root.lookup(path) == nil else {
                throw BakeError.malformedAccounts("/" + path, line: "it is too large, or no plain file")
            }
            return ""
        }
        self.init(
            passwd: try text("etc/passwd"),
            group: try text("etc/group"),
            shadow: try text("etc/shadow"),
            gshadow: try text("etc/gshadow")
        )
    }
}
