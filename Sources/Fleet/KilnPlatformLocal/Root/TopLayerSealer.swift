import Glibc
import KilnOCI
import KilnSystem
import SystemPackage

/// Makes an EROFS file of a top layer.
struct TopLayerSealer: Sendable {
    let runner: ToolRunner
    /// In memory, since the tool syncs what it writes. The result is then put on disk: the kernel mounts no file from a tmpfs.
    let scratch: FilePath

    /// The digest of the file that was made.
    func seal(_ layer: TopLayer, to file: FilePath) async throws -> Digest {
        try await TemporaryDirectory.with(in: scratch, prefix: "top-") { folder in
            let tree = folder.appending("tree")
            let made = folder.appending("made")
            for (path, entry) in layer.entries.sorted(by: { $0.key.string < $1.key.string }) {
                var relative = path
                relative.root = nil
                try Self.lay(entry, at: tree.pushing(relative))
            }
            try await runner.run(Self.invocation(tree: tree, file: made))
            let bytes = try Files.read(made)
            try Files.write(bytes, to: file, mode: 0o400, synced: false)
            return Digest(of: bytes)
        }
    }

    /// Fixed times and a fixed volume id, so that the same content gives the same file.
    static func invocation(tree: FilePath, file: FilePath) -> ToolInvocation {
        ToolInvocation(
            "mkfs.erofs",
            ["-T", "0", "-U", "00000000-0000-0000-0000-000000000000", "-x", "-1", file.string, tree.string]
        )
    }

    private static func lay(_ entry: TopLayer.Entry, at path: FilePath) throws {
        switch entry.content {
        case .directory: try Files.createDirectory(path)
        case .file(let bytes): try Files.write(bytes, to: path, mode: 0o600, synced: false)
        }
        guard chown(path.string, entry.userID, entry.groupID) == 0, chmod(path.string, entry.mode) == 0 else {
            throw SystemError.last("set the owner and mode of \(path)")
        }
    }
}
