import Glibc
import KilnArchive
import KilnSystem
package import SystemPackage

/// The folder that the definition is written into: files below `files/`, as they lie on the server. It is entered name by name and
/// through no link, so that nothing outside of it is touched, whatever links an archive brings.
package struct AdoptedTree: Sendable {
    package let root: FilePath

    package init(_ root: FilePath) {
        self.root = root
    }

    package func makeFolder(_ path: String) throws {
        try inFolder(of: path) { folder, name in
            guard mkdirat(folder, name, 0o755) == 0 || errno == EEXIST else {
                throw SystemError.last("create directory \(location(path))")
            }
        }
    }

    /// With holes where the content is zero, so that sparse files stay so; executable where it was.
    package func write(_ content: ServerContent, to node: ServerNode) throws {
        let path = location(node.path)
        let descriptor = try create(node.path)
        defer { close(descriptor) }
        var length: Int64 = 0
        try content.forEachChunk { chunk in
            defer { length += Int64(chunk.count) }
            if chunk.count >= 4096, Self.isZero(chunk) { return }
            var done = 0
            while done < chunk.count {
                let rest = UnsafeRawBufferPointer(rebasing: chunk[done...])
                let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(length) + off_t(done))
                guard count >= 0 || errno == EINTR else { throw SystemError.last("write \(path)") }
                done += max(0, count)
            }
        }
        guard ftruncate(descriptor, off_t(length)) == 0,
            fchmod(descriptor, node.mode & 0o100 != 0 ? 0o755 : 0o644) == 0
        else { throw SystemError.last("write \(path)") }
    }

    /// A link as it is: in a folder that is copied as a whole.
    package func link(_ path: String, to target: String) throws {
        try inFolder(of: path) { folder, name in
            unlinkat(folder, name, 0)
            guard symlinkat(target, folder, name) == 0 else {
                throw SystemError.last("write \(location(path))")
            }
        }
    }

    /// Another name of a file that was written.
    package func link(_ path: String, sharing first: String) throws -> Bool {
        try inFolder(of: first) { source, existing in
            try inFolder(of: path) { folder, name -> Bool in
                unlinkat(folder, name, 0)
                return linkat(source, existing, folder, name, 0) == 0
            }
        }
    }

    /// A new file.
    private func create(_ path: String) throws -> Int32 {
        try inFolder(of: path) { folder, name -> Int32 in
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
            for _ in 0..<3 {
                let descriptor = openat(folder, name, flags, 0o600)
                if descriptor >= 0 { return descriptor }
                guard errno == EEXIST, unlinkat(folder, name, 0) == 0 else { break }
            }
            throw SystemError.last("write \(location(path))")
        }
    }

    private static func isZero(_ chunk: UnsafeRawBufferPointer) -> Bool {
        guard let base = chunk.baseAddress, chunk.first == 0 else { return chunk.isEmpty }
        return memcmp(base, base + 1, chunk.count - 1) == 0
    }

    /// For errors: no call goes by it.
    private func location(_ path: String) -> String { "\(root)/files/\(path)" }

    /// Lends the open folder that holds the path, which is made where it is missing, and the last name.
    private func inFolder<Result>(
        of path: String,
        _ body: (Int32, String) throws -> Result
    ) throws -> Result {
        guard !path.isEmpty, EntryPath.isValid(path) else {
            throw SystemError("place \(path) in \(root)", .invalidArgument)
        }
        let (parent, last) = EntryPath.split(path)
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        // The user's own word, which may be a link.
        var folder = open(root.string, flags)
        guard folder >= 0 else { throw SystemError.last("open \(root)") }
        defer { close(folder) }
        for name in ["files"] + EntryPath.components(parent) {
            var next = openat(folder, name, flags | O_NOFOLLOW)
            if next < 0, errno == ENOENT, mkdirat(folder, name, 0o755) == 0 {
                next = openat(folder, name, flags | O_NOFOLLOW)
            }
            guard next >= 0 else { throw SystemError.last("go to the folder of \(location(path))") }
            close(folder)
            folder = next
        }
        return try body(folder, last)
    }
}
