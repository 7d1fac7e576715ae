import KilnArchive

/// What a file is read for, told by its path alone.
enum FileInterest: Sendable, Hashable {
    case osRelease
    case dpkgStatus
    /// The files of a package, by its name.
    case dpkgFiles(package: String)
    case copyright(package: String)

    /// More than a file of the kind has; of a longer one it is said that it was not read.
    var limit: Int64 {
        switch self {
        case .osRelease: 64 << 10
        case .dpkgStatus: 64 << 20
        case .dpkgFiles: 16 << 20
        case .copyright: 4 << 20
        }
    }

    /// nil for most files.
    init?(_ path: String) {
        if path.hasPrefix("var/lib/dpkg/") {
            guard let dpkg = Self.dpkg(path) else { return nil }
            self = dpkg
        } else if path.hasSuffix("/copyright"), path.hasPrefix("usr/share/doc/") {
            let names = EntryPath.components(path)
            guard names.count == 5 else { return nil }
            self = .copyright(package: names[3])
        } else if path == "etc/os-release" || path == "usr/lib/os-release" {
            self = .osRelease
        } else {
            return nil
        }
    }

    private static func dpkg(_ path: String) -> FileInterest? {
        let (folder, name) = EntryPath.split(path)
        switch folder {
        case "var/lib/dpkg": return name == "status" ? .dpkgStatus : nil
        case "var/lib/dpkg/status.d":
            guard name.hasSuffix(".md5sums") else { return .dpkgStatus }
            return .dpkgFiles(package: String(name.dropLast(8)))
        case "var/lib/dpkg/info":
            guard name.hasSuffix(".list") else { return nil }
            // Of several architectures: `libc6:amd64.list`.
            return .dpkgFiles(package: String(name.dropLast(5).prefix { $0 != ":" }))
        default: return nil
        }
    }

    func read(_ bytes: [UInt8]) -> FileRecord.Fact {
        switch self {
        case .osRelease: OSReleaseReader.read(bytes)
        case .dpkgStatus: DpkgReader.read(bytes)
        case .dpkgFiles(let package): DpkgFilesReader.read(bytes, of: package)
        case .copyright(let package): CopyrightReader.read(bytes, of: package)
        }
    }
}
