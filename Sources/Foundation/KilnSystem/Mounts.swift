import Glibc
import Synchronization
package import SystemPackage

/// One line of `/proc/<pid>/mountinfo` (proc(5)).
package struct MountEntry: Sendable, Hashable {
    package let id: Int
    package let parent: Int
    /// `major:minor`: which file system it is, since one type may stand at one place twice.
    package let device: String
    /// The directory of the file system that is shown, for bind mounts.
    package let root: String
    package let target: FilePath
    package let options: [String]
    package let type: String
    package let source: String
    package let superOptions: [String]
}

/// The mounts of this process or of another.
package struct MountTable: Sendable {
    package let entries: [MountEntry]
    /// As the kernel wrote it.
    package let text: String

    package init(parsing text: String) {
        self.text = text
        entries = text.split(separator: "\n").compactMap(Self.entry)
    }

    package static func current() throws -> MountTable {
        try watched.withLock { watched in
            if watched == nil { watched = try WatchedMountTable("/proc/self/mountinfo") }
            return try watched?.table() ?? read("/proc/self/mountinfo")
        }
    }

    private static let watched = Mutex<WatchedMountTable?>(nil)

    package static func of(processID: Int32) throws -> MountTable {
        try read(FilePath("/proc/\(processID)/mountinfo"))
    }

    /// Tables that were read before: most that are looked at again and again stay as they are.
    private static let known = Mutex<[FilePath: MountTable]>([:])
    private static let knownLimit = 200

    private static func read(_ path: FilePath) throws -> MountTable {
        let text = try Files.readText(path)
        if let known = known.withLock({ $0[path] }), known.text == text { return known }
        let table = MountTable(parsing: text)
        known.withLock { known in
            if known.count >= knownLimit { known = [:] }
            known[path] = table
        }
        return table
    }

    /// What is mounted at or below the path, symlinks in it followed, in the order of mounting.
    package func under(_ path: FilePath) -> [MountEntry] {
        let path = path.resolved
        return entries.filter { $0.target.starts(with: path) }
    }

    /// Whether something is mounted at the path, symlinks in it followed.
    package func isMounted(_ path: FilePath) -> Bool {
        let path = path.resolved
        return entries.contains { $0.target == path }
    }

    private static func entry(_ line: Substring) -> MountEntry? {
        let halves = line.split(separator: " ", omittingEmptySubsequences: false)
        guard let dash = halves.firstIndex(of: "-"), dash >= 6, halves.count >= dash + 4,
            let id = Int(halves[0]), let parent = Int(halves[1])
        else { return nil }
        return MountEntry(
            id: id,
            parent: parent,
            device: String(halves[2]),
            root: unescape(halves[3]),
            target: FilePath(unescape(halves[4])),
            options: halves[5].split(separator: ",").map(String.init),
            type: String(halves[dash + 1]),
            source: unescape(halves[dash + 2]),
            superOptions: halves[dash + 3].split(separator: ",").map(String.init)
        )
    }

    /// Undoes the octal escapes for space, tab, newline and backslash.
    private static func unescape(_ text: Substring) -> String {
        guard text.contains("\\") else { return String(text) }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3,
                let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// mount(2) and umount2(2).
package enum Mounts {
    package struct Flags: OptionSet, Sendable {
        package let rawValue: UInt
        package init(rawValue: UInt) { self.rawValue = rawValue }
        package static let readOnly = Flags(rawValue: UInt(MS_RDONLY))
        package static let noSetUserID = Flags(rawValue: UInt(MS_NOSUID))
        package static let noDevices = Flags(rawValue: UInt(MS_NODEV))
        package static let bind = Flags(rawValue: UInt(MS_BIND))
    }

    package static func mount(
        _ source: String,
        at target: FilePath,
        type: String? = nil,
        flags: Flags = [],
        options: String = ""
    ) throws {
        guard Glibc.mount(source, target.string, type, flags.rawValue, options) == 0 else {
            throw SystemError.last("mount \(type ?? source) at \(target)")
        }
    }

    /// Unmounts everything at and below the path, the last mounted first. Nothing mounted is fine.
    package static func unmountAll(under path: FilePath) throws {
        for entry in try MountTable.current().under(path).reversed() {
            try unmount(entry.target)
        }
    }

    /// Unmounts what is at the path; when it is busy it leaves the tree at once and ends with its last user.
    package static func unmount(_ path: FilePath) throws {
        if umount2(path.string, Int32(UMOUNT_NOFOLLOW)) == 0 { return }
        if errno == EINVAL || errno == ENOENT { return }
        guard errno == EBUSY, umount2(path.string, Int32(MNT_DETACH) | Int32(UMOUNT_NOFOLLOW)) == 0 else {
            throw SystemError.last("unmount \(path)")
        }
    }
}
