import KilnArchive

/// Users and groups of a server: which of them packages make, and which somebody added. Pure.
struct ServerAccounts: Sendable {
    let users: [ServerUser]
    let groups: [ServerGroup]
    /// Who has a password; never what it is.
    let withPasswords: Set<String>
    private let made: Set<String>
    private let madeGroups: Set<String>
    private let names: [UInt32: String]
    private let groupNames: [UInt32: String]

    init(_ survey: ServerSurvey) {
        users = AccountReader.users(survey.bytes("etc/passwd") ?? [])
        groups = AccountReader.groups(survey.bytes("etc/group") ?? [])
        withPasswords = AccountReader.usersWithPasswords(survey.bytes("etc/shadow") ?? [])
        names = Dictionary(users.map { ($0.uid, $0.name) }, uniquingKeysWith: { first, _ in first })
        groupNames = Dictionary(groups.map { ($0.gid, $0.name) }, uniquingKeysWith: { first, _ in first })
        let basic = AccountReader.users(survey.bytes("usr/share/base-passwd/passwd.master") ?? []).map(\.name)
        let basicGroups = AccountReader.groups(survey.bytes("usr/share/base-passwd/group.master") ?? []).map(
            \.name
        )
        let named = Self.namesInScripts(survey)
        made = named.union(basic).union(Self.basic).intersection(users.map(\.name))
        // By number too: base-passwd gives all below 100.
        let lowGroups = groups.filter { $0.gid < 100 }.map(\.name)
        madeGroups = named.union(basicGroups).union(lowGroups).intersection(groups.map(\.name))
    }

    private static let basic: Set<String> = [
        "root", "nobody", "_apt", "www-data", "daemon", "sys", "systemd-network", "messagebus",
    ]

    /// Words of the scripts of packages that make users, and of sysusers.d(5).
    private static func namesInScripts(_ survey: ServerSurvey) -> Set<String> {
        var names: Set<String> = []
        for path in survey.paths(below: "var/lib/dpkg/info") where path.hasSuffix(".postinst") {
            guard let text = survey.text(path),
                ["adduser", "useradd", "addgroup", "groupadd", "sysusers"].contains(where: {
                    text.contains($0)
                })
            else { continue }
            for word in text.split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != "-" && $0 != "_" })
            {
                if word.utf8.count <= 32 { names.insert(String(word)) }
            }
        }
        for path in survey.paths(below: "usr/lib/sysusers.d") {
            for line in (survey.text(path) ?? "").split(separator: "\n") {
                let words = line.split(whereSeparator: \.isWhitespace)
                if words.count > 1, ["u", "g", "u!"].contains(words[0]) { names.insert(String(words[1])) }
            }
        }
        return names
    }

    /// A name, or the number of one that has none.
    func name(_ uid: UInt32) -> String { names[uid] ?? (uid == 0 ? "root" : String(uid)) }

    func groupName(_ gid: UInt32) -> String { groupNames[gid] ?? (gid == 0 ? "root" : String(gid)) }

    func user(_ name: String) -> ServerUser? { users.first { $0.name == name } }

    func isMade(_ user: ServerUser) -> Bool { made.contains(user.name) || user.uid == 0 || user.uid == 65534 }

    func isMade(group: ServerGroup) -> Bool {
        madeGroups.contains(group.name) || group.gid == 0 || group.gid == 65534
    }

    /// The group that a file gets with this owner in an image: a user's own, whatever it was.
    func imageGroup(ofOwner uid: UInt32) -> String {
        guard let user = users.first(where: { $0.uid == uid }) else { return groupName(uid) }
        return isMade(user) ? groupName(user.gid) : user.name
    }

    /// As the definition takes names.
    static func isDefinable(_ user: ServerUser) -> Bool {
        guard let first = user.name.utf8.first, (97...122).contains(first) || first == 95 else {
            return false
        }
        return user.name.utf8.count <= 32 && (1...(1 << 31 - 2)).contains(user.uid)
            && user.name.utf8.allSatisfy {
                (97...122).contains($0) || (48...57).contains($0) || $0 == 95 || $0 == 45
            }
    }
}
