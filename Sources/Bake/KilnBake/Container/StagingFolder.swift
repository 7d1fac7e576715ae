import Glibc
import KilnSystem
import SystemPackage

/// A folder that is filled with foreign trees. It is entered name by name and through no link, so that nothing lands
/// outside of it, whatever links were put into it before.
struct StagingFolder: Sendable {
    let path: FilePath

    func makeDirectory(_ path: FilePath) throws {
        guard !path.isEmpty else { return }
        try inFolder(of: path) { folder, name in
            // Another input's way may have led through it.
            guard mkdirat(folder, name, 0o755) == 0 || errno == EEXIST else {
                throw SystemError.last("create directory \(location(path))")
            }
        }
    }

    func makeLink(_ path: FilePath, to target: String) throws {
        try inFolder(of: path) { folder, name in
            guard symlinkat(target, folder, name) == 0 else {
                throw SystemError.last("link \(location(path))")
            }
        }
    }

    /// Opens a file that must not be there yet; closing it is the caller's.
    func makeFile(_ path: FilePath, mode: UInt16) throws -> Int32 {
        try inFolder(of: path) { folder, name in
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
            let descriptor = openat(folder, name, flags, mode_t(mode))
            guard descriptor >= 0 else { throw SystemError.last("create \(location(path))") }
            return descriptor
        }
    }

    func location(_ path: FilePath) -> FilePath {
        path.isEmpty ? self.path : self.path.pushing(path)
    }

    /// Lends the open folder that holds the path, which is made when it is missing, and the last name.
    private func inFolder<Result>(
        of path: FilePath,
        _ body: (Int32, String) throws -> Result
    ) throws -> Result {
        var names = path.components.map(\.string)
        guard path.isRelative, !names.contains(".."), let last = names.popLast() else {
            throw SystemError("place \(path) in \(self.path)", .invalidArgument)
        }
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        var folder = open(self.path.string, flags)
        guard folder >= 0 else { throw SystemError.last("open \(self.path)") }
        defer { close(folder) }
        for name in names {
            guard mkdirat(folder, name, 0o755) == 0 || errno == EEXIST else {
                throw SystemError.last("create directory \(location(path).removingLastComponent())")
            }
            let next = openat(folder, name, flags)
            guard next >= 0 else {
                throw SystemError.last("go below \(location(path).removingLastComponent())")
            }
            close(folder)
            folder = next
        }
        return try body(folder, last)
    }
}
