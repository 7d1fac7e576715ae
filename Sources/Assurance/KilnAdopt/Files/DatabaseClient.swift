import KilnArchive

/// Passwords that the programs of MySQL and MariaDB take right after `-p` (mysql(1)). To other programs that is a port, a mode, a path.
enum DatabaseClient {
    private static let names: Set<String> = [
        "mysql", "mysqldump", "mysqladmin", "mysqlimport", "mysqlcheck", "mysqlshow", "mysqlslap",
        "mysqlpump",
        "mysqlbinlog", "mysqlsh", "mysql_upgrade", "mariadb", "mariadb-dump", "mariadb-admin",
        "mariadb-import",
        "mariadb-check", "mariadb-show", "mariadb-slap", "mariadb-binlog", "mariadb-upgrade",
        "mariadb-backup",
        "mariabackup",
    ]
    /// To these a name like `mysql` is a service, a user or a package.
    private static let others: Set<String> = [
        "systemctl", "journalctl", "service", "pgrep", "ps", "lsof", "apt", "apt-get", "dpkg",
    ]
    /// Options before a name that is no program.
    private static let naming: Set<String> = ["-u", "-h", "-C", "-x"]

    /// Of a line of a script, of a crontab, or of code that runs a command.
    static func passwords(inLine line: String) -> [String] {
        guard line.contains("-p"), line.contains("mysql") || line.contains("maria") else { return [] }
        // A command may be a quoted word of another one.
        let words = UnitFile.split(line).flatMap { word in
            word.contains(where: \.isWhitespace) ? UnitFile.split(word) : [word]
        }
        return passwords(inWords: words).map(\.value)
    }

    /// Of a command line, with the places of the words.
    static func passwords(inWords words: [String]) -> [(place: Int, value: String)] {
        var found: [(place: Int, value: String)] = []
        var isClient = false
        var isOther = false
        for (place, word) in words.enumerated() {
            if isClient, let value = value(of: word) { found.append((place: place, value: value)) }
            if let last = word.last, ";|&".contains(last) {
                // Another command begins.
                (isClient, isOther) = (false, false)
            } else if others.contains(EntryPath.split(word).name) {
                isOther = true
            } else if !isOther, isProgram(word, after: place > 0 ? words[place - 1] : "") {
                isClient = true
            }
        }
        return found
    }

    private static func value(of word: String) -> String? {
        guard word.hasPrefix("-p") else { return nil }
        var value = word.dropFirst(2)
        // What code has around its words.
        while let last = value.last, ",;)]}`".contains(last) { value.removeLast() }
        guard let first = value.first, !"{#`".contains(first), !value.hasPrefix(".$") else { return nil }
        let isNumber = value.allSatisfy { $0.isNumber || $0 == ":" || $0 == "." }
        // `3306`, `8080:80`: a port after all.
        return isNumber && (value.count <= 5 || value.contains(":")) ? nil : String(value)
    }

    private static func isProgram(_ word: String, after before: String) -> Bool {
        guard !naming.contains(before), !before.hasPrefix("--") || before == "--" || before.contains("=")
        else { return false }
        // `$(mysql`, `["mysqldump",`, `exec(/usr/bin/mysqldump`
        let path = word.split { !$0.isLetter && !$0.isNumber && !"_-./".contains($0) }.last.map { String($0) }
        let (folder, name) = EntryPath.split(path ?? "")
        guard names.contains(name) else { return false }
        // Folders are called so too.
        return folder.isEmpty || folder == "." || folder.hasSuffix("bin")
    }
}
