import KilnSystem
import SystemPackage

/// Where paths of a root lie on the machine. Symlinks on the way are followed as a process with that root would, so
/// that nothing leads out of it. Nothing else may change the root's folders meanwhile.
struct RootPaths {
    let root: FilePath
    /// Real paths of folders, below the root, by the path asked for.
    private var known: [PathKey: String] = ["": ""]

    init(root: FilePath) {
        self.root = root
    }

    /// The real path of a folder, which is made when it is missing.
    mutating func folder(_ path: String, make: (FilePath) throws -> Void) throws -> String {
        try folder(path, links: 0, make: make)
    }

    func location(_ real: String) -> FilePath {
        real.isEmpty ? root : root.pushing(FilePath(real))
    }

    private mutating func folder(
        _ path: String,
        links: Int,
        make: (FilePath) throws -> Void
    ) throws -> String {
        if let real = known[PathKey(path)] { return real }
        guard links <= 40 else { throw SystemError("follow /\(path)", .tooManySymbolicLinkLevels) }
        let (parent, name) = ImagePath.split(path)
        let above = try folder(parent, links: links, make: make)
        let here = above.isEmpty ? name : above + "/" + name
        let real: String
        switch Files.facts(location(here))?.kind {
        case .directory: real = here
        case .symlink:
            let target = try InputDigester.target(of: location(here))
            real = try folder(Self.joined(above, target), links: links + 1, make: make)
        case nil:
            try make(location(here))
            real = here
        default: throw SystemError("go below /\(path)", .notDirectory)
        }
        known[PathKey(path)] = real
        return real
    }

    /// A link's target seen from the folder that the link is in; never above the root.
    private static func joined(_ folder: String, _ target: String) -> String {
        var names = target.hasPrefix("/") ? [] : folder.split(separator: "/")
        for name in target.split(separator: "/") where name != "." {
            if name == ".." { _ = names.popLast() } else { names.append(name) }
        }
        return names.joined(separator: "/")
    }
}
