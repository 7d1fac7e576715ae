import KilnArchive
import KilnDiagnostics
import KilnInventory
import KilnSystem
import SystemPackage

/// Goes through all names of a server once, keeps account of each, and copies what the definition brings.
struct FileSorter: ServerVisitor {
    private(set) var classifier: Classifier
    private(set) var accounts = FileAccounts()
    /// Large packaged files that differ: what they hold is taken in a second round.
    private(set) var late: Set<String> = []
    private var places = CopiedPlaces()
    private let sieve = SecretSieve()
    private let tree: AdoptedTree
    private let metadata: MetadataRules
    var progress: (work: WorkID, receiver: (any ProgressReceiver)?)?
    private var bytes: Int64 = 0

    /// A file beyond this is not copied.
    static let largest: Int64 = 1 << 30

    init(_ classifier: Classifier, _ tree: AdoptedTree, _ metadata: MetadataRules) {
        self.classifier = classifier
        self.tree = tree
        self.metadata = metadata
    }

    func wants(_ node: ServerNode) -> Bool {
        // Another name of a file that is not needed says nothing.
        classifier.verdict(node).wantsContent && node.size <= Self.largest
    }

    mutating func take(_ node: ServerNode, _ content: ServerContent?) throws {
        accounts.names += 1
        bytes += node.bytes
        if accounts.names % 1024 == 0, let progress {
            progress.receiver?.receive(.advanced(progress.work, completed: bytes))
        }
        guard accounts.names <= FileAccounts.most else {
            throw AdoptError(.tooMany(FileAccounts.most), node.path)
        }
        classifier.see(node)
        let verdict = classifier.verdict(node)
        if let why = places.refusal(of: node, isCopied: verdict.wantsContent) {
            accounts.addMisplaced(node, why)
            return leave(node, .unexplained, why)
        }
        switch verdict {
        case .leave(let share, let why): leave(node, share, why)
        case .state(let folder): accounts.addState(node, folder)
        case .secret(let what):
            accounts.add(node, to: .secret)
            accounts.secrets.append(AdoptSecret(path: node.path, kind: "private-key", what: what))
        case .compare: try compare(node, content)
        case .copy(let why): try copy(node, content, why)
        }
    }

    /// What a package should own is looked at for what it should not be.
    private mutating func leave(_ node: ServerNode, _ share: Share, _ why: String) {
        accounts.add(node, to: share, why)
        if share == .unexplained { accounts.addUnexplained(node, why) }
        // What the image will not have cannot be changed there.
        guard share == .stock || share == .packages, !classifier.isOfDroppedPackage(node.path) else { return }
        if !node.attributes.isEmpty {
            accounts.addAttributes(node, isPackaged: classifier.givesCapabilities(node.path))
        }
        guard let change = metadata.change(node) else { return }
        accounts.changes.append(MetadataChange(node: node, why: change))
    }

    private mutating func compare(_ node: ServerNode, _ content: ServerContent?) throws {
        guard let content else {
            // Too large to be looked at, or not there to be: the archive's other names of a file.
            let why = node.size > Self.largest ? "larger than 1 GiB" : "its content is not there"
            leave(node, .unexplained, why)
            return
        }
        if node.size > SecretSieve.longest {
            var hasher = MD5Hasher()
            try content.forEachChunk { hasher.update($0) }
            let verdict = classifier.verdict(node, md5: hasher.finish())
            if case .copy = verdict { late.insert(node.path) } else { settle(node, verdict) }
            return
        }
        guard let bytes = try content.bytes(limit: SecretSieve.longest) else {
            return leave(node, .unexplained, "it grew while it was read")
        }
        let verdict = classifier.verdict(node, md5: MD5(of: bytes))
        if case .copy(let why) = verdict {
            try write(node, bytes, why)
        } else {
            // Of people's homes: a key is named even where nothing is taken.
            let found =
                node.path.hasPrefix("home/") || node.path.hasPrefix("root/")
                ? sieve.secrets(in: node.path, bytes) : []
            if found.isEmpty { settle(node, verdict) } else { hold(node, found) }
        }
    }

    private mutating func settle(_ node: ServerNode, _ verdict: Verdict) {
        if case .leave(let share, let why) = verdict { leave(node, share, why) }
    }

    private mutating func copy(_ node: ServerNode, _ content: ServerContent?, _ why: String) throws {
        guard Self.isWritable(node.path) else {
            return leave(node, .unexplained, "its name has control characters")
        }
        switch node.kind {
        case .directory:
            try tree.makeFolder(node.path)
            keep(node, why, isWritten: true)
        case .symlink, .fifo: keep(node, why, isWritten: false)
        case .socket, .device: leave(node, .unexplained, "no file")
        case .file:
            if AppFolders.isDatabase(node) {
                accounts.addState(node, node.path)
                return
            }
            if node.linkedTo != nil, content == nil { return keep(node, why, isWritten: false) }
            guard node.size <= Self.largest, let content else {
                return leave(
                    node,
                    .unexplained,
                    node.size > Self.largest
                        ? "larger than 1 GiB: bring it by downloads, or a volume"
                        : "it was not there to be read"
                )
            }
            if node.size > SecretSieve.longest {
                try tree.write(content, to: node)
                accounts.unsearched.append(node.path)
                return keep(node, why, isWritten: true)
            }
            guard let bytes = try content.bytes(limit: SecretSieve.longest) else {
                return leave(node, .unexplained, "it grew while it was read")
            }
            try write(node, bytes, why)
        }
    }

    /// Whether a definition can name it.
    private static func isWritable(_ path: String) -> Bool {
        !path.unicodeScalars.contains { $0.value < 32 || $0.value == 127 }
    }

    private mutating func write(_ node: ServerNode, _ bytes: [UInt8], _ why: String) throws {
        let secrets = sieve.secrets(in: node.path, bytes)
        guard secrets.isEmpty else { return hold(node, secrets) }
        try tree.write(ServerContent(bytes: bytes), to: node)
        if SingleFile.isModule(node.path, size: node.size) {
            accounts.addModules(SingleFile.modules(bytes, at: node.path), at: node.path)
        }
        keep(node, why, isWritten: true)
    }

    private mutating func hold(_ node: ServerNode, _ secrets: [AdoptSecret]) {
        accounts.add(node, to: .secret)
        accounts.secrets += secrets
        accounts.held[node.path] = node
    }

    private mutating func keep(_ node: ServerNode, _ why: String, isWritten: Bool) {
        accounts.add(node, to: .copied, why)
        if !node.attributes.isEmpty { accounts.addAttributes(node, isPackaged: false) }
        accounts.copied.append(CopiedEntry(node: node, why: why, isWritten: isWritten))
    }

    /// The second round: large files that differ from their packages.
    mutating func takeLate(_ source: any ServerSource) throws {
        guard !late.isEmpty else { return }
        var round = LateRound(paths: late, tree: tree)
        try source.visit(below: late.sorted(), &round)
        for node in round.taken {
            accounts.unsearched.append(node.path)
            keep(node, "differs from its package (md5)", isWritten: true)
        }
    }

    private struct LateRound: ServerVisitor {
        let paths: Set<String>
        let tree: AdoptedTree
        var taken: [ServerNode] = []

        func wants(_ node: ServerNode) -> Bool { paths.contains(node.path) }

        mutating func take(_ node: ServerNode, _ content: ServerContent?) throws {
            guard let content else { return }
            try tree.write(content, to: node)
            taken.append(node)
        }
    }
}
