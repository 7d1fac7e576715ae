import Glibc
import KilnSystem
import SystemPackage

/// One overlay by the new mount calls (fsopen(2), fsconfig(2)), which take each lower folder by itself: neither `:` in a path
/// nor the size of an option page matters.
struct OverlayContext {
    /// The topmost first.
    let lowers: [FilePath]
    let upper: OverlayMount.Upper?

    func mount(at target: FilePath) throws {
        let context = fsopen("overlay", UInt32(FSOPEN_CLOEXEC))
        guard context >= 0 else { throw SystemError.last("open an overlay for \(target)") }
        defer { close(context) }
        for (key, value) in options { try set(context, key, value, target) }
        if upper?.isVolatile == true { try set(context, FSCONFIG_SET_FLAG, "volatile", nil, target) }
        try set(context, FSCONFIG_CMD_CREATE, nil, nil, target)
        let attributes = upper == nil ? UInt32(MOUNT_ATTR_RDONLY) : 0
        let mount = fsmount(context, UInt32(FSMOUNT_CLOEXEC), attributes)
        guard mount >= 0 else { throw failure(context, target) }
        defer { close(mount) }
        guard move_mount(mount, "", AT_FDCWD, target.string, UInt32(MOVE_MOUNT_F_EMPTY_PATH)) == 0 else {
            throw failure(context, target)
        }
    }

    private var options: [(key: String, value: String)] {
        var options = [("source", "kiln"), ("metacopy", "off"), ("redirect_dir", "off"), ("index", "off")]
        options += lowers.map { ("lowerdir+", $0.string) }
        if let upper {
            options += [("upperdir", upper.directory.string), ("workdir", upper.work.string)]
        }
        return options
    }

    private func set(_ context: Int32, _ key: String, _ value: String, _ target: FilePath) throws {
        try set(context, FSCONFIG_SET_STRING, key, value, target)
    }

    private func set(
        _ context: Int32,
        _ command: fsconfig_command,
        _ key: String?,
        _ value: String?,
        _ target: FilePath
    ) throws {
        guard fsconfig(context, command.rawValue, key, value, 0) == 0 else {
            throw failure(context, target, key: key)
        }
    }

    /// With the kernel's own words, which it keeps in the context.
    private func failure(_ context: Int32, _ target: FilePath, key: String? = nil) -> StoreError {
        var why = Errno(rawValue: errno).description
        if let key { why = "\(key): \(why)" }
        var buffer = [UInt8](repeating: 0, count: 1024)
        while case let count = read(context, &buffer, buffer.count), count > 0 {
            why += "\n" + String(decoding: buffer[..<count], as: UTF8.self)
        }
        return StoreError(.mountRefused(target, why: why))
    }
}
