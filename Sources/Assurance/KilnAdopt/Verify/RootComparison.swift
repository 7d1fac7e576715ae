package import KilnArchive
import KilnDiagnostics
import KilnOCI
import KilnSystem

/// What differs between a server and the image that its definition bakes, apart from what was left out on purpose.
package struct RootComparison: Sendable, ServerVisitor {
    package struct Difference: Sendable, Hashable, Encodable {
        package let path: String
        /// `content`, `mode`, `owner`, `link`, `kind`, `missing`, `extra`.
        package let what: String
        package let server: String?
        package let image: String?
    }

    /// A package of another version than the server's, or that only one of them has, which explains what differs in its files.
    package struct Moved: Sendable, Hashable, Encodable {
        package let package: String
        package let server: String?
        package let image: String?
        package var files: Int
    }

    package private(set) var differences: [Difference] = []
    package private(set) var moved: [Moved] = []
    /// Names that were held against each other.
    package private(set) var compared = 0

    private var classifier: Classifier
    private let adopted: Adopted
    private let image: RootIndex
    private let versions: [String: String]
    private let users: [UInt32: String]
    private let groups: [UInt32: String]
    private var seen: Set<String> = []
    private var movedFiles: [String: Int] = [:]
    /// Files of packages that only the image has.
    private var added: [String: String] = [:]

    /// `versions` are those of the baked packages, by name; `lists` the files of those in it that the server does not have.
    package init(
        _ adopted: Adopted,
        image: RootIndex,
        versions: [String: String],
        lists: [String: [String]]
    ) {
        classifier = Classifier(adopted.facts)
        self.adopted = adopted
        self.image = image
        self.versions = versions
        let passwd = AccountReader.users(image.content(of: "etc/passwd") ?? [])
        let group = AccountReader.groups(image.content(of: "etc/group") ?? [])
        users = Dictionary(passwd.map { ($0.uid, $0.name) }, uniquingKeysWith: { first, _ in first })
        groups = Dictionary(group.map { ($0.gid, $0.name) }, uniquingKeysWith: { first, _ in first })
        for (package, paths) in lists {
            for path in paths {
                let (parent, name) = EntryPath.split(String(path.drop { $0 == "/" }))
                added[EntryPath.join(image.realPath(parent) ?? parent, name)] = package
            }
        }
    }

    /// Packages of the image that the server does not have.
    package static func added(_ versions: [String: String], to adopted: Adopted) -> Set<String> {
        let installed = adopted.facts.choice.packages.filter { $0.state == .installed }
        return Set(versions.keys).subtracting(installed.map(\.name))
    }

    /// Blocks: run it inside `Blocking.run`.
    package mutating func run(_ source: any ServerSource) throws {
        try source.visit(below: nil, &self)
        addExtra()
        moved = movedFiles.sorted { $0.key < $1.key }.map { name, files in
            Moved(
                package: name,
                server: serverVersion(name),
                image: versions[name],
                files: files
            )
        }
        differences.sort { EntryPath.precedes($0.path, $1.path) }
    }

    private func serverVersion(_ name: String) -> String? {
        adopted.facts.choice.packages.first { $0.name == name }?.version
    }

    // MARK: - One name

    private enum Claim {
        /// Must be the same.
        case all
        /// Where the image has it, it should be the same: made by a tool.
        case content
        case nothing
    }

    private func claim(_ node: ServerNode) -> Claim {
        if adopted.accounts.held[node.path] != nil || adopted.accounts.misplaced[node.path] != nil
            || node.path.isEmpty
        {
            return .nothing
        }
        switch classifier.verdict(node) {
        // A package's folder for its caches is not all alike from one run to the next.
        case .leave(.stock, _) where node.isDirectory && KnownPlaces.noise(node.path) != nil: return .nothing
        case .leave(.stock, _), .leave(.packages, _), .compare: break
        case .copy:
            return node.kind == .file && AppFolders.isDatabase(node) || node.size > FileSorter.largest
                ? .nothing : .all
        case .leave(.noise, let why): return why.hasPrefix("made by") ? .content : .nothing
        case .leave, .state, .secret: return .nothing
        }
        if classifier.isOfDroppedPackage(node.path) { return .content }
        // A person's file, which was looked at and left.
        return classifier.owned.record(node.path) == nil ? .nothing : .all
    }

    private func entry(_ path: String) -> LayerIndex.Entry? {
        if let found = image.lookup(path) { return found }
        let (parent, name) = EntryPath.split(path)
        return image.realPath(parent).flatMap { image.lookup(EntryPath.join($0, name)) }
    }

    package func wants(_ node: ServerNode) -> Bool {
        guard node.kind == .file, let entry = entry(node.path), entry.size == node.size else { return false }
        if case .nothing = claim(node) { return false }
        return true
    }

    package mutating func take(_ node: ServerNode, _ content: ServerContent?) throws {
        classifier.see(node)
        seen.insert(node.path)
        let claim = claim(node)
        if case .nothing = claim { return }
        guard let entry = entry(node.path) else {
            if case .all = claim { add(node.path, "missing", Self.kind(node), nil) }
            return
        }
        compared += 1
        seen.insert(entry.path)
        guard let same = Self.isSameKind(node, entry), same else {
            return add(node.path, "kind", Self.kind(node), Self.kind(entry))
        }
        if node.kind == .file, node.linkedTo == nil || content != nil, try isOther(node, entry, content) {
            add(node.path, "content", Quantities.bytes(node.size), Quantities.bytes(entry.size))
        }
        if case .symlink(let target) = node.kind {
            if case .symlink(let other) = entry.kind, other != target {
                add(node.path, "link", target, other)
            }
        } else if node.mode != entry.mode {
            add(node.path, "mode", ArrangeScript.octal(node.mode), ArrangeScript.octal(entry.mode))
        }
        compareOwner(node, entry)
        compareCapability(node, entry)
    }

    private mutating func compareCapability(_ node: ServerNode, _ entry: LayerIndex.Entry) {
        guard node.kind == .file, node.linkedTo == nil else { return }
        let (server, image) = (
            node.attributes[FileCapability.attribute].map { FileCapability.text($0) ?? "damaged" },
            entry.xattrs[FileCapability.attribute].map { FileCapability.text($0) ?? "damaged" }
        )
        if server != image { add(node.path, "capability", server, image) }
    }

    private func isOther(
        _ node: ServerNode,
        _ entry: LayerIndex.Entry,
        _ content: ServerContent?
    ) throws -> Bool {
        guard let content else { return node.size != entry.size }
        var hasher = ContentHasher()
        try content.forEachChunk { hasher.update($0) }
        let digest: Digest = hasher.finish()
        return digest != entry.digest
    }

    private mutating func compareOwner(_ node: ServerNode, _ entry: LayerIndex.Entry) {
        let accounts = adopted.facts.accounts
        let server = "\(accounts.name(node.uid)):\(accounts.groupName(node.gid))"
        let image = "\(users[entry.uid] ?? String(entry.uid)):\(groups[entry.gid] ?? String(entry.gid))"
        if server != image { add(node.path, "owner", server, image) }
    }

    /// What a package of another version has differently is told once for the package.
    private mutating func add(_ path: String, _ what: String, _ server: String?, _ image: String?) {
        if let record = classifier.owned.record(path) {
            let package = classifier.owned.package(of: record)
            if what == "missing" || what == "content" || what == "kind" || what == "link",
                versions[package.name] != package.version
            {
                movedFiles[package.name, default: 0] += 1
                return
            }
        }
        differences.append(Difference(path: path, what: what, server: server, image: image))
    }

    // MARK: - The image's own

    private mutating func addExtra() {
        var last: String?
        for entry in image.entries where !seen.contains(entry.path) && !entry.path.isEmpty {
            // Below a folder that is extra as a whole.
            if let last, EntryPath.isAt(entry.path, orBelow: last) { continue }
            if isExpected(entry) { continue }
            if let package = added[entry.path] {
                if !entry.isDirectory { movedFiles[package, default: 0] += 1 }
                continue
            }
            if entry.isDirectory { last = entry.path }
            differences.append(
                Difference(path: entry.path, what: "extra", server: nil, image: Self.kind(entry))
            )
        }
    }

    /// What tools make in the image, what is in no place that was read, and mount points for state.
    private func isExpected(_ entry: LayerIndex.Entry) -> Bool {
        let path = entry.path
        if KnownPlaces.noise(path) != nil || KnownPlaces.isAccounts(path) || classifier.isUnread(path) {
            return true
        }
        // Of tzdata, where the server has none of it.
        if ["etc/localtime", "etc/timezone"].contains(path), serverVersion("tzdata") == nil { return true }
        if case .symlink(let target) = entry.kind,
            case .leave(.noise, _) = classifier.verdict(ServerNode(path, .symlink(target)))
        {
            return true
        }
        return adopted.accounts.state.keys.contains {
            EntryPath.isAt(path, orBelow: $0) || EntryPath.isAt($0, orBelow: path)
        }
    }

    private static func isSameKind(_ node: ServerNode, _ entry: LayerIndex.Entry) -> Bool? {
        kind(node) == kind(entry)
    }

    private static func kind(_ node: ServerNode) -> String {
        switch node.kind {
        case .file: "file"
        case .directory: "folder"
        case .symlink: "link"
        case .fifo: "pipe"
        case .socket: "socket"
        case .device: "device"
        }
    }

    private static func kind(_ entry: LayerIndex.Entry) -> String {
        switch entry.kind {
        case .file, .hardlink: "file"
        case .directory: "folder"
        case .symlink: "link"
        case .fifo: "pipe"
        case .characterDevice, .blockDevice: "device"
        }
    }
}
