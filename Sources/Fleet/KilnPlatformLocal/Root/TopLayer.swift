import KilnFleet
import KilnSystem
import SystemPackage

/// What the generated layer on top of an image holds: a place for each mount, and the release's configuration files.
///
/// Folders above them repeat what the image has there, so that the layer adds and never alters.
struct TopLayer {
    enum Content: Hashable {
        case directory
        case file([UInt8])
    }

    struct Entry: Hashable {
        let mode: UInt32
        let userID: UInt32
        let groupID: UInt32
        let content: Content
    }

    /// By path inside the instance; a folder comes before what is in it.
    private(set) var entries: [FilePath: Entry] = ["/": Entry.folder]
    private let image: RootResolver

    init(image: RootResolver) {
        self.image = image
        if let facts = image.facts("/") { entries["/"] = Entry(facts) }
    }

    /// Makes sure that something can be mounted on the folder, and says where it really is. It has the image's mode, or this one.
    @discardableResult
    mutating func addMountPoint(_ path: FilePath, mode: UInt32? = nil) throws -> FilePath {
        guard let place = image.resolve(path) else { throw Self.notAFolder(path) }
        if let facts = place.facts, facts.kind != .directory { throw Self.notAFolder(path) }
        addParents(of: place.path)
        let folder = place.facts.map(Entry.init) ?? .folder
        if entries[place.path] == nil || mode != nil { entries[place.path] = folder.with(mode: mode) }
        return place.path
    }

    /// Puts a file where the path says, whatever the image has there (a symlink is replaced, not followed), and says where
    /// that really is.
    @discardableResult
    mutating func addFile(_ path: FilePath, _ entry: Entry) throws -> FilePath {
        guard let place = image.resolve(path, followingLast: false), let parent = place.path.parent else {
            throw Self.notAFolder(path.removingLastComponent())
        }
        if place.facts?.kind == .directory || entries[place.path]?.content == .directory {
            throw LocalPlatformError(
                .configFile,
                "\(path) is a folder in the image, so no file can be put there"
            )
        }
        guard entries[parent].map({ $0.content == .directory }) ?? true else { throw Self.notAFolder(parent) }
        addParents(of: place.path)
        entries[place.path] = entry
        return place.path
    }

    private mutating func addParents(of path: FilePath) {
        var above = path.removingLastComponent()
        while !above.components.isEmpty, entries[above] == nil {
            entries[above] = image.facts(above).map(Entry.init) ?? .folder
            above.removeLastComponent()
        }
    }

    private static func notAFolder(_ path: FilePath) -> LocalPlatformError {
        LocalPlatformError(.state, "\(path) cannot be used: something that is no folder is in its way")
    }
}

extension TopLayer.Entry {
    static let folder = Self(mode: 0o755, userID: 0, groupID: 0, content: .directory)

    static func text(_ text: String) -> Self {
        Self(mode: 0o644, userID: 0, groupID: 0, content: .file(Array(text.utf8)))
    }

    /// A file that another is mounted on.
    static let mountPoint = Self(mode: 0o400, userID: 0, groupID: 0, content: .file([]))

    fileprivate func with(mode: UInt32?) -> Self {
        Self(mode: mode ?? self.mode, userID: userID, groupID: groupID, content: content)
    }

    init(_ facts: FileFacts) {
        self.init(mode: facts.mode, userID: facts.userID, groupID: facts.groupID, content: .directory)
    }

    init(_ file: ConfigFile) {
        self.init(
            mode: file.mode,
            userID: file.userID,
            groupID: file.groupID,
            content: .file(file.content)
        )
    }
}

extension FilePath {
    /// nil for the root.
    fileprivate var parent: FilePath? { components.isEmpty ? nil : removingLastComponent() }
}
