/// A package as one file tells of it, before it is known what distribution it is in.
struct FoundPackage: Sendable, Hashable {
    var kind: PackageKind
    var name: String
    var version: String
    var source: String?
    var sourceVersion: String?
    var architecture: String?
    var licences: [String] = []
    /// Where in the file, if that is an archive of others.
    var inside = ""
    /// Folders and files, by their paths, that belong to it as a whole.
    var holds: [String] = []

    init(_ kind: PackageKind, _ name: String, _ version: String) {
        self.kind = kind
        self.name = name
        self.version = version
    }
}

extension [FoundPackage] {
    /// More than are in any image.
    private static var most: Int { 200_000 }

    mutating func add(_ package: FoundPackage) throws(ReadProblem) {
        guard count < Self.most else { throw ReadProblem("it tells of more packages than are read") }
        append(package)
    }
}

extension FoundPackage {
    private static let longestText = 1024

    /// Whether its name and version are such as a package can have.
    var isPlausible: Bool {
        [name, version, source ?? "", sourceVersion ?? "", architecture ?? ""].allSatisfy {
            $0.utf8.count <= Self.longestText
        }
    }

    /// Bytes that it takes, about.
    var weight: Int {
        MemoryLayout<FoundPackage>.stride + name.utf8.count + version.utf8.count + inside.utf8.count
            + (licences + holds).reduce(0) { $0 + $1.utf8.count + 16 }
    }
}

extension FileRecord.Fact {
    /// Bytes that it takes, about.
    var weight: Int {
        switch self {
        case .packages(let packages): packages.reduce(0) { $0 + $1.weight }
        case .licences(_, let texts), .files(_, let texts): texts.reduce(0) { $0 + $1.utf8.count + 16 }
        case .distribution, .unreadable: 64
        }
    }
}

/// What one file of a layer says.
struct FileRecord: Sendable, Hashable {
    var path: String
    var fact: Fact

    /// Bytes that it takes, about.
    var weight: Int { fact.weight + path.utf8.count + MemoryLayout<FileRecord>.stride }

    enum Fact: Sendable, Hashable {
        case packages([FoundPackage])
        case distribution(Distribution)
        /// Of a distribution's package.
        case licences(package: String, [String])
        /// Paths that belong to a distribution's package; to a language's, where the name is empty.
        case files(package: String, [String])
        /// Why it could not be read.
        case unreadable(String)
    }
}

/// Why a file that should tell of packages does not.
struct ReadProblem: Error, Hashable {
    let text: String

    init(_ text: String) {
        self.text = text
    }
}
