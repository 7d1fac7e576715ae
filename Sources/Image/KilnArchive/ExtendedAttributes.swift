import CLinux
import Glibc
import KilnSystem
package import SystemPackage

/// The attributes that layers keep, of open files.
package enum ExtendedAttributes {
    /// What mounts and machines write for themselves stays out of layers and is never taken from them.
    package static func isKept(_ name: String) -> Bool {
        name == "security.capability" || name == "system.posix_acl_access"
            || name == "system.posix_acl_default"
            || (name.hasPrefix("user.") && !name.hasPrefix("user.overlay."))
    }

    /// Overlay's own attributes, by which a file can be made to show another's content.
    package static func isOverlay(_ name: String) -> Bool {
        name.hasPrefix("trusted.overlay.") || name.hasPrefix("user.overlay.")
    }

    /// By which overlayfs shows nothing of the layers below in a folder (overlayfs.rst).
    static let opaque = "trusted.overlay.opaque"

    /// Whether the folder hides what the layers below have there. Of a layer's root overlayfs itself takes no notice.
    package static func isOpaque(_ folder: FilePath) -> Bool {
        var value: UInt8 = 0
        return getxattr(folder.string, opaque, &value, 1) == 1 && value == UInt8(ascii: "y")
    }

    static func isOpaque(_ descriptor: Int32) -> Bool {
        var value: UInt8 = 0
        return fgetxattr(descriptor, opaque, &value, 1) == 1 && value == UInt8(ascii: "y")
    }

    /// `path` is for the error. File systems without attributes have none.
    package static func names(of descriptor: Int32, path: String) throws -> [String] {
        var buffer = [UInt8](repeating: 0, count: 1024)
        while true {
            let count = buffer.withUnsafeMutableBytes {
                flistxattr(descriptor, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
            }
            if count >= 0 {
                return try buffer[..<count].split(separator: 0).map { name in
                    guard let name = String(validating: name, as: UTF8.self) else {
                        throw ArchiveError(.notUTF8, path: path)
                    }
                    return name
                }
            }
            switch errno {
            case ERANGE where buffer.count < 1 << 20: buffer = [UInt8](repeating: 0, count: buffer.count * 4)
            case ENOTSUP, EBADF: return []
            default: throw SystemError.last("list the attributes of \(path)")
            }
        }
    }

    /// Those that are kept, with their values. Most files have none at all, which one call tells.
    package static func kept(of descriptor: Int32, path: String) throws -> [String: [UInt8]] {
        guard flistxattr(descriptor, nil, 0) > 0 else { return [:] }
        var found: [String: [UInt8]] = [:]
        for name in try names(of: descriptor, path: path) where isKept(name) {
            found[name] = try value(name, of: descriptor, path: path)
        }
        return found
    }

    package static func value(_ name: String, of descriptor: Int32, path: String) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 256)
        while true {
            let count = buffer.withUnsafeMutableBytes {
                fgetxattr(descriptor, name, $0.baseAddress, $0.count)
            }
            if count >= 0 { return Array(buffer[..<count]) }
            guard errno == ERANGE, buffer.count < 1 << 20 else {
                throw SystemError.last("read attribute \(name) of \(path)")
            }
            buffer = [UInt8](repeating: 0, count: buffer.count * 16)
        }
    }

    package static func set(_ name: String, _ value: [UInt8], of descriptor: Int32, path: String) throws {
        guard fsetxattr(descriptor, name, value, value.count, 0) == 0 else {
            throw SystemError.last("write attribute \(name) of \(path)")
        }
    }

    /// Takes an attribute away; one that isn't there is fine.
    package static func remove(_ name: String, of descriptor: Int32, path: String) throws {
        guard fremovexattr(descriptor, name) == 0 || errno == ENODATA || errno == ENOTSUP else {
            throw SystemError.last("remove attribute \(name) of \(path)")
        }
    }

    /// Takes a folder's default access control list away (acl(5)): what is made in the folder would take it over, and
    /// with it into layers.
    package static func dropDefaultAccess(of folder: FilePath) throws {
        let descriptor = open(folder.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError.last("open \(folder)") }
        defer { close(descriptor) }
        let name = "system.posix_acl_default"
        guard try names(of: descriptor, path: folder.string).contains(name) else { return }
        try remove(name, of: descriptor, path: folder.string)
    }
}
