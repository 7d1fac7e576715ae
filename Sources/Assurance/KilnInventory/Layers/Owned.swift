/// The paths that packages own: files by their lists, folders as a whole.
struct Owned {
    private static let slash = UInt8(ascii: "/")
    /// Folders that became links into `usr`, while packages go on naming them.
    private static let merged = ["bin/", "sbin/", "lib/", "lib32/", "lib64/", "libx32/"]
    /// Where package managers keep what they know themselves.
    private static let databases = [
        "var/lib/dpkg", "lib/apk/db", "usr/lib/apk/db", "var/lib/rpm", "usr/lib/sysimage/rpm",
    ]

    private let hashes: Shadow
    /// With the distribution's package, where it is one.
    private var files: [UInt64: String] = [:]
    private var held: Set<UInt64> = []

    init(_ hashes: Shadow) {
        self.hashes = hashes
        for folder in Self.databases { held.insert(hashes.hash(folder)) }
    }

    mutating func add(_ fact: FileRecord.Fact) {
        switch fact {
        case .files(let package, let paths):
            for path in paths {
                own(path, package)
                if Self.merged.contains(where: { path.hasPrefix($0) }) { own("usr/" + path, package) }
            }
        case .packages(let packages):
            for package in packages { for path in package.holds { held.insert(hashes.hash(path)) } }
        case .distribution, .licences, .unreadable: break
        }
    }

    private mutating func own(_ path: String, _ package: String) {
        let hash = hashes.hash(path)
        if package.isEmpty { held.insert(hash) } else { files[hash] = package }
    }

    /// The distribution's package that a file belongs to.
    func package(of path: String) -> String? { files[hashes.hash(path)] }

    func contains(_ path: UnsafeBufferPointer<UInt8>) -> Bool {
        var hash: UInt64 = 0
        for byte in path {
            if byte == Self.slash, held.contains(hash) { return true }
            hash = hashes.step(hash, byte)
        }
        return held.contains(hash) || files[hash] != nil
    }
}
