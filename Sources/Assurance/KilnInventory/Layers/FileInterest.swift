import KilnArchive

/// What a file is read for, told by its path alone.
enum FileInterest: Sendable, Hashable {
    case osRelease
    case dpkgStatus
    /// The files of a package, by its name.
    case dpkgFiles(package: String)
    case copyright(package: String)
    case apk
    case rpm
    /// What SQLite has not yet put into the database.
    case rpmJournal
    case pythonMetadata
    case pythonRecord
    case npm
    case java
    case gem
    case swift

    /// More than a file of the kind has; of a longer one it is said that it was not read.
    var limit: Int64 {
        switch self {
        case .osRelease: 64 << 10
        case .dpkgStatus, .apk: 64 << 20
        case .dpkgFiles, .pythonRecord: 16 << 20
        case .copyright, .pythonMetadata, .npm, .gem, .swift: 4 << 20
        case .rpm, .rpmJournal, .java: 2 << 30
        }
    }

    /// nil for most files.
    init?(_ path: String) {
        var path = path
        guard let found = path.withUTF8({ Self.find($0) }) else { return nil }
        switch found {
        case .dpkg:
            guard let dpkg = Self.dpkg(path) else { return nil }
            self = dpkg
        case .copyright:
            let names = EntryPath.components(path)
            guard names.count == 5, path.hasPrefix("usr/share/doc/") else { return nil }
            self = .copyright(package: names[3])
        case .package:
            guard Self.isInstalledModule(path) else { return nil }
            self = .npm
        case .exactly(let interest): self = interest
        }
    }

    private enum Sort {
        case dpkg
        case copyright
        case package
        case exactly(FileInterest)
    }

    /// Most files are told by their last byte or two that they are nothing.
    private static func find(_ path: UnsafeBufferPointer<UInt8>) -> Sort? {
        func ends(_ text: StaticString) -> Bool {
            path.count >= text.utf8CodeUnitCount
                && path.suffix(text.utf8CodeUnitCount).elementsEqual(
                    UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
                )
        }
        if path.starts(with: "var/lib/dpkg/".utf8) { return .dpkg }
        switch path.last {
        case UInt8(ascii: "t"): return ends("/copyright") ? .copyright : nil
        case UInt8(ascii: "n"): return ends("/package.json") ? .package : nil
        case UInt8(ascii: "r"):
            return ends(".jar") || ends(".war") || ends(".ear") || ends(".par") || ends(".sar")
                ? .exactly(.java) : nil
        case UInt8(ascii: "i"): return ends(".jpi") || ends(".hpi") ? .exactly(.java) : nil
        case UInt8(ascii: "A"): return ends(".dist-info/METADATA") ? .exactly(.pythonMetadata) : nil
        case UInt8(ascii: "O"):
            return ends(".egg-info/PKG-INFO") || ends("EGG-INFO/PKG-INFO") ? .exactly(.pythonMetadata) : nil
        case UInt8(ascii: "o"): return ends(".egg-info") ? .exactly(.pythonMetadata) : nil
        case UInt8(ascii: "D"): return ends(".dist-info/RECORD") ? .exactly(.pythonRecord) : nil
        case UInt8(ascii: "c"):
            guard ends(".gemspec") else { return nil }
            let text = String(decoding: path, as: UTF8.self)
            return text.contains("specifications/") ? .exactly(.gem) : nil
        case UInt8(ascii: "d"):
            if ends("lib/apk/db/installed") { return .exactly(.apk) }
            return ends("/Package.resolved") || path.elementsEqual("Package.resolved".utf8)
                ? .exactly(.swift) : nil
        case UInt8(ascii: "e"):
            if ends("rpm/rpmdb.sqlite") { return .exactly(.rpm) }
            let isRelease =
                path.elementsEqual("etc/os-release".utf8) || path.elementsEqual("usr/lib/os-release".utf8)
            return isRelease ? .exactly(.osRelease) : nil
        // rpm's older databases: Berkeley DB, and SUSE's own.
        case UInt8(ascii: "s"):
            return ends("rpm/Packages") && endsInRPM(path.dropLast(9)) ? .exactly(.rpm) : nil
        case UInt8(ascii: "b"):
            return ends("rpm/Packages.db") && endsInRPM(path.dropLast(12)) ? .exactly(.rpm) : nil
        case UInt8(ascii: "l"): return ends("rpm/rpmdb.sqlite-wal") ? .exactly(.rpmJournal) : nil
        default: return nil
        }
    }

    /// Folders that a distribution has its rpm database in.
    private static func endsInRPM(_ folder: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        let text = String(decoding: folder, as: UTF8.self)
        return ["lib/rpm", "share/rpm", "lib/sysimage/rpm"].contains(where: text.hasSuffix)
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

    /// `…/node_modules/NAME/package.json`, `…/node_modules/@scope/NAME/package.json`; deeper ones are about parts of a module.
    private static func isInstalledModule(_ path: String) -> Bool {
        let names = EntryPath.components(path)
        guard let last = names.lastIndex(of: "node_modules") else { return false }
        let rest = names[(last + 1)...]
        return rest.count == 2 || (rest.count == 3 && rest.first?.hasPrefix("@") == true)
    }

    func read(_ content: some RandomBytes, at path: String) throws(ReadProblem) -> [FileRecord.Fact] {
        switch self {
        case .java: return try JavaReader.read(content, at: path)
        case .rpm: return try RPMReader.read(content)
        case .rpmJournal:
            guard content.size > SQLiteTable.emptyJournal else { return [] }
            throw ReadProblem("changes that never came into the rpm database beside it are not read")
        default: return try read(whole: content, at: path)
        }
    }

    private func read(
        whole content: some RandomBytes,
        at path: String
    ) throws(ReadProblem) -> [FileRecord.Fact] {
        let bytes: [UInt8]
        do { bytes = try content.bytes(at: 0, content.size) } catch { throw ReadProblem("it is cut off") }
        switch self {
        case .osRelease: return [OSReleaseReader.read(bytes)]
        case .dpkgStatus: return [try DpkgReader.read(bytes)]
        case .dpkgFiles(let package): return [try DpkgFilesReader.read(bytes, of: package)]
        case .copyright(let package): return [CopyrightReader.read(bytes, of: package)]
        case .apk: return try ApkReader.read(bytes)
        case .pythonMetadata: return [.packages(try PythonReader.read(bytes, at: path))]
        case .pythonRecord: return [try PythonReader.files(bytes, at: path)]
        case .npm: return [.packages(try NodeReader.read(bytes, at: path))]
        case .gem: return [.packages(try GemReader.read(bytes, at: path))]
        case .swift: return [.packages(try SwiftReader.read(bytes))]
        case .java, .rpm, .rpmJournal: return []
        }
    }
}
