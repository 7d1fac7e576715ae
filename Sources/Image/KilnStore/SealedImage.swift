import Glibc
import KilnOCI
import KilnSystem
import SystemPackage

/// The EROFS file that a layer's tree becomes: the same bytes for the same layer.
struct SealedImage {
    let path: FilePath
    let tree: FilePath
    let diffID: DiffID

    /// Files keep their own times; the id of the file system comes from the layer. The superblock goes without its own checksum,
    /// because the time in it is cleared afterwards, and the whole file has a digest.
    var invocation: ToolInvocation {
        let hex = Array(diffID.hex)
        let groups = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(hex[$0]) }
        return ToolInvocation(
            "mkfs.erofs",
            [
                "--quiet", "--preserve-mtime", "-Enosbcrc", "-U", groups.joined(separator: "-"), path.string,
                tree.string,
            ]
        )
    }

    /// Clears the time of making, which mkfs.erofs 1.5 can fix only together with the times of all files.
    func clearBuildTime() throws {
        let file = open(path.string, O_RDWR | O_CLOEXEC)
        guard file >= 0 else { throw SystemError.last("open \(path)") }
        defer { close(file) }
        var magic = [UInt8](repeating: 0, count: 4)
        guard pread(file, &magic, magic.count, Self.superblock) == magic.count, magic == Self.magic else {
            throw StoreError(.unreadable(path, why: "it is no EROFS file system"))
        }
        let zeros = [UInt8](repeating: 0, count: Self.timeSize)
        guard pwrite(file, zeros, zeros.count, Self.superblock + Self.timeOffset) == zeros.count else {
            throw SystemError.last("write \(path)")
        }
    }

    /// Linux, fs/erofs/erofs_fs.h: struct erofs_super_block.
    private static let superblock: off_t = 1024
    private static let magic: [UInt8] = [0xE2, 0xE1, 0xF5, 0xE0]
    private static let timeOffset: off_t = 24
    /// Seconds in 8 bytes, nanoseconds in 4.
    private static let timeSize = 12
}
