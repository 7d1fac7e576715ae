import KilnArchive
package import KilnInventory

/// What the names of a server came to.
package struct FileAccounts: Sendable {
    /// More names are no server's.
    static let most = 20_000_000
    /// Of what is listed one by one.
    private static let listed = 20_000

    package struct Folder: Sendable, Hashable {
        package var tally = Tally()
        package var uid: UInt32 = 0
        package var mode: UInt32 = 0o755
        package var isFile = false
    }

    package internal(set) var names = 0
    package internal(set) var tallies: [Share: Tally] = [:]
    /// What made noise, or explains something else, with how much there is of it.
    package internal(set) var reasons: [Share: [String: Tally]] = [:]
    package internal(set) var copied: [CopiedEntry] = []
    package internal(set) var changes: [MetadataChange] = []
    package internal(set) var state: [String: Folder] = [:]
    package internal(set) var secrets: [AdoptSecret] = []
    /// Files that were left out for their secrets.
    package internal(set) var held: [String: ServerNode] = [:]
    package internal(set) var unexplained: [UnexplainedFile] = []
    /// Beyond those that are listed.
    package internal(set) var unlisted = 0
    /// Names of an archive that were left out since no root has anything there, with why.
    package internal(set) var misplaced: [String: String] = [:]
    /// Copied files that were too long to be searched for secrets.
    package internal(set) var unsearched: [String] = []
    /// Programs that were given capabilities by hand, as setcap takes them.
    package internal(set) var capabilities: [(path: String, text: String)] = []
    /// Names with attributes that are not carried over.
    package internal(set) var attributed: [String] = []
    private var moduleCount = 0
    /// Packages of languages, by the folder they are in.
    package internal(set) var modules: [String: [SingleFile.Module]] = [:]

    package init() {}

    mutating func add(_ node: ServerNode, to share: Share, _ why: String? = nil) {
        tallies[share, default: Tally()].add(node)
        guard let why, share == .noise else { return }
        reasons[share, default: [:]][why, default: Tally()].add(node)
    }

    mutating func addState(_ node: ServerNode, _ folder: String) {
        tallies[.state, default: Tally()].add(node)
        state[folder, default: Folder()].tally.add(node)
        if node.path == folder {
            state[folder]?.uid = node.uid
            state[folder]?.mode = node.mode
            state[folder]?.isFile = node.kind == .file
        }
    }

    mutating func addUnexplained(_ node: ServerNode, _ why: String) {
        guard unexplained.count < Self.listed else {
            unlisted += 1
            return
        }
        unexplained.append(UnexplainedFile(path: node.path, bytes: node.bytes, why: why))
    }

    mutating func addMisplaced(_ node: ServerNode, _ why: String) {
        if misplaced.count < Self.listed { misplaced[node.path] = why }
    }

    /// `isPackaged`: the package gives it its capabilities itself, and will again.
    mutating func addAttributes(_ node: ServerNode, isPackaged: Bool) {
        for (name, value) in node.attributes.sorted(by: { $0.key < $1.key }) {
            if name == FileCapability.attribute, isPackaged { continue }
            if name == FileCapability.attribute, let text = FileCapability.text(value) {
                capabilities.append((path: node.path, text: text))
            } else if attributed.last != node.path, attributed.count < Self.listed {
                attributed.append(node.path)
            }
        }
    }

    mutating func addModules(_ found: [SingleFile.Module], at path: String) {
        guard moduleCount < Self.listed else { return }
        moduleCount += found.count
        let names = EntryPath.components(path)
        let marks: Set<String> = ["site-packages", "dist-packages", "node_modules", "gems", "specifications"]
        guard let mark = names.firstIndex(where: { marks.contains($0) }) else { return }
        modules[names[...mark].joined(separator: "/"), default: []] += found
    }

    package func tally(_ share: Share) -> Tally { tallies[share] ?? Tally() }

    package var total: Tally {
        Share.allCases.reduce(into: Tally()) { sum, share in
            sum.files += tally(share).files
            sum.bytes += tally(share).bytes
        }
    }
}

/// Owners and modes that no package gives a file.
struct MetadataRules: Sendable {
    /// What dpkg-statoverride(1) says, by path: packages' own tools say it, and so do people.
    private let overrides: Set<String>
    private let people: Set<UInt32>

    init(statoverride: String, users: [ServerUser]) {
        overrides = Set(
            statoverride.split(separator: "\n").compactMap { line in
                line.split(separator: " ").last.map { String($0.drop { $0 == "/" }) }
            }
        )
        people = Set(users.filter { $0.uid >= 1000 && $0.uid < 60_000 }.map(\.uid))
    }

    /// Why the name's mode or owner is taken over; nil where it is what packages have.
    func change(_ node: ServerNode) -> String? {
        if case .symlink = node.kind { return nil }
        if overrides.contains(node.path) { return "dpkg-statoverride has it" }
        if people.contains(node.uid) { return "a person owns what a package brought" }
        let isPublic = node.mode & 0o002 != 0 && node.mode & 0o1000 == 0
        if isPublic, node.path.hasPrefix("usr/") || node.path.hasPrefix("etc/") {
            return "everybody may write it"
        }
        return nil
    }
}
