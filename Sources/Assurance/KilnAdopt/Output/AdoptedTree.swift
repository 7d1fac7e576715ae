import Glibc
import KilnSystem
package import SystemPackage

/// The folder that the definition is written into: files below `files/`, as they lie on the server.
package struct AdoptedTree: Sendable {
    package let root: FilePath

    package init(_ root: FilePath) {
        self.root = root
    }

    /// Where the server's path goes.
    func location(_ path: String) -> FilePath { root.appending("files").pushing(FilePath(path)) }

    func makeFolder(_ path: String) throws {
        try Files.createDirectory(location(path))
    }

    /// With holes where the content is zero, so that sparse files stay so; executable where it was.
    func write(_ content: ServerContent, to node: ServerNode) throws {
        let path = "\(root)/files/\(node.path)"
        let descriptor = try create(path)
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

    /// A new file; folders are made where they are missing, which they rarely are.
    private func create(_ path: String) throws -> Int32 {
        for _ in 0..<3 {
            let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            if descriptor >= 0 { return descriptor }
            switch errno {
            case ENOENT: try Files.createDirectory(FilePath(path).removingLastComponent())
            case EEXIST: unlink(path)
            default: throw SystemError.last("write \(path)")
            }
        }
        throw SystemError.last("write \(path)")
    }

    private static func isZero(_ chunk: UnsafeRawBufferPointer) -> Bool {
        guard let base = chunk.baseAddress, chunk.first == 0 else { return chunk.isEmpty }
        return memcmp(base, base + 1, chunk.count - 1) == 0
    }

    /// A link as it is: in a folder that is copied as a whole.
    func link(_ path: String, to target: String) throws {
        let location = location(path)
        try Files.createDirectory(location.removingLastComponent())
        unlink(location.string)
        guard symlink(target, location.string) == 0 else { throw SystemError.last("write \(location)") }
    }

    /// Another name of a file that was written.
    func link(_ path: String, sharing first: String) throws -> Bool {
        let location = location(path)
        try Files.createDirectory(location.removingLastComponent())
        unlink(location.string)
        return Glibc.link(self.location(first).string, location.string) == 0
    }
}
