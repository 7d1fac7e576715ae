import KilnArchive

/// Which package a path of the server belongs to, and what it was when that package came. Kept as hashes, since a server has many.
struct OwnedFiles: Sendable {
    struct Record: Sendable {
        /// In `packages`.
        var package: Int32
        /// nil for folders, links, and what the package keeps no digest of.
        var md5: MD5?
        var isConffile = false
        var isObsolete = false
        var isSeen = false
        /// Packages have something in it.
        var isFolder = false
    }

    private(set) var packages: [ServerPackage]
    private var records: [UInt64: Record] = [:]
    private let merged: Set<String>
    private let diversions: Diversions
    private let lists: [(package: Int32, path: String)]
    /// The folder of the last name that was seen.
    private var lastFolder = ""

    init(_ survey: ServerSurvey, _ packages: [ServerPackage]) {
        self.packages = packages
        merged = survey.merged
        diversions = Diversions(survey.text("var/lib/dpkg/diversions") ?? "")
        var places: [String: Int32] = [:]
        for (place, package) in packages.enumerated() {
            places[package.name + ":" + package.architecture] = Int32(place)
            if places[package.name] == nil { places[package.name] = Int32(place) }
        }
        var lists: [(package: Int32, path: String)] = []
        for path in survey.paths(below: "var/lib/dpkg/info") {
            let name = String(EntryPath.split(path).name)
            if name.hasSuffix(".list"), let place = places[String(name.dropLast(5))] {
                lists.append((place, path))
            }
        }
        self.lists = lists
        for (place, path) in lists { addList(survey.bytes(path) ?? [], place) }
        for path in survey.paths(below: "var/lib/dpkg/info") where path.hasSuffix(".md5sums") {
            let name = String(EntryPath.split(path).name.dropLast(8))
            if let place = places[name] { addDigests(survey.bytes(path) ?? [], place) }
        }
        for (place, package) in packages.enumerated() { addConffiles(package, Int32(place)) }
    }

    /// Marks a path as seen, and the folders that it is in: archives need not name them.
    mutating func see(_ path: String) {
        mark(path)
        var folder = EntryPath.split(path).parent
        guard folder != lastFolder else { return }
        lastFolder = folder
        while !folder.isEmpty {
            mark(folder)
            folder = EntryPath.split(folder).parent
        }
    }

    private mutating func mark(_ path: String) {
        let key = Self.hash(path)
        if let record = records[key], !record.isSeen { records[key]?.isSeen = true }
    }

    func record(_ path: String) -> Record? { records[Self.hash(path)] }

    func package(of record: Record) -> ServerPackage { packages[Int(record.package)] }

    /// Paths that installed packages brought and that are no more: the topmost of each, since what is below went with it. The
    /// package's name is empty where several have it.
    func missing(_ survey: ServerSurvey) -> [(path: String, package: String)] {
        var found: [String: String] = [:]
        for (place, list) in lists where packages[Int(place)].state == .installed {
            forEachPath(in: survey.bytes(list) ?? [], place) { path in
                guard let record = records[Self.hash(path)], !record.isSeen, !record.isObsolete else {
                    return
                }
                let name = packages[Int(place)].name
                found[path] = found[path].map { $0 == name ? name : "" } ?? name
            }
        }
        return found.filter { path, _ in
            var parent = EntryPath.split(path).parent
            while !parent.isEmpty {
                if found[parent] != nil { return false }
                parent = EntryPath.split(parent).parent
            }
            return true
        }
        .map { (path: $0.key, package: $0.value) }.sorted { EntryPath.precedes($0.path, $1.path) }
    }

    // MARK: - Reading

    private mutating func addList(_ bytes: [UInt8], _ place: Int32) {
        var added: [UInt64] = []
        var folders: Set<UInt64> = []
        forEachPath(in: bytes, place) { path in
            added.append(Self.hash(path))
            folders.insert(Self.hash(EntryPath.split(path).parent))
        }
        // A package that is installed owns what one that was removed has left in its list.
        for key in added where records[key] == nil || packages[Int(place)].state == .installed {
            if records[key] == nil || packages[Int(records[key]?.package ?? 0)].state != .installed {
                records[key] = Record(package: place, isFolder: records[key]?.isFolder ?? false)
            }
        }
        for key in folders where records[key]?.isFolder == false { records[key]?.isFolder = true }
    }

    private func forEachPath(in bytes: [UInt8], _ place: Int32, _ body: (String) -> Void) {
        for line in bytes.split(separator: 0x0A) where line.first == UInt8(ascii: "/") {
            guard let text = String(validating: line.dropFirst(), as: UTF8.self), !text.isEmpty, text != "."
            else { continue }
            body(real(text, place))
        }
    }

    /// `digest  path`, the path from the root.
    private mutating func addDigests(_ bytes: [UInt8], _ place: Int32) {
        for line in bytes.split(separator: 0x0A) where line.count > 34 {
            let digits = String(decoding: line.prefix(32), as: UTF8.self)
            guard let md5 = MD5(hex: digits), let text = String(validating: line.dropFirst(34), as: UTF8.self)
            else {
                continue
            }
            let key = Self.hash(real(text, place))
            if records[key]?.package == place { records[key]?.md5 = md5 }
        }
    }

    private mutating func addConffiles(_ package: ServerPackage, _ place: Int32) {
        for conffile in package.conffiles {
            let key = Self.hash(real(conffile.path, place))
            if let other = records[key]?.package, other != place, package.state != .installed { continue }
            // Given up by one package, a file may have gone to another.
            if conffile.isObsolete, let other = records[key]?.package, other != place { continue }
            var record = records[key] ?? Record(package: place)
            record.package = place
            record.md5 = conffile.md5
            record.isConffile = true
            record.isObsolete = conffile.isObsolete
            records[key] = record
        }
    }

    /// Where the package's path is really: through a merged `/usr` and around diversions.
    private func real(_ path: String, _ place: Int32) -> String {
        let diverted = diversions.place(of: path, package: packages[Int(place)].name)
        let first = diverted.prefix { $0 != "/" }
        return merged.contains(String(first)) ? "usr/" + diverted : diverted
    }

    /// FNV-1a, 64 bits: two of a million paths are the same with a chance of one to 40 million.
    private static func hash(_ path: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return hash
    }
}

/// dpkg-divert(1): three lines each, the path, where it went, the package that has its own there (`:` for the administrator).
struct Diversions: Sendable {
    private var moved: [String: (to: String, by: String)] = [:]

    init(_ text: String) {
        let lines = text.split(separator: "\n").map(String.init)
        for start in stride(from: 0, to: lines.count - 2, by: 3) where lines[start].hasPrefix("/") {
            moved[String(lines[start].dropFirst())] = (
                String(lines[start + 1].drop { $0 == "/" }), lines[start + 2]
            )
        }
    }

    func place(of path: String, package: String) -> String {
        guard !moved.isEmpty, let entry = moved[path], entry.by != package else { return path }
        return entry.to
    }

    /// Those that somebody made by hand.
    var local: [(from: String, to: String)] {
        moved.filter { $0.value.by == ":" }.map { (from: $0.key, to: $0.value.to) }.sorted {
            $0.from < $1.from
        }
    }
}
