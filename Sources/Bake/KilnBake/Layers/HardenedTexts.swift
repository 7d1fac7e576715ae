import KilnArchive

extension AccountFiles {
    /// Nobody can log in with a password, and no system user has a shell to log in with; root keeps its shell.
    var locked: AccountFiles {
        AccountFiles(
            passwd: Self.edit(passwd, fields: 7) { fields in
                if !Self.isLocked(fields[1]), fields[1] != "x" { fields[1] = "*" }
                guard let uid = UInt32(fields[2]), uid != 0, uid < 1000 || uid == 65534 else { return }
                if !Self.noShells.contains(fields[6].split(separator: "/").last ?? "") {
                    fields[6] = "/usr/sbin/nologin"
                }
            },
            group: Self.edit(group, fields: 4) { fields in
                if !fields[1].isEmpty, !Self.isLocked(fields[1]), fields[1] != "x" { fields[1] = "*" }
            },
            shadow: Self.edit(shadow, fields: 9) { fields in
                if !Self.isLocked(fields[1]) { fields[1] = "!" }
            },
            // An empty one is none: the group's members need none.
            gshadow: Self.edit(gshadow, fields: 4) { fields in
                if !fields[1].isEmpty, !Self.isLocked(fields[1]) { fields[1] = "!" }
            }
        )
    }

    private static let noShells: Set<Substring> = ["nologin", "false"]

    private static func isLocked(_ password: Substring) -> Bool {
        password.utf8.first == UInt8(ascii: "!") || password.utf8.first == UInt8(ascii: "*")
    }

    /// Lines that have other fields, comments and NIS's lines stay as they are.
    private static func edit(_ text: String, fields count: Int, _ body: (inout [Substring]) -> Void) -> String
    {
        AccountText.lines(text).map { line in
            var fields = AccountText.fields(line)
            guard fields.count == count, let first = line.utf8.first, !"#+-".utf8.contains(first) else {
                return String(line)
            }
            body(&fields)
            return fields.joined(separator: ":")
        }.joined(separator: "\n")
    }
}

/// login.defs(5).
enum LoginDefinitions {
    static let mask = "027"

    /// With `UMASK 027`, wherever it stood or at the end.
    static func withStrictMask(_ text: String) -> String {
        var isThere = false
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.first == "UMASK" else { return String(line) }
            isThere = true
            return words.count == 2 && words[1] == mask ? String(line) : "UMASK\t\t\(mask)"
        }
        if !isThere {
            if lines.last == "" { lines.removeLast() }
            lines += ["UMASK\t\t\(mask)", ""]
        }
        return lines.joined(separator: "\n")
    }
}

/// What packages leave for cron and at.
enum ScheduledJobs {
    private static let daemons = ["cron", "crond", "anacron", "atd"]
    private static let places = [
        "etc/anacrontab", "etc/cron.d", "etc/cron.daily", "etc/cron.hourly", "etc/cron.monthly",
        "etc/cron.weekly", "etc/cron.yearly", "etc/crontab", "var/spool/anacron", "var/spool/cron",
    ]

    /// Empty where something runs them: then they are what the image is for.
    static func leftovers(in root: RootIndex) -> [String] {
        let isRun = daemons.contains { name in
            ["usr/sbin/", "usr/bin/", "sbin/"].contains { root.resolve($0 + name)?.digest != nil }
        }
        return isRun ? [] : places.filter { root.lookup($0) != nil }
    }
}
