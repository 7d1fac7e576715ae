import CLinux
import Glibc
import KilnArchive
import KilnDrift
import KilnOCI
import KilnSystem
import SystemPackage

/// One name in a folder that is open, with what decides whether it is the image's: found again by its very bytes, links not
/// followed.
struct UpperNode {
    enum Kind: Hashable {
        case file(size: Int64)
        case directory
        case symlink(target: String)
        case characterDevice(UInt64)
        case blockDevice(UInt64)
        case pipe
        case socket
    }

    let kind: Kind
    let mode: UInt32
    let userID: UInt32
    let groupID: UInt32
    let modified: Int64
    /// Seconds since 1970; moves with every change of content or metadata.
    let changed: Int64
    let attributes: [String: [UInt8]]
    /// In a way that overlayfs would read something else from.
    let overlayTricks: [String]
    let isOpaque: Bool

    /// By which overlayfs shows that nothing is there any more.
    var isWhiteout: Bool { kind == .characterDevice(0) }

    /// nil when there is no such name.
    init?(_ name: [CChar], in folder: Int32) {
        var info = stat()
        guard fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        mode = UInt32(info.st_mode & 0o7777)
        (userID, groupID) = (info.st_uid, info.st_gid)
        modified = Int64(info.st_mtim.tv_sec)
        changed = Int64(info.st_ctim.tv_sec)
        var isReadable = false
        switch info.st_mode & S_IFMT {
        case S_IFREG: (kind, isReadable) = (.file(size: Int64(info.st_size)), true)
        case S_IFDIR: (kind, isReadable) = (.directory, true)
        case S_IFLNK: kind = .symlink(target: Self.target(name, folder))
        case S_IFCHR: kind = .characterDevice(UInt64(info.st_rdev))
        case S_IFBLK: kind = .blockDevice(UInt64(info.st_rdev))
        case S_IFIFO: kind = .pipe
        default: kind = .socket
        }
        var (attributes, tricks): ([String: [UInt8]], [String]) = ([:], [])
        var isOpaque = false
        if isReadable {
            let descriptor = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            guard descriptor >= 0 else { return nil }
            defer { close(descriptor) }
            for attribute in (try? ExtendedAttributes.names(of: descriptor, path: "")) ?? [] {
                let value = (try? ExtendedAttributes.value(attribute, of: descriptor, path: "")) ?? []
                switch attribute {
                case "trusted.overlay.opaque": isOpaque = value == [UInt8(ascii: "y")]
                case "trusted.overlay.redirect", "trusted.overlay.metacopy": tricks.append(attribute)
                case _ where ExtendedAttributes.isOverlay(attribute) || attribute == "security.selinux":
                    continue
                default: attributes[attribute] = value
                }
            }
        }
        (self.attributes, overlayTricks, self.isOpaque) = (attributes, tricks, isOpaque)
    }

    private static func target(_ name: [CChar], _ folder: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = max(0, readlinkat(folder, name, &buffer, buffer.count))
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// For people.
    var words: String {
        switch kind {
        case .file(let size): "file of \(size) bytes"
        case .directory: "folder"
        case .symlink(let target): "link to \(target)"
        case .characterDevice(let number), .blockDevice(let number):
            "device \(gnu_dev_major(UInt(number))):\(gnu_dev_minor(UInt(number)))"
        case .pipe: "pipe"
        case .socket: "socket"
        }
    }

    var ownership: String {
        let special = mode & 0o6000 == 0 ? "" : mode & 0o4000 != 0 ? ", set-user-ID" : ", set-group-ID"
        return "mode \(String(mode, radix: 8)), owner \(userID):\(groupID)\(special)"
    }

    /// What of owner, mode and attributes is not as there, for people.
    func metadataDifferences(from sealed: UpperNode) -> [String] {
        var differences: [String] = []
        if mode != sealed.mode {
            differences.append("mode \(String(mode, radix: 8)) instead of \(String(sealed.mode, radix: 8))")
        }
        if (userID, groupID) != (sealed.userID, sealed.groupID) {
            differences.append("owner \(userID):\(groupID) instead of \(sealed.userID):\(sealed.groupID)")
        }
        for name in Set(attributes.keys).union(sealed.attributes.keys).sorted() {
            switch (sealed.attributes[name], attributes[name]) {
            case (nil, _?): differences.append("attribute \(name) is new")
            case (_?, nil): differences.append("attribute \(name) is gone")
            case (let old, let new): if old != new { differences.append("attribute \(name) differs") }
            }
        }
        return differences
    }
}
