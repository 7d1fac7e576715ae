import Glibc
import KilnArchive
import KilnDiagnostics
import KilnSystem
package import SystemPackage

/// A root as a folder, or this machine: read by open directories, so that no link leads out of it, and never written to.
package struct FolderSource: ServerSource {
    private static let depthLimit = 200
    /// Folders of a running machine that hold nothing of it, or nothing that outlives it.
    private static let passing: Set<String> = ["proc", "sys", "dev", "run", "tmp"]

    package let root: FilePath
    /// Paths from the root that are not looked at: the output, Kiln's own home.
    package var excluding: Set<String>
    package let isThisMachine: Bool
    package var name: String { root.string }

    package init(_ root: FilePath, excluding: Set<String> = []) {
        self.root = root
        self.excluding = excluding
        isThisMachine = root.string == "/"
    }

    package func visit(below: [String]?, _ visitor: inout some ServerVisitor) throws {
        let descriptor = open(root.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError.last("open \(root)") }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw SystemError.last("read \(root)") }
        var walk = Walk(source: self, device: info.st_dev, below: below)
        try visitor.take(walk.node("", info), nil)
        try walk.visit(descriptor, "", depth: 0, &visitor)
    }

    private struct FileID: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    private struct Walk {
        let source: FolderSource
        let device: dev_t
        let below: [String]?
        /// The first path of each file that has several names.
        var firstNames: [FileID: String] = [:]

        /// Whether the path is of interest itself, is on the way to something that is, or below it.
        private func leads(_ path: String) -> Bool {
            guard let below else { return true }
            return below.contains { EntryPath.isAt(path, orBelow: $0) || EntryPath.isAt($0, orBelow: path) }
        }

        private func isLeftOut(_ path: String) -> Bool {
            if source.excluding.contains(path) { return true }
            return source.isThisMachine && FolderSource.passing.contains(path)
        }

        mutating func visit(
            _ directory: Int32,
            _ path: String,
            depth: Int,
            _ visitor: inout some ServerVisitor
        ) throws {
            guard depth < FolderSource.depthLimit else { return try refuse(path, "it is too deep", &visitor) }
            let names: [String?]
            do {
                names = try Files.names(in: directory, at: source.root.appending(path)) {
                    String(validatingCString: $0)
                }
            } catch let error as SystemError {
                return try refuse(path, "its names cannot be listed: \(error.errno)", &visitor)
            }
            if names.contains(nil) {
                try refuse(path, "a name in it is not UTF-8, and was passed over", &visitor)
            }
            for name in names.compactMap(\.self).sorted(by: { EntryPath.precedes($0, $1) }) {
                try Blocking.checkCancellation()
                let child = EntryPath.join(path, name)
                if leads(child), !isLeftOut(child) {
                    try visit(name, in: directory, child, depth: depth, &visitor)
                }
            }
        }

        private mutating func visit(
            _ name: String,
            in directory: Int32,
            _ path: String,
            depth: Int,
            _ visitor: inout some ServerVisitor
        ) throws {
            var info = stat()
            guard fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) == 0 else {
                // Gone since it was listed, on a machine that runs.
                if errno == ENOENT { return }
                return try refuse(path, "it cannot be looked at: \(Errno(rawValue: errno))", &visitor)
            }
            var node = node(path, info)
            switch info.st_mode & S_IFMT {
            case S_IFDIR:
                guard info.st_dev == device else {
                    return try refuse(
                        path,
                        "another file system is mounted there, which was not read",
                        &visitor
                    )
                }
                let child = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                guard child >= 0 else {
                    return try refuse(path, "it cannot be opened: \(Errno(rawValue: errno))", &visitor)
                }
                defer { close(child) }
                node.attributes = try ExtendedAttributes.kept(of: child, path: path)
                try visitor.take(node, nil)
                try visit(child, path, depth: depth + 1, &visitor)
            case S_IFREG:
                try visitFile(name, in: directory, &node, info, &visitor)
            case S_IFLNK:
                node.kind = .symlink(linkTarget(name, in: directory) ?? "")
                try visitor.take(node, nil)
            default: try visitor.take(node, nil)
            }
        }

        private mutating func visitFile(
            _ name: String,
            in directory: Int32,
            _ node: inout ServerNode,
            _ info: stat,
            _ visitor: inout some ServerVisitor
        ) throws {
            if info.st_nlink > 1 {
                let id = FileID(device: UInt64(info.st_dev), inode: UInt64(info.st_ino))
                node.linkedTo = firstNames[id]
                if node.linkedTo == nil { firstNames[id] = node.path }
            }
            guard visitor.wants(node) else { return try visitor.take(node, nil) }
            let file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
            guard file >= 0 else {
                node.unreadable = "it cannot be opened: \(Errno(rawValue: errno))"
                return try visitor.take(node, nil)
            }
            defer { close(file) }
            let path = source.root.appending(node.path)
            node.attributes = try ExtendedAttributes.kept(of: file, path: node.path)
            try visitor.take(
                node,
                ServerContent { buffer in
                    while true {
                        let count = read(file, buffer.baseAddress, buffer.count)
                        if count >= 0 { return count }
                        guard errno == EINTR else { throw SystemError.last("read \(path)") }
                    }
                }
            )
        }

        /// Shown all the same, as what could not be read.
        private func refuse(
            _ path: String,
            _ why: String,
            _ visitor: inout some ServerVisitor
        ) throws {
            var node = ServerNode(path, .directory, mode: 0o755)
            node.unreadable = why
            try visitor.take(node, nil)
        }

        func node(_ path: String, _ info: stat) -> ServerNode {
            let kind: ServerNode.Kind =
                switch info.st_mode & S_IFMT {
                case S_IFREG: .file
                case S_IFDIR: .directory
                case S_IFLNK: .symlink("")
                case S_IFIFO: .fifo
                case S_IFSOCK: .socket
                default: .device
                }
            return ServerNode(
                path,
                kind,
                mode: UInt32(info.st_mode) & 0o7777,
                uid: info.st_uid,
                gid: info.st_gid,
                size: Int64(info.st_size)
            )
        }

        private func linkTarget(_ name: String, in directory: Int32) -> String? {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = buffer.withUnsafeMutableBytes { bytes -> Int in
                guard let base = bytes.baseAddress else { return 0 }
                return readlinkat(directory, name, base.assumingMemoryBound(to: CChar.self), bytes.count)
            }
            return count >= 0 ? String(validating: buffer[..<count], as: UTF8.self) : nil
        }
    }
}
