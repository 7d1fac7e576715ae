/// Files of variables, `.env` and its like.
enum EnvironmentFile {
    /// `.env`, `.env.production`, `shop.env`; not the examples that are meant to be copied.
    static func isOne(_ name: Substring) -> Bool {
        let name = name.lowercased()
        guard name == ".env" || name.hasPrefix(".env.") || name.hasSuffix(".env") else { return false }
        return !["example", "sample", "template", "dist", "defaults", "test"].contains { name.contains($0) }
    }

    static func findings(in file: ScannedFile, _ text: String) -> [SecretFinding] {
        var found: [SecretFinding] = []
        for (number, row) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            var line = row.drop(while: \.isWhitespace)
            if line.hasPrefix("export ") { line = line.dropFirst(7).drop(while: \.isWhitespace) }
            guard line.first != "#", let equals = line.firstIndex(of: "=") else { continue }
            let name = String(line[..<equals].filter { !$0.isWhitespace })
            let value = unquoted(line[line.index(after: equals)...])
            guard isCredential(name, value) else { continue }
            found.append(
                SecretFinding(
                    .environmentSecret,
                    Array(value.utf8),
                    path: file.path,
                    line: number + 1,
                    subject: name
                )
            )
        }
        return found
    }

    /// Whether a variable of this name and value is a credential, and no reference to one or a stand-in for it.
    static func isCredential(_ name: String, _ value: String) -> Bool {
        if hasLogin(value) { return true }
        let name = name.uppercased()
        let parts = Set(name.split { !$0.isLetter && !$0.isNumber }.map(String.init))
        guard !parts.isDisjoint(with: words) || pairs.contains(where: { name.contains($0) }) else {
            return false
        }
        guard !references.contains(where: { name.hasSuffix($0) }) else { return false }
        return Placeholder.isReal(value)
    }

    private static let words: Set<String> = [
        "PASSWORD", "PASSWD", "PASSPHRASE", "PASS", "SECRET", "TOKEN", "CREDENTIALS", "PWD", "APIKEY",
    ]
    private static let pairs = [
        "API_KEY", "ACCESS_KEY", "PRIVATE_KEY", "SECRET_KEY", "AUTH_KEY", "ENCRYPTION_KEY", "DBPASSWORD",
    ]
    /// What such a variable says about a credential, without being one.
    private static let references = [
        "_FILE", "_PATH", "_DIR", "_NAME", "_ID", "_TTL", "_URL", "_HEADER", "_LENGTH", "_TYPE", "_EXPIRY",
        "_ALGORITHM", "_TIMEOUT", "_ENABLED", "_USER",
    ]

    /// `scheme://user:password@host`.
    static func hasLogin(_ value: String) -> Bool {
        guard let scheme = value.firstRange(of: "://"), scheme.lowerBound != value.startIndex else {
            return false
        }
        let authority = value[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && !$0.isWhitespace }
        guard let at = authority.lastIndex(of: "@") else { return false }
        let login = authority[..<at]
        guard let colon = login.firstIndex(of: ":") else { return false }
        return Placeholder.isReal(String(login[login.index(after: colon)...]))
    }

    private static func unquoted(_ text: Substring) -> String {
        let bare = text.drop(while: \.isWhitespace)
        if let quote = bare.first, quote == "\"" || quote == "'" {
            return String(bare.dropFirst().prefix { $0 != quote })
        }
        return String(bare.prefix { $0 != "#" }.reversed().drop(while: \.isWhitespace).reversed())
    }
}

/// Values that stand where a secret will be.
enum Placeholder {
    static func isReal(_ value: String) -> Bool {
        guard value.utf8.count >= 4, Set(value).count >= 3 else { return false }
        // Variables, templates and paths lead to where the secret is.
        if value.first == "$" || value.first == "/" || value.first == "<" || value.first == "%" {
            return false
        }
        if value.contains("${") || value.contains("{{") || value.contains("$(") { return false }
        let small = value.lowercased()
        if meaningless.contains(small) { return false }
        return !hints.contains { small.contains($0) }
    }

    private static let meaningless: Set<String> = [
        "null", "none", "true", "false", "secret", "password", "token", "test", "undefined", "empty", "unset",
        "string", "required", "optional", "disabled", "enabled", "default",
    ]
    private static let hints = [
        "changeme", "change-me", "change_me", "change this", "replace", "example", "your-", "your_",
        "yourpass",
        "placeholder", "xxxx", "todo", "dummy", "redacted", "****", "insert", "fixme", "...",
    ]
}
