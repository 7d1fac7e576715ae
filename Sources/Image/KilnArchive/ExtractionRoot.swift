import Glibc
import KilnSystem
import SystemPackage

/// Reaches names below a directory, folder by folder, never through a symlink and never above it.
///
/// A class: it owns open directories and closes each once.
final class ExtractionRoot {
    let path: FilePath
    private let root: Int32
    /// The folders on the way to the last place asked for.
    private var open: [(path: String, descriptor: Int32)] = []

    init(_ path: FilePath) throws {
        root = Glibc.open(path.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard root >= 0 else { throw SystemError.last("open \(path)") }
        self.path = path
    }

    deinit {
        for directory in open { close(directory.descriptor) }
        close(root)
    }

    /// The open folder that the path's last name is in; it stays open until the next call. Folders that are missing are
    /// made, and told.
    func parent(
        of path: String,
        _ created: @escaping (String) -> Void
    ) throws -> (descriptor: Int32, name: String) {
        let (parent, name) = EntryPath.split(path)
        return (try directory(parent, created), name)
    }

    /// An open folder, which stays open until the next call.
    func directory(_ path: String, _ created: ((String) -> Void)? = nil) throws -> Int32 {
        while let last = open.last, !EntryPath.isAt(path, orBelow: last.path) { pop() }
        let known = open.last?.path ?? ""
        var current = open.last?.descriptor ?? root
        var here = known
        for name in EntryPath.components(String(path.dropFirst(known.count))) {
            here = EntryPath.join(here, name)
            var next = try openDirectory(name, in: current, here)
            if next == nil, let created {
                guard mkdirat(current, name, 0o700) == 0 else {
                    throw SystemError.last("create \(self.path.appending(here))")
                }
                created(here)
                next = try openDirectory(name, in: current, here)
            }
            guard let next else { throw ArchiveError(.notBelowDirectory, path: here) }
            open.append((here, next))
            current = next
        }
        return current
    }

    /// Like `parent(of:)` for something that must exist already; the caller closes the folder.
    func existingParent(of path: String) throws -> (descriptor: Int32, name: String) {
        let (parent, name) = EntryPath.split(path)
        var current = dup(root)
        guard current >= 0, !name.isEmpty else {
            throw ArchiveError(.danglingHardlink(target: path), path: path)
        }
        for component in EntryPath.components(parent) {
            let next: Int32?
            do { next = try openDirectory(component, in: current, parent) } catch {
                close(current)
                throw error
            }
            close(current)
            guard let next else { throw ArchiveError(.danglingHardlink(target: path), path: path) }
            current = next
        }
        return (current, name)
    }

    /// Removes whatever has the name, with everything in it.
    func clear(_ name: String, in directory: Int32, _ path: String) throws {
        if unlinkat(directory, name, 0) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM || errno == ENOTEMPTY else {
            throw SystemError.last("remove \(self.path.appending(path))")
        }
        guard let descriptor = try openDirectory(name, in: directory, path) else { return }
        defer { close(descriptor) }
        for child in try names(in: descriptor, path) {
            try clear(child, in: descriptor, EntryPath.join(path, child))
        }
        forget(path)
        guard unlinkat(directory, name, AT_REMOVEDIR) == 0 else {
            throw SystemError.last("remove \(self.path.appending(path))")
        }
    }

    /// nil when there is nothing of that name; an error when it is no folder.
    private func openDirectory(_ name: String, in directory: Int32, _ path: String) throws -> Int32? {
        let descriptor = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if descriptor >= 0 { return descriptor }
        switch errno {
        case ENOENT: return nil
        case ENOTDIR, ELOOP: throw ArchiveError(.notBelowDirectory, path: path)
        default: throw SystemError.last("open \(self.path.appending(path))")
        }
    }

    private func names(in directory: Int32, _ path: String) throws -> [String] {
        try Files.names(in: directory, at: self.path.appending(path)) { name in
            guard let name = String(validatingCString: name) else { throw ArchiveError(.notUTF8, path: path) }
            return name
        }
    }

    private func forget(_ path: String) {
        while let index = open.firstIndex(where: { EntryPath.isAt($0.path, orBelow: path) }),
            index < open.count
        {
            pop()
        }
    }

    private func pop() {
        if let last = open.popLast() { close(last.descriptor) }
    }
}
