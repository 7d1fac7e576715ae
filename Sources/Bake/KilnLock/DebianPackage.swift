import Glibc
import KilnSystem
package import SystemPackage

/// A .deb as a file (deb(5)): an ar archive whose first member is `debian-binary`.
package enum DebianPackage {
    /// When the package was built, by its first member's time: seconds since 1970.
    package static func buildTime(of file: FilePath) throws -> Int64 {
        let descriptor = try FileDescriptor.open(file, .readOnly, options: .closeOnExec)
        defer { try? descriptor.close() }
        var head = [UInt8](repeating: 0, count: 68)
        let count = try head.withUnsafeMutableBytes { try descriptor.read(fromAbsoluteOffset: 0, into: $0) }
        guard count == head.count, let time = buildTime(inHead: head) else {
            throw LockError(
                .notPackage,
                "\(file.lastComponent?.string ?? file.string) is no Debian package",
                causes: ["it does not start with an ar member debian-binary from before the year 10000"]
            )
        }
        return time
    }

    /// The first 68 bytes: the magic, then name (16), time (12), owner (6), group (6), mode (8), size (10), end (2).
    static func buildTime(inHead head: [UInt8]) -> Int64? {
        guard head.count >= 68, head.starts(with: "!<arch>\n".utf8), head[66] == 0x60, head[67] == 0x0A else {
            return nil
        }
        let name = String(decoding: head[8..<24], as: UTF8.self).prefix { $0 != " " && $0 != "/" }
        let time = String(decoding: head[24..<36], as: UTF8.self).prefix { $0 != " " }
        guard name == "debian-binary", let seconds = Int64(time),
            (0...LockReader.Limit.epoch).contains(seconds)
        else { return nil }
        return seconds
    }
}
