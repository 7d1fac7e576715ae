import KilnArchive

/// What in an application's folder is no part of the application: what it writes. Told by names and owners.
struct AppFolders: Sendable {
    /// Places below which each folder is an application.
    private static let places = ["opt", "srv", "var/www", "home", "usr/local/share", "app"]
    private static let written: Set<String> = ["uploads", "upload", "userfiles", "user-uploads", "sessions"]
    private static let perhapsWritten: Set<String> = [
        "media", "storage", "data", "db", "database", "var", "files", "state",
    ]
    private static let passing: Set<String> = ["log", "logs", "tmp", "temp", "cache", ".cache"]
    private static let databases = [
        ".sqlite", ".sqlite3", ".db", ".rdb", ".mdb", ".sqlite-wal", ".sqlite3-wal", ".db-wal", ".db-shm",
    ]

    /// Folders that units say are written.
    let declared: [String]
    /// Owners of folders near the top, by path.
    private var owners: [String: UInt32] = [:]
    /// Folders found to be written by their owners.
    private var found: Set<String> = []

    init(declared: [String]) {
        self.declared = declared
    }

    mutating func see(_ node: ServerNode) {
        guard node.isDirectory, Self.isIn(node.path) else { return }
        let (parent, name) = EntryPath.split(node.path)
        if EntryPath.components(node.path).count <= 6 { owners[node.path] = node.uid }
        if Self.perhapsWritten.contains(name.lowercased()), node.uid != 0, let above = owners[parent],
            above != node.uid
        {
            found.insert(node.path)
        }
    }

    static func isIn(_ path: String) -> Bool {
        places.contains { EntryPath.isAt(path, orBelow: $0) }
    }

    /// The folder of state that the path belongs to.
    func state(_ node: ServerNode) -> String? {
        if let folder = declared.first(where: { EntryPath.isAt(node.path, orBelow: $0) }) { return folder }
        guard Self.isIn(node.path) else { return nil }
        var path = node.isDirectory ? node.path : EntryPath.split(node.path).parent
        while !path.isEmpty {
            let (parent, name) = EntryPath.split(path)
            let isNamed = Self.written.contains(name.lowercased()) && !Self.isCode(path)
            if isNamed || found.contains(path) { return path }
            path = parent
        }
        return nil
    }

    /// Modules of languages have folders of any name.
    private static func isCode(_ path: String) -> Bool {
        ["node_modules", "site-packages", "dist-packages", "vendor", "gems", "src", "lib", "templates"]
            .contains { part in
                path.contains("/\(part)/")
            }
    }

    /// What passes, right below an application's own folder.
    func passing(_ path: String) -> String? {
        guard Self.isIn(path) else { return nil }
        let names = EntryPath.components(path)
        if let git = names.firstIndex(of: ".git"), git > 0 { return "git's record of the sources" }
        if names.contains(".cache") || names.contains(".npm") { return "caches" }
        let depth = path.hasPrefix("var/www") || path.hasPrefix("usr/local/share") ? 3 : 2
        guard names.count > depth, Self.passing.contains(names[depth]) else { return nil }
        return "what the application logs and keeps in passing"
    }

    /// A database in one file.
    static func isDatabase(_ node: ServerNode) -> Bool {
        node.kind == .file && isIn(node.path) && databases.contains { node.path.lowercased().hasSuffix($0) }
            && !isCode(node.path)
    }
}
