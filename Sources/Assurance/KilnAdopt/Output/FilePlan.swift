import KilnArchive

/// How the definition brings what was copied: as `files` where it can say all of it, by a script where it cannot. Pure.
struct FilePlan: Sendable {
    /// An entry of `files`.
    struct Entry: Sendable, Hashable {
        /// From the server's root; the source is the same path below `files/`.
        var path: String
        var owner: String
        /// Of a single file that has another than copying gives.
        var mode: UInt32?
        var why: String
        /// Of a folder: what is in it.
        var tally: Tally?
    }

    private(set) var entries: [Entry] = []
    private(set) var script = ArrangeScript()
    /// Links that lie in folders which are copied as a whole.
    private(set) var links: [(path: String, target: String)] = []
    /// Other names of written files, whose content the source did not give: path and first name.
    private(set) var names: [(path: String, first: String)] = []

    private let accounts: ServerAccounts
    private var wholes: [String: Whole] = [:]

    private struct Whole {
        var members: [CopiedEntry] = []
        var owners: [UInt32: Int] = [:]
        var why: String
    }

    init(_ copied: [CopiedEntry], _ changes: [MetadataChange], _ accounts: ServerAccounts) {
        self.accounts = accounts
        let sorted = copied.sorted { EntryPath.precedes($0.node.path, $1.node.path) }
        for entry in sorted where entry.node.isDirectory { open(entry) }
        let written = Set(sorted.filter(\.isWritten).map(\.node.path))
        for entry in sorted {
            if let root = whole(of: entry.node.path) {
                join(entry, root, written)
            } else if !entry.node.isDirectory {
                addSingle(entry, written)
            }
        }
        for (root, whole) in wholes.sorted(by: { EntryPath.precedes($0.key, $1.key) }) { close(root, whole) }
        for change in changes { script.set(change.node, accounts, why: change.why) }
        entries.sort { EntryPath.precedes($0.path, $1.path) }
    }

    mutating func begin(_ command: String, why: String) { script.begin(command, why: why) }

    mutating func end(_ command: String, why: String) { script.end(command, why: why) }

    mutating func remove(_ missing: [(path: String, package: String)]) { script.remove(missing) }

    private mutating func open(_ entry: CopiedEntry) {
        let path = entry.node.path
        guard whole(of: path) == nil, !KnownPlaces.isContainer(path),
            !path.hasPrefix("usr/local/lib/python"),
            EntryPath.split(path).parent != "home"
        else { return }
        wholes[path] = Whole(why: entry.why)
    }

    private func whole(of path: String) -> String? {
        var place = path
        while !place.isEmpty {
            if wholes[place] != nil { return place }
            place = EntryPath.split(place).parent
        }
        return nil
    }

    private mutating func join(_ entry: CopiedEntry, _ root: String, _ written: Set<String>) {
        var entry = entry
        switch entry.node.kind {
        case .symlink(let target): links.append((path: entry.node.path, target: target))
        case .file where !entry.isWritten:
            guard let first = entry.node.linkedTo else { return }
            if written.contains(first) {
                names.append((path: entry.node.path, first: first))
                entry.isWritten = true
            } else {
                script.link(entry.node, to: first)
            }
        case .fifo: script.makePipe(entry.node, accounts)
        default: break
        }
        wholes[root]?.members.append(entry)
        if !entry.node.isDirectory { wholes[root]?.owners[entry.node.uid, default: 0] += 1 }
    }

    private mutating func close(_ root: String, _ whole: Whole) {
        let contents = whole.members.filter { !$0.node.isDirectory }
        guard !contents.isEmpty else {
            // Folders alone: the script makes them, since version control keeps none.
            for member in whole.members { script.makeFolder(member.node, accounts) }
            return
        }
        let most = whole.owners.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? 0
        var tally = Tally()
        for member in contents { tally.add(member.node) }
        entries.append(Entry(path: root, owner: accounts.name(most), mode: nil, why: whole.why, tally: tally))
        for member in whole.members { settle(member, owner: most) }
    }

    /// What the entry for the whole folder does not give a member.
    private mutating func settle(_ member: CopiedEntry, owner: UInt32) {
        let node = member.node
        let isRight = node.uid == owner && accounts.groupName(node.gid) == accounts.imageGroup(ofOwner: owner)
        switch node.kind {
        case .symlink:
            if !isRight { script.set(owner: node, accounts) }
        case .file where member.isWritten, .directory:
            let plain: UInt32 = node.isDirectory || node.mode & 0o100 != 0 ? 0o755 : 0o644
            if !isRight { script.set(owner: node, accounts) }
            // A change of owner takes setuid bits away, so that the mode comes after it.
            if node.mode != plain { script.set(mode: node) }
        default: break
        }
    }

    private mutating func addSingle(_ entry: CopiedEntry, _ written: Set<String>) {
        let node = entry.node
        switch node.kind {
        case .symlink(let target): script.link(node, to: target, accounts, why: entry.why)
        case .fifo: script.makePipe(node, accounts)
        case .file:
            guard entry.isWritten || node.linkedTo.map({ written.contains($0) }) == true else {
                if let first = node.linkedTo { script.link(node, to: first) }
                return
            }
            if !entry.isWritten, let first = node.linkedTo { names.append((path: node.path, first: first)) }
            let plain: UInt32 = node.mode & 0o100 != 0 ? 0o755 : 0o644
            entries.append(
                Entry(
                    path: node.path,
                    owner: accounts.name(node.uid),
                    mode: node.mode == plain ? nil : node.mode,
                    why: entry.why,
                    tally: nil
                )
            )
            if accounts.groupName(node.gid) != accounts.imageGroup(ofOwner: node.uid) {
                script.set(owner: node, accounts)
                if node.mode & 0o6000 != 0 { script.set(mode: node) }
            }
        default: break
        }
    }
}
