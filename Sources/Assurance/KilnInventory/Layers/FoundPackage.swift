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

/// What one file of a layer says.
struct FileRecord: Sendable, Hashable {
    var path: String
    var fact: Fact

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
