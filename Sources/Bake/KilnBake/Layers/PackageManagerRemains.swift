import KilnArchive
import SystemPackage

/// apt and dpkg in an image, and how they go: with what their packages brought, their caches, and the scripts of all
/// packages, which nobody runs any more. What is installed besides stays on record, for scanners.
struct PackageManagerRemains {
    private let below: RootIndex
    /// dpkg's files about packages, below `info`.
    private let records: [String]

    static let status = "var/lib/dpkg/status"
    private static let info = "var/lib/dpkg/info"
    /// Whole folders that are of no use to anything else.
    private static let folders = [
        "etc/apt", "etc/dpkg", "usr/lib/apt", "usr/lib/dpkg", "usr/libexec/dpkg", "usr/share/dpkg",
        "var/cache/apt", "var/cache/debconf", "var/lib/apt", "var/lib/dpkg/alternatives",
        "var/lib/dpkg/available", "var/lib/dpkg/lock", "var/lib/dpkg/lock-frontend", "var/lib/dpkg/parts",
        "var/lib/dpkg/triggers", "var/lib/dpkg/updates", "var/log/apt",
    ]
    /// What scanners read of a package.
    private static let keptRecords = ["list", "md5sums", "conffiles"]

    init(_ below: RootIndex) {
        self.below = below
        records = below.children(of: Self.info).map { EntryPath.split($0.path).name }
    }

    /// Of the package manager itself, with the library that only it uses.
    private static func isManager(_ package: String) -> Bool {
        let name = package.split(separator: ":").first ?? ""
        return ["apt", "apt-utils", "dpkg"].contains(name) || name.hasPrefix("libapt-pkg")
            || name.hasPrefix("libapt-inst")
    }

    private func package(of record: String) -> (name: String, kind: String) {
        guard let dot = record.lastIndex(of: ".") else { return (record, "") }
        return (String(record[..<dot]), String(record[record.index(after: dot)...]))
    }

    private var lists: [String] {
        records.filter { package(of: $0).kind == "list" && Self.isManager(package(of: $0).name) }
            .map { Self.info + "/" + $0 }
    }

    var wanted: [String] {
        lists + (below.lookup(Self.status)?.digest == nil ? [] : [Self.status])
    }

    func removed(
        _ contents: HardeningLayer.Contents,
        text: (FilePath) throws -> String
    ) throws -> [String] {
        var removed = Self.folders
        for list in lists {
            guard let content = contents[PathKey(list)] else { throw BakeError.missingIndex() }
            removed += try text(content.path).split(separator: "\n").compactMap { file(String($0)) }
        }
        removed += records.filter { record in
            let (name, kind) = package(of: record)
            return Self.isManager(name) || !(Self.keptRecords.contains(kind) || record == "format")
        }
        .map { Self.info + "/" + $0 }
        return removed
    }

    /// The real path of what a package's list names; nil for folders and the links of a merged /usr to them, which others
    /// use, and for copyright notices, which stay with what may be left of the work.
    private func file(_ path: String) -> String? {
        let (parent, name) = ImagePath.split(path)
        guard !name.isEmpty, name != "copyright", let folder = below.realPath(parent),
            below.resolve(path)?.isDirectory != true
        else { return nil }
        return folder.isEmpty ? name : folder + "/" + name
    }

    /// dpkg's record without the package manager; nil where there is none.
    func status(_ contents: HardeningLayer.Contents, text: (FilePath) throws -> String) throws -> String? {
        guard let content = contents[PathKey(Self.status)] else { return nil }
        let stanzas = try text(content.path).split(separator: "\n\n", omittingEmptySubsequences: true)
        let kept = stanzas.filter { !Self.isManager(ControlFields(parsing: $0)["package"] ?? "") }
        return kept.map { $0.trimmedLineFeeds + "\n" }.joined(separator: "\n")
    }
}

extension Substring {
    fileprivate var trimmedLineFeeds: Substring {
        var text = self
        while text.last == "\n" { text.removeLast() }
        while text.first == "\n" { text.removeFirst() }
        return text
    }
}
