import Glibc
import KilnDrift
import KilnFleet
import KilnOCI
import KilnSystem
import SystemPackage

/// Compares what an instance wrote to its root with the sealed image below, entry by entry and byte by byte: neither times nor
/// sizes nor what anybody recorded are believed. Costs what was changed, whatever the size of the image.
struct UpperWalk {
    /// So many findings say that an instance is another; more would only fill memory. What is let pass counts apart, so that nothing
    /// hides behind it.
    static let findingLimit = 1000
    var letPassLimit = 10_000
    private static let changedLimit = 100_000
    private static let depthLimit = 256
    private static let here: [CChar] = [CChar(UInt8(ascii: ".")), 0]

    let instance: InstanceID
    /// Where changes go, and the image as one read-only tree.
    let changes: FilePath
    let sealed: FilePath
    let rules: DriftRules

    private(set) var findings: [DriftFinding] = []
    /// Files that are not the image's, whatever becomes of that.
    private(set) var changedFiles: Set<String> = []
    private var isFull = false
    private var harmful = 0
    private var letPass = 0

    init(instance: InstanceID, changes: FilePath, sealed: FilePath, rules: DriftRules) {
        self.instance = instance
        self.changes = changes
        self.sealed = sealed
        self.rules = rules
    }

    mutating func walk() throws {
        let upper = try Self.open(changes)
        defer { close(upper) }
        let below = try Self.open(sealed)
        defer { close(below) }
        if let node = UpperNode(Self.here, in: upper), let known = UpperNode(Self.here, in: below) {
            compareMetadata(node, known, "/")
        }
        try walk(upper, below, "", depth: 0)
    }

    private mutating func walk(_ upper: Int32, _ below: Int32?, _ path: String, depth: Int) throws {
        guard depth < Self.depthLimit else {
            return add(.fileAdded, path, "folders lie in one another more than \(Self.depthLimit) deep")
        }
        for name in try Self.names(in: upper, changes).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            if isFull { return }
            // It went meanwhile.
            guard let node = UpperNode(name, in: upper) else { continue }
            let text = name.dropLast().map { UInt8(bitPattern: $0) }
            let child = path + "/" + String(decoding: text, as: UTF8.self)
            let known = below.flatMap { UpperNode(name, in: $0) }
            compare(node, known, child, name, upper, below)
            if node.kind == .directory { try descend(name, node, known, upper, below, child, depth) }
        }
    }

    private mutating func descend(
        _ name: [CChar],
        _ node: UpperNode,
        _ known: UpperNode?,
        _ upper: Int32,
        _ below: Int32?,
        _ path: String,
        _ depth: Int
    ) throws {
        let folder = openat(upper, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { return }
        defer { close(folder) }
        var other: Int32?
        if let below, known?.kind == .directory {
            let descriptor = openat(below, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            if descriptor >= 0 { other = descriptor }
        }
        defer { if let other { close(other) } }
        if node.isOpaque, let other { try hidden(by: folder, other, path, node) }
        try walk(folder, other, path, depth: depth + 1)
    }

    /// Of an opaque folder nothing of the image shows: what is not there again is gone.
    private mutating func hidden(by folder: Int32, _ sealed: Int32, _ path: String, _ node: UpperNode) throws
    {
        for name in try Self.names(in: sealed, self.sealed)
        where UpperNode(name, in: folder) == nil {
            let text = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            add(
                .fileRemoved,
                "\(path)/\(text)",
                "is gone: its folder was replaced as a whole",
                before: UpperNode(name, in: sealed)?.words,
                since: node.changed
            )
        }
    }

    private mutating func compare(
        _ node: UpperNode,
        _ known: UpperNode?,
        _ path: String,
        _ name: [CChar],
        _ upper: Int32,
        _ below: Int32?
    ) {
        if !node.overlayTricks.isEmpty {
            let detail = "shows another file's content, by \(node.overlayTricks.joined(separator: ", "))"
            return add(.fileChanged, path, detail, since: node.changed)
        }
        guard let known else {
            // Made and removed again.
            if node.isWhiteout { return }
            let detail = "\(node.words), \(node.ownership), not in the image"
            return add(.fileAdded, path, detail, after: node.words, since: node.changed)
        }
        if node.isWhiteout {
            return add(.fileRemoved, path, "is gone", before: known.words, since: node.changed)
        }
        switch (node.kind, known.kind) {
        case (.file, .file) where rules.allows(path):
            add(.fileChanged, path, "was written to", since: node.changed)
        case (.file, .file):
            if let detail = content(name, upper, below, node, known, path) { return add(detail) }
            compareMetadata(node, known, path)
        case (let kind, let old) where kind != old:
            add(
                .fileChanged,
                path,
                "is a \(node.words), was a \(known.words)",
                before: known.words,
                after: node.words,
                since: node.changed
            )
        default: compareMetadata(node, known, path)
        }
    }

    private mutating func compareMetadata(_ node: UpperNode, _ known: UpperNode, _ path: String) {
        let differences = node.metadataDifferences(from: known)
        if !differences.isEmpty {
            return add(
                .fileMetadata,
                path,
                differences.joined(separator: ", "),
                before: known.ownership,
                after: node.ownership,
                since: node.changed
            )
        }
        // A folder is taken up with whatever changes in it.
        guard case .file = node.kind else { return }
        let isTouched = node.modified != known.modified
        let detail =
            isTouched ? "has another time, and is the same" : "was opened to be written, and is the same"
        add(.fileChanged, path, detail, since: node.changed, weight: .noise)
    }

    /// nil when every byte is the image's.
    private func content(
        _ name: [CChar],
        _ upper: Int32,
        _ below: Int32?,
        _ node: UpperNode,
        _ known: UpperNode,
        _ path: String
    ) -> DriftFinding? {
        guard let below else { return nil }
        let comparison = ContentComparison(name, upper: upper, sealed: below)
        guard let difference = comparison.difference() else { return nil }
        let also = node.metadataDifferences(from: known).map { ", \($0)" }.joined()
        var finding = DriftFinding(
            .fileChanged,
            instance: instance,
            subject: path,
            detail: "has other content\(also)",
            before: difference.before,
            after: difference.after
        )
        finding.diff = difference.text
        finding.since = node.changed
        return finding
    }

    private mutating func add(
        _ kind: DriftFinding.Kind,
        _ path: String,
        _ detail: String,
        before: String? = nil,
        after: String? = nil,
        since: Int64? = nil,
        weight: DriftFinding.Weight = .harmful
    ) {
        var finding = DriftFinding(
            kind,
            instance: instance,
            subject: path,
            detail: detail,
            before: before,
            after: after
        )
        finding.since = since
        finding.weight = weight
        add(finding)
    }

    private mutating func add(_ finding: DriftFinding) {
        if isFull { return }
        let isChange = finding.kind != .fileRemoved && finding.weight != .noise
        if isChange, changedFiles.count < Self.changedLimit { changedFiles.insert(finding.subject) }
        guard finding.weight == .noise || rules.letsPass(finding.subject) else {
            harmful += 1
            isFull = harmful > Self.findingLimit
            return findings.append(isFull ? rest(finding, Self.findingLimit) : finding)
        }
        letPass += 1
        if letPass <= letPassLimit { return findings.append(finding) }
        guard letPass == letPassLimit + 1 else { return }
        var rest = rest(finding, letPassLimit)
        rest.weight = .noise
        findings.append(rest)
    }

    /// In the place of all that would follow, and as harmful or not as the first of it.
    private func rest(_ finding: DriftFinding, _ limit: Int) -> DriftFinding {
        DriftFinding(
            finding.kind,
            instance: instance,
            subject: finding.subject,
            detail: "more than \(limit) files differ; the rest is not listed"
        )
    }

    private static func names(in folder: Int32, _ path: FilePath) throws -> [[CChar]] {
        try Files.names(in: folder, at: path) { Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1)) }
    }

    private static func open(_ folder: FilePath) throws -> Int32 {
        let descriptor = Glibc.open(folder.string, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError.last("open \(folder)") }
        return descriptor
    }
}
