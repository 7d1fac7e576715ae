import KilnDefinition
import KilnDiagnostics

/// The four account files of an image as text, and how users are added to them (passwd(5), group(5), shadow(5),
/// gshadow(5)).
struct AccountFiles: Sendable, Hashable {
    struct User: Sendable, Hashable {
        let name: String
        let uid: UInt32
        let gid: UInt32
    }

    struct Group: Sendable, Hashable {
        let name: String
        let gid: UInt32
    }

    var passwd: String
    var group: String
    var shadow: String
    var gshadow: String

    init(passwd: String = "", group: String = "", shadow: String = "", gshadow: String = "") {
        self.passwd = passwd
        self.group = group
        self.shadow = shadow
        self.gshadow = gshadow
    }

    func users() throws -> [User] {
        try Self.lines(passwd).map { line in
            let fields = AccountText.fields(line)
            guard fields.count >= 4, let uid = UInt32(fields[2]), let gid = UInt32(fields[3]) else {
                throw BakeError.malformedAccounts("/etc/passwd", line: String(line))
            }
            return User(name: String(fields[0]), uid: uid, gid: gid)
        }
    }

    func groups() throws -> [Group] {
        try Self.lines(group).map { line in
            let fields = AccountText.fields(line)
            guard fields.count >= 3, let gid = UInt32(fields[2]) else {
                throw BakeError.malformedAccounts("/etc/group", line: String(line))
            }
            return Group(name: String(fields[0]), gid: gid)
        }
    }

    /// With the users appended, by uid; each gets a group of its name and id and a locked password that was last
    /// changed at the epoch, which is the newest of the image and those below it.
    func adding(_ users: [UserDefinition], epoch: Int64) throws -> AccountFiles {
        var result = self
        for user in users.sorted(by: { ($0.uid, $0.name) < ($1.uid, $1.name) }) {
            try result.checkUnused(user)
            let home = user.home
            Self.append("\(user.name):x:\(user.uid):\(user.uid)::\(home):\(user.shell)", to: &result.passwd)
            Self.append("\(user.name):x:\(user.uid):", to: &result.group)
            Self.append("\(user.name):!:\(ShadowDays.field(epoch))::::::", to: &result.shadow)
            Self.append("\(user.name):!::", to: &result.gshadow)
        }
        return result
    }

    private func checkUnused(_ user: UserDefinition) throws {
        for other in try users() where other.name == user.name || other.uid == user.uid {
            throw BakeError.duplicateUser(
                other.name == user.name
                    ? "the image has a user \"\(user.name)\" already (uid \(other.uid))"
                    : "uid \(user.uid) belongs to \"\(other.name)\" already",
                at: user.span
            )
        }
        for other in try groups() where other.name == user.name || other.gid == user.uid {
            throw BakeError.duplicateUser(
                other.name == user.name
                    ? "the image has a group \"\(user.name)\" already (gid \(other.gid))"
                    : "gid \(user.uid) belongs to the group \"\(other.name)\" already",
                at: user.span
            )
        }
    }

    private static func append(_ line: String, to text: inout String) {
        if !text.isEmpty, text.utf8.last != UInt8(ascii: "\n") { text += "\n" }
        text += line + "\n"
    }

    /// Without comments, blank lines and NIS's `+` and `-` lines.
    private static func lines(_ text: String) -> [Substring] {
        AccountText.lines(text).filter { line in
            line.utf8.first.map { !"#+-".utf8.contains($0) } ?? false
        }
    }
}

/// Who owns a file, by numbers.
struct FileOwner: Sendable, Hashable {
    let uid: UInt32
    let gid: UInt32

    static let root = FileOwner(uid: 0, gid: 0)

    /// `owner` as the definition has it: a user's name, or a number, whose group is the user's own.
    init(_ owner: String, in users: [AccountFiles.User], at span: SourceSpan?) throws {
        if let user = users.first(where: { $0.name == owner }) {
            self.init(uid: user.uid, gid: user.gid)
        } else if let uid = UInt32(owner) {
            self.init(uid: uid, gid: users.first { $0.uid == uid }?.gid ?? uid)
        } else if owner == "root" {
            self = .root
        } else {
            throw BakeError.unknownOwner(owner, known: users.map(\.name) + ["root"], at: span)
        }
    }

    init(uid: UInt32, gid: UInt32) {
        self.uid = uid
        self.gid = gid
    }
}
