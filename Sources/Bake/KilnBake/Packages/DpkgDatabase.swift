import Glibc
import KilnSystem
import SystemPackage

/// dpkg's record of what is installed, in a root that it has not run in yet. dpkg writes all of it anew, in its own
/// form, the first time that it does.
struct DpkgDatabase: Sendable {
    let root: FilePath

    static let folders = ["var/lib/dpkg", "var/lib/dpkg/info", "var/lib/dpkg/updates"]
    static let emptyFiles = ["var/lib/dpkg/status", "var/lib/dpkg/available"]

    /// Enters packages as unpacked. `lists` holds their files by the package's name.
    func enter(_ archives: [ControlArchive], lists: [String: [String]]) throws {
        let folder = root.pushing("var/lib/dpkg")
        let info = folder.appending("info")
        try write(Array("1\n".utf8), to: info.appending("format"), mode: 0o644)
        var status = ""
        for archive in archives.sorted(by: { $0.control.name < $1.control.name }) {
            let list = (lists[archive.control.name] ?? []).map { $0 + "\n" }.joined()
            try write(Array(list.utf8), to: info.appending(archive.databaseName + ".list"), mode: 0o644)
            for (name, member) in archive.members where name != "control" {
                let file = info.appending("\(archive.databaseName).\(name)")
                try write(member.content, to: file, mode: member.mode, time: member.time)
            }
            status += Self.entry(archive) + "\n"
        }
        try write(Array(status.utf8), to: folder.appending("status"), mode: 0o644)
    }

    private static func entry(_ archive: ControlArchive) -> String {
        var lines = archive.stanza.split(separator: "\n").map(String.init)
        lines.append("Status: install ok unpacked")
        if !archive.conffiles.isEmpty {
            lines.append("Conffiles:")
            lines += archive.conffiles.map { " \($0) newconffile" }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// Without syncing: the root is thrown away when it is not finished.
    private func write(_ bytes: [UInt8], to path: FilePath, mode: UInt32, time: Int64? = nil) throws {
        let descriptor = open(path.string, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SystemError.last("create \(path)") }
        defer { close(descriptor) }
        _ = try FileDescriptor(rawValue: descriptor).writeAll(bytes)
        guard fchmod(descriptor, mode_t(mode)) == 0 else { throw SystemError.last("write \(path)") }
        guard let time else { return }
        let times = [timespec](repeating: timespec(tv_sec: Int(time), tv_nsec: 0), count: 2)
        guard futimens(descriptor, times) == 0 else { throw SystemError.last("set the time of \(path)") }
    }
}
