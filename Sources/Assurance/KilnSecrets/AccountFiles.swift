/// Files of accounts and their passwords' hashes: shadow(5), gshadow(5), htpasswd.
enum AccountFiles {
    static func findings(in file: ScannedFile, _ text: String) -> [SecretFinding] {
        // A group or a web server's user without a password cannot be used.
        let tellsEmpty = file.name.hasPrefix("shadow")
        return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap {
            number,
            line in
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count >= 2, !fields[0].isEmpty, fields[0].first != "#" else { return nil }
            let hash = fields[1]
            if hash.isEmpty {
                guard tellsEmpty, fields.count >= 8 else { return nil }
                return finding(.emptyPassword, hash, file, number, fields[0])
            }
            return isHash(hash) ? finding(.passwordHash, hash, file, number, fields[0]) : nil
        }
    }

    private static func finding(
        _ kind: SecretKind,
        _ secret: Substring,
        _ file: ScannedFile,
        _ number: Int,
        _ account: Substring
    ) -> SecretFinding {
        SecretFinding(kind, Array(secret.utf8), path: file.path, line: number + 1, subject: String(account))
    }

    /// crypt(5): `$id$…`, `_…`, `{SHA}…`, or the 13 characters of DES; `!` and `*` in front lock the account.
    private static func isHash(_ text: Substring) -> Bool {
        if text.first == "!" || text.first == "*" { return false }
        if text.hasPrefix("$") { return text.utf8.count >= 12 && text.split(separator: "$").count >= 2 }
        if text.hasPrefix("{SHA}") { return text.utf8.count > 20 }
        if text.first == "_" { return text.utf8.count == 20 }
        return text.utf8.count == 13
            && text.allSatisfy { $0.isLetter || $0.isNumber || $0 == "." || $0 == "/" }
    }
}
