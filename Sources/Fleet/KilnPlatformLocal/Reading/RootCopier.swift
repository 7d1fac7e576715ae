import Glibc
import KilnDiagnostics
import KilnSystem
import SystemPackage

/// Copies out of an instance's root what is open in it: files, folders and links; the rest is named.
struct RootCopier {
    /// Deeper trees are refused: each level holds a folder open.
    static let depthLimit = 256
    /// File systems that hold no files: what is in them is made when it is read.
    private static let kernelTypes: Set<String> = ["proc", "sysfs", "cgroup", "cgroup2", "mqueue", "devpts"]
    /// Holds an instance's secrets, and nothing else in it.
    private static let secretType = "ramfs"

    let owner: FileOwner?
    /// The types of the file systems in the root, by their device as `mountinfo` writes it.
    let types: [String: String]
    private(set) var omissions: [InstanceRoot.Omission] = []

    init(owner: FileOwner?, types: [String: String]) {
        self.owner = owner
        self.types = types
    }

    /// `source` is named, not opened: a device or a pipe is never touched.
    mutating func copy(_ source: Int32, as path: FilePath, to target: FilePath, depth: Int) throws {
        try Blocking.checkCancellation()
        var facts = stat()
        guard fstat(source, &facts) == 0 else { throw SystemError.last("look at \(path)") }
        if let reason = omission(facts) {
            omissions.append(InstanceRoot.Omission(path: path, reason: reason))
            return
        }
        let mode = facts.st_mode & 0o777
        switch facts.st_mode & S_IFMT {
        case S_IFDIR: try copyFolder(source, as: path, to: target, mode: mode, depth: depth)
        case S_IFLNK:
            guard symlink(try Self.target(of: source, path), target.string) == 0 else {
                throw SystemError.last("make the link \(target)")
            }
            try give(target)
        default: try copyFile(source, as: path, to: target, mode: mode, size: Int64(facts.st_size))
        }
    }

    /// The text of a link that is named by a descriptor.
    static func target(of link: Int32, _ path: FilePath) throws -> String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { readlinkat(link, "", $0, text.count) } ?? -1
            }
        }
        guard count >= 0 else { throw SystemError.last("read the link \(path)") }
        guard let text = String(validating: buffer.prefix(count), as: UTF8.self) else {
            throw SystemError("read the link \(path)", .illegalByteSequence)
        }
        return text
    }

    private func omission(_ facts: stat) -> InstanceRoot.Omission.Reason? {
        switch facts.st_mode & S_IFMT {
        case S_IFCHR, S_IFBLK: return .device
        case S_IFSOCK: return .socket
        case S_IFIFO: return .pipe
        default: break
        }
        guard let type = types[Self.device(UInt64(facts.st_dev))] else { return nil }
        if type == Self.secretType { return .secret }
        return Self.kernelTypes.contains(type) ? .kernel : nil
    }

    /// `major:minor`, as makedev(3) packs them.
    private static func device(_ number: UInt64) -> String {
        let major = (number >> 8 & 0xfff) | (number >> 32 & 0xffff_f000)
        let minor = (number & 0xff) | (number >> 12 & 0xffff_ff00)
        return "\(major):\(minor)"
    }

    private mutating func copyFolder(
        _ source: Int32,
        as path: FilePath,
        to target: FilePath,
        mode: mode_t,
        depth: Int
    ) throws {
        guard depth < Self.depthLimit else { throw SystemError("copy \(path)", .fileNameTooLong) }
        guard mkdir(target.string, 0o700) == 0 else { throw SystemError.last("make the folder \(target)") }
        let names = try Files.names(in: source, at: path) { String(validatingCString: $0) }
        for name in names.sorted(by: { ($0 ?? "") < ($1 ?? "") }) {
            guard let name else { throw SystemError("read a name in \(path)", .illegalByteSequence) }
            let child = openat(source, name, InstanceRoot.pathOnly | O_NOFOLLOW | O_CLOEXEC)
            // What runs goes on meanwhile: a file that was just removed is none any more.
            if child < 0, errno == ENOENT { continue }
            guard child >= 0 else { throw SystemError.last("open \(path.appending(name))") }
            defer { close(child) }
            try copy(child, as: path.appending(name), to: target.appending(name), depth: depth + 1)
        }
        try finish(target, mode)
    }

    /// As much as there was when it was looked at: a log that grows comes to an end.
    private func copyFile(
        _ source: Int32,
        as path: FilePath,
        to target: FilePath,
        mode: mode_t,
        size: Int64
    ) throws {
        // A descriptor that only names a file is opened by its link, without a second look at the path.
        let input = open("/proc/self/fd/\(source)", O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw SystemError.last("read \(path)") }
        defer { close(input) }
        let output = open(target.string, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw SystemError.last("write \(target)") }
        defer { close(output) }
        let (reader, writer) = (FileDescriptor(rawValue: input), FileDescriptor(rawValue: output))
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        var left = size
        while left > 0 {
            try Blocking.checkCancellation()
            let count = try buffer.withUnsafeMutableBytes { bytes in
                let part = UnsafeMutableRawBufferPointer(rebasing: bytes[..<min(bytes.count, Int(left))])
                return try named("read \(path)") { try reader.read(into: part) }
            }
            if count == 0 { break }
            try named("write \(target)") { _ = try writer.writeAll(buffer[..<count]) }
            left -= Int64(count)
        }
        guard fsync(output) == 0 else { throw SystemError.last("write \(target)") }
        try finish(target, mode)
    }

    private func named<Result>(_ action: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as Errno {
            throw SystemError(action, error)
        }
    }

    /// The owner first: giving a file away takes bits from its mode.
    private func finish(_ target: FilePath, _ mode: mode_t) throws {
        try give(target)
        guard chmod(target.string, mode) == 0 else { throw SystemError.last("set the mode of \(target)") }
    }

    private func give(_ target: FilePath) throws {
        guard let owner else { return }
        guard lchown(target.string, owner.userID, owner.groupID) == 0 else {
            throw SystemError.last("give \(target) to its user")
        }
    }
}
