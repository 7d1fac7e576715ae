/// A user of the server, without anything that lets one in.
package struct ServerUser: Sendable, Hashable {
    package var name: String
    package var uid: UInt32
    package var gid: UInt32
    package var home: String
    package var shell: String
    package var comment: String

    /// Somebody can log in.
    package var hasShell: Bool {
        !["nologin", "false", "sync", "shutdown", "halt"].contains(shell.split(separator: "/").last ?? "")
            && !shell.isEmpty
    }
}

package struct ServerGroup: Sendable, Hashable {
    package var name: String
    package var gid: UInt32
    package var members: [String]
}

/// passwd(5), group(5), shadow(5). Lines that make no sense are passed over.
package enum AccountReader {
    package static func users(_ bytes: [UInt8]) -> [ServerUser] {
        rows(bytes).compactMap { fields in
            guard fields.count >= 7, isName(fields[0]), let uid = UInt32(fields[2]),
                let gid = UInt32(fields[3])
            else { return nil }
            return ServerUser(
                name: fields[0],
                uid: uid,
                gid: gid,
                home: fields[5],
                shell: fields[6],
                comment: fields[4]
            )
        }
    }

    package static func groups(_ bytes: [UInt8]) -> [ServerGroup] {
        rows(bytes).compactMap { fields in
            guard fields.count >= 3, isName(fields[0]), let gid = UInt32(fields[2]) else { return nil }
            let members = fields.count > 3 ? fields[3].split(separator: ",").map(String.init) : []
            return ServerGroup(name: fields[0], gid: gid, members: members.filter(isName))
        }
    }

    /// Who has a password that opens something. What it is is not kept.
    package static func usersWithPasswords(_ bytes: [UInt8]) -> Set<String> {
        Set(
            rows(bytes).compactMap { fields in
                guard fields.count >= 2, isName(fields[0]), let first = fields[1].first else { return nil }
                return first == "!" || first == "*" ? nil : fields[0]
            }
        )
    }

    /// What a shell script may be given without quotes.
    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, first != 45 else { return false }
        return text.utf8.count <= 64
            && text.utf8.allSatisfy {
                (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || $0 == 45
                    || $0 == 95
                    || $0 == 46
            }
    }

    private static func rows(_ bytes: [UInt8]) -> [[String]] {
        bytes.split(separator: 0x0A).compactMap { line in
            guard line.first != UInt8(ascii: "#"), line.first != UInt8(ascii: "+"),
                line.first != UInt8(ascii: "-")
            else {
                return nil
            }
            return line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
        }
    }
}
