import KilnArchive
package import KilnInventory

/// What the server's own records say, before its files are gone through: small texts, read once and kept.
package struct ServerSurvey: Sendable, ServerVisitor {
    /// Contents by path.
    private(set) var texts: [String: [UInt8]] = [:]
    /// Symlinks of the places that are looked at.
    private(set) var links: [String: String] = [:]
    /// What is there, of folders too.
    private(set) var folders: Set<String> = []
    package private(set) var notes: [AdoptNote] = []
    private var total = 0

    /// No record is longer; all together are not either.
    private static let longest = 64 << 20
    private static let most = 512 << 20

    /// Where records stand: databases, configuration, units, and the links that a merged `/usr` has at the top.
    private static let places = [
        "var/lib/dpkg", "var/lib/apt/extended_states", "var/lib/ucf/hashfile",
        "var/lib/systemd/deb-systemd-helper-enabled",
        "var/spool/cron/crontabs", "etc", "usr/lib/os-release", "usr/lib/systemd/system",
        "lib/systemd/system",
        "usr/local/lib/systemd/system", "usr/lib/sysusers.d", "usr/share/base-passwd", "usr/share/base-files",
        "usr/share/libc-bin", "usr/share/readline", "bin", "sbin", "lib", "lib32", "lib64", "libx32",
        "usr/share/keyrings",
    ]

    package init() {}

    package init(_ source: some ServerSource) throws {
        // Links at the top are of interest, and not what lies behind them.
        var survey = ServerSurvey()
        try source.visit(below: Self.places, &survey)
        self = survey
    }

    package func wants(_ node: ServerNode) -> Bool { Self.wants(node) }

    package mutating func take(_ node: ServerNode, _ content: ServerContent?) throws {
        switch node.kind {
        case .directory: folders.insert(node.path)
        case .symlink(let target) where Self.isRecord(node.path) || !node.path.contains("/"):
            links[node.path] = target
        case .file:
            guard let content, Self.wants(node) else {
                if let why = node.unreadable { notes.append(AdoptNote(path: node.path, text: why)) }
                return
            }
            guard total < Self.most, let bytes = try content.bytes(limit: Self.longest) else {
                return notes.append(AdoptNote(path: node.path, text: "it is too long to be read"))
            }
            total += bytes.count
            texts[node.path] = bytes
        default: break
        }
    }

    /// For tests: as if the server had this file.
    package mutating func add(_ path: String, _ text: String) {
        texts[path] = Array(text.utf8)
    }

    package mutating func add(_ path: String, linkTo target: String) {
        links[path] = target
    }

    private static func isRecord(_ path: String) -> Bool {
        places.contains { EntryPath.isAt(path, orBelow: $0) }
    }

    private static func wants(_ node: ServerNode) -> Bool {
        let path = node.path
        guard node.kind == .file, isRecord(path) else { return false }
        if path.hasPrefix("var/lib/dpkg/") { return wantsOfDpkg(path) }
        // Configuration is text, and rarely long.
        if path.hasPrefix("etc/") { return node.size <= 1 << 20 && !path.hasPrefix("etc/ssl/certs/") }
        if path.hasPrefix("bin/") || path.hasPrefix("sbin/") || path.hasPrefix("lib32/")
            || path.hasPrefix("lib64/")
        {
            return false
        }
        if path.hasPrefix("lib/") { return path.hasPrefix("lib/systemd/system/") && node.size <= 1 << 20 }
        if path.hasPrefix("usr/share/keyrings/") { return node.size <= 1 << 20 }
        return true
    }

    private static func wantsOfDpkg(_ path: String) -> Bool {
        let (folder, name) = EntryPath.split(path)
        switch folder {
        case "var/lib/dpkg": return ["status", "diversions", "statoverride"].contains(name)
        case "var/lib/dpkg/alternatives": return true
        case "var/lib/dpkg/info":
            return name.hasSuffix(".list") || name.hasSuffix(".md5sums") || name.hasSuffix(".postinst")
        default: return false
        }
    }

    // MARK: - What is asked

    /// A file or a link of the places that are looked at.
    func isThere(_ path: String) -> Bool { texts[path] != nil || links[path] != nil }

    func bytes(_ path: String) -> [UInt8]? { texts[path] }

    func text(_ path: String) -> String? { texts[path].map { String(decoding: $0, as: UTF8.self) } }

    /// Files right in the folder or further down, sorted.
    func paths(below folder: String) -> [String] {
        texts.keys.filter { $0.hasPrefix(folder + "/") }.sorted()
    }

    func links(below folder: String) -> [(path: String, target: String)] {
        links.filter { $0.key.hasPrefix(folder + "/") }.sorted { $0.key < $1.key }.map {
            (path: $0.key, target: $0.value)
        }
    }

    var knownFolders: Set<String> { folders }

    /// Forgets what only the sorting of files needs, package by package.
    mutating func drop(_ path: String) { texts[path] = nil }

    package var distribution: Distribution? {
        for path in ["etc/os-release", "usr/lib/os-release"] {
            if let bytes = texts[path], let found = SingleFile.distribution(bytes) { return found }
        }
        return nil
    }

    /// Folders at the top that are links into `usr`.
    var merged: Set<String> {
        Set(
            ["bin", "sbin", "lib", "lib32", "lib64", "libx32"].filter { name in
                links[name].map { $0 == "usr/\(name)" || $0 == "/usr/\(name)" } ?? false
            }
        )
    }

    /// Whether it is the root of a system at all.
    var isRoot: Bool {
        folders.contains("etc") || texts.keys.contains { $0.hasPrefix("etc/") || $0.hasPrefix("usr/") }
    }
}

/// Something that was there and could not be read or carried over, with why.
package struct AdoptNote: Sendable, Hashable, Encodable {
    package var path: String
    package var text: String

    package init(path: String, text: String) {
        self.path = path
        self.text = text
    }
}
