import Glibc
import KilnDiagnostics
package import KilnSystem
package import SystemPackage

/// An instance's root as somebody outside reads it: nothing is run in it and nothing is written.
///
/// Paths and links are followed as the instance sees them, component by component over open folders, so that neither a link
/// nor a folder that is moved meanwhile leads out of the root. Its calls block.
package struct InstanceRoot {
    /// What is not copied, and why.
    package struct Omission: Sendable, Hashable {
        package enum Reason: String, Sendable {
            case device = "a device"
            case socket = "a socket"
            case pipe = "a pipe"
            case kernel = "made by the kernel"
            case secret = "a secret"
        }

        package let path: FilePath
        package let reason: Reason
    }

    /// Links followed to find one path, as in the kernel.
    static let linkLimit = 40
    /// `O_PATH`, which Glibc's headers show to C alone: names a file without opening it.
    static let pathOnly: Int32 = 0o10000000

    private let root: Int32
    private let types: [String: String]

    /// Opens the root for the body; its mounts tell what in it is no file.
    package static func with<Result>(
        _ directory: FilePath,
        mounts: [MountEntry] = [],
        _ body: (InstanceRoot) throws -> Result
    ) throws -> Result {
        let root = open(directory.string, pathOnly | O_DIRECTORY | O_CLOEXEC)
        guard root >= 0 else { throw SystemError.last("open \(directory)") }
        defer { close(root) }
        let types = Dictionary(mounts.map { ($0.device, $0.type) }) { first, _ in first }
        return try body(InstanceRoot(root: root, types: types))
    }

    /// Copies what the path names, links at its end followed, to a path that does not exist yet.
    package func copy(_ path: FilePath, to target: FilePath, owner: FileOwner?) throws -> [Omission] {
        var copier = RootCopier(owner: owner, types: types)
        let source = try find(path)
        defer { close(source) }
        try copier.copy(source, as: path, to: target, depth: 0)
        return copier.omissions
    }

    /// The content of the file that the path names; nil where there is none. What is no file is never opened, whoever swaps it.
    func bytes(_ path: FilePath, limit: Int = 16 << 20) -> [UInt8]? {
        guard let found = try? find(path) else { return nil }
        defer { close(found) }
        guard (try? kind(of: found, path)) == S_IFREG else { return nil }
        let file = open("/proc/self/fd/\(found)", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        return try? Files.read(FileDescriptor(rawValue: file), of: path, limit: limit)
    }

    /// Opens what the path names without reading it.
    private func find(_ path: FilePath) throws -> Int32 {
        var left = path.components.map(\.string).reversed() as [String]
        var folders = [try duplicate()]
        defer { for folder in folders { close(folder) } }
        var links = 0
        while let name = left.popLast() {
            if name == "." || name.isEmpty { continue }
            if name == ".." {
                if folders.count > 1, let last = folders.popLast() { close(last) }
                continue
            }
            let next = openat(folders[folders.count - 1], name, Self.pathOnly | O_NOFOLLOW | O_CLOEXEC)
            guard next >= 0 else { throw SystemError.last("find \(path) in the instance") }
            folders.append(next)
            guard try kind(of: next, path) == S_IFLNK else { continue }
            defer { close(next) }
            folders.removeLast()
            links += 1
            guard links <= Self.linkLimit else {
                throw SystemError("find \(path) in the instance", .tooManySymbolicLinkLevels)
            }
            let link = FilePath(try RootCopier.target(of: next, path))
            if link.isAbsolute { while folders.count > 1, let last = folders.popLast() { close(last) } }
            left += link.components.map(\.string).reversed()
        }
        return folders.removeLast()
    }

    private func duplicate() throws -> Int32 {
        let copy = openat(root, ".", Self.pathOnly | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { throw SystemError.last("open the instance's root") }
        return copy
    }

    private func kind(of descriptor: Int32, _ path: FilePath) throws -> mode_t {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw SystemError.last("look at \(path)") }
        return facts.st_mode & S_IFMT
    }
}

/// Whom copied files belong to.
package struct FileOwner: Sendable, Hashable {
    package let userID: UInt32
    package let groupID: UInt32

    package init(userID: UInt32, groupID: UInt32) {
        self.userID = userID
        self.groupID = groupID
    }
}
