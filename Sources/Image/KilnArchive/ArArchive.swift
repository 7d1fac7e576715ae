import Glibc
import KilnSystem
package import SystemPackage

/// The members of an ar archive in the format that Debian packages have (deb(5)): short names, no table of symbols.
/// A class: it owns the open file and closes it once.
package final class ArArchive: Sendable {
    package struct Member: Sendable, Hashable {
        package let name: String
        /// Where its content begins in the file.
        package let offset: Int64
        package let size: Int64
    }

    private static let magic = Array("!<arch>\n".utf8)
    private static let headerSize: Int64 = 60
    private static let memberLimit = 64

    package let members: [Member]
    private let path: FilePath
    private let descriptor: Int32

    /// Reads the headers alone. nil when the file is no such archive, or ends within a member.
    package init?(_ path: FilePath) throws(ArchiveError) {
        let descriptor = open(path.string, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ArchiveError(.system(.last("open \(path)"))) }
        guard let members = Self.members(in: descriptor) else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
        self.path = path
        self.members = members
    }

    deinit {
        close(descriptor)
    }

    /// The member's bytes, from its beginning.
    package func source(of member: Member) -> some ByteSource {
        MemberSource(archive: self, position: member.offset, end: member.offset + member.size)
    }

    private static func members(in descriptor: Int32) -> [Member]? {
        var info = stat()
        guard fstat(descriptor, &info) == 0, bytes(8, at: 0, of: descriptor) == magic else { return nil }
        let fileSize = Int64(info.st_size)
        var members: [Member] = []
        var position = Int64(magic.count)
        while position < fileSize {
            guard members.count < memberLimit,
                let header = bytes(Int(headerSize), at: position, of: descriptor),
                let (name, size) = fields(of: header), size <= fileSize - position - headerSize
            else { return nil }
            members.append(Member(name: name, offset: position + headerSize, size: size))
            // Content of odd length is followed by a filler.
            position += headerSize + size + size % 2
        }
        return members
    }

    /// Name (16 bytes), time (12), owner (6), group (6), mode (8), size (10), and the end mark.
    private static func fields(of header: [UInt8]) -> (name: String, size: Int64)? {
        guard header[58] == 0x60, header[59] == 0x0A else { return nil }
        let name = String(decoding: header[..<16], as: UTF8.self).prefix { $0 != " " && $0 != "/" }
        let digits = header[48..<58].prefix { $0 != UInt8(ascii: " ") }
        guard !name.isEmpty, !digits.isEmpty, digits.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        return (String(name), digits.reduce(0) { 10 * $0 + Int64($1 - 48) })
    }

    private static func bytes(_ count: Int, at offset: Int64, of descriptor: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return pread(descriptor, &bytes, count, off_t(offset)) == count ? bytes : nil
    }

    private struct MemberSource: ByteSource {
        let archive: ArArchive
        var position: Int64
        let end: Int64

        mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
            let wanted = min(buffer.count, Int(end - position))
            guard wanted > 0 else { return 0 }
            while true {
                let count = pread(archive.descriptor, buffer.baseAddress, wanted, off_t(position))
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw ArchiveError(.system(.last("read \(archive.path)"))) }
                guard count > 0 else { throw ArchiveError(.truncated) }
                position += Int64(count)
                return count
            }
        }
    }
}
