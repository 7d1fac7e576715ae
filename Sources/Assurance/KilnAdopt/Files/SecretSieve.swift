import KilnSecrets

/// A secret that was left out. It never holds the secret itself.
package struct AdoptSecret: Sendable, Hashable, Encodable {
    /// From the root.
    package var path: String
    package var kind: String
    /// What it is, for people.
    package var what: String
    package var line: Int?
    /// The account, variable or host that it is for.
    package var subject: String?

    package init(path: String, kind: String, what: String, line: Int? = nil, subject: String? = nil) {
        self.path = path
        self.kind = kind
        self.what = what
        self.line = line
        self.subject = subject
    }

    init(_ finding: SecretFinding, path: String, line: Int?) {
        self.init(
            path: path,
            kind: finding.kind.rawValue,
            what: finding.kind.words,
            line: line ?? finding.line,
            subject: finding.subject
        )
    }
}

/// Keeps files with secrets out of the definition: what is known by place, form and checksum, and in configuration also what is
/// called a password and looks like one. A file that is held back by mistake is named; one that slips through would be published.
package struct SecretSieve: Sendable {
    /// Longer files are not searched, and said to be so.
    static let longest = 8 << 20

    private let scanner: SecretScanner

    package init() {
        var limits = SecretLimits()
        limits.fileSize = Int64(Self.longest)
        scanner = SecretScanner(limits: limits)
    }

    package func secrets(in path: String, _ content: [UInt8]) -> [AdoptSecret] {
        let file = ScannedFile(path: path, size: Int64(content.count))
        let found = scanner.findings(in: file, content).map { AdoptSecret($0, path: path, line: nil) }
        guard found.isEmpty, let form = Form(path), !content.prefix(4096).contains(0) else { return found }
        var line = 0
        for row in content.split(separator: 0x0A, omittingEmptySubsequences: false) {
            line += 1
            guard row.count <= 4096 else { continue }
            if let secret = secret(in: String(decoding: row, as: UTF8.self), form, path, line) {
                return [secret]
            }
        }
        return []
    }

    /// Whether a variable of this name and value is a credential.
    func isSecret(_ name: String, _ value: String) -> Bool {
        !scanner.findings(inEnvironment: ["\(Self.words(name))=\(value)"]).isEmpty
    }

    /// Whether a word of a command line is one: `--db-password=…`, `postgres://user:…@host`.
    func isSecret(argument word: String, after option: String?) -> Bool {
        if let equals = word.firstIndex(of: "=") {
            return isSecret(String(word[..<equals]), String(word[word.index(after: equals)...]))
        }
        return isSecret((option ?? "").hasPrefix("-") ? option ?? "" : "word", word)
    }

    /// How a file writes what belongs to a name.
    private enum Form {
        /// `NAME=value`, `name: value`, as it stands.
        case settings
        /// Only values in quotes are values; the others are code.
        case code

        init?(_ path: String) {
            let parts = path.split(separator: "/")
            let modules: Set<Substring> = [
                "node_modules", "site-packages", "dist-packages", "vendor", "gems", "doc", "man",
            ]
            // The name service's sources, of which one is called passwd.
            guard let name = parts.last, path != "etc/nsswitch.conf",
                !parts.contains(where: { modules.contains($0) })
            else { return nil }
            let dot = name.lastIndex(of: ".")
            switch dot.map({ name[name.index(after: $0)...].lowercased() }) ?? "" {
            case "md", "rst", "html", "htm", "css", "svg", "map", "po", "pot", "csv", "sql", "pem", "crt",
                "txt", "lock":
                return nil
            case "py", "js", "mjs", "cjs", "ts", "jsx", "tsx", "rb", "php", "go", "java", "pl", "pm", "c",
                "h", "cpp", "rs", "kt", "scala",
                "cs", "lua", "groovy":
                self = .code
            default: self = .settings
            }
        }
    }

    private func secret(in line: String, _ form: Form, _ path: String, _ number: Int) -> AdoptSecret? {
        var text = Substring(line).drop(while: \.isWhitespace)
        guard let first = text.first, first != "#", first != ";", !text.hasPrefix("//"), first != "*" else {
            return nil
        }
        if text.hasPrefix("export ") { text = text.dropFirst(7) }
        if text.hasPrefix("Environment=") { return variables(text.dropFirst(12), path, number) }
        // A login in an address, wherever it stands.
        if text.contains("://"), let finding = finding("line", "x " + String(text)) {
            return AdoptSecret(finding, path: path, line: number).named(nil)
        }
        for (name, value) in pairs(text, form, path) {
            if let finding = finding(Self.words(name), value) {
                return AdoptSecret(finding, path: path, line: number).named(name)
            }
        }
        return nil
    }

    /// A unit's `Environment="A=1" B=2`.
    private func variables(_ text: Substring, _ path: String, _ number: Int) -> AdoptSecret? {
        for word in UnitFile.split(String(text)) {
            guard let equals = word.firstIndex(of: "=") else { continue }
            let name = String(word[..<equals])
            if let finding = finding(Self.words(name), String(word[word.index(after: equals)...])) {
                return AdoptSecret(finding, path: path, line: number).named(name)
            }
        }
        return nil
    }

    private func finding(_ name: String, _ value: String) -> SecretFinding? {
        scanner.findings(inEnvironment: ["\(name)=\(value)"]).first
    }

    /// Names and values that a line may hold.
    private func pairs(_ text: Substring, _ form: Form, _ path: String) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        for cut in text.indices.filter({ "=:,".contains(text[$0]) }).prefix(32) {
            var value = text[text.index(after: cut)...].drop(while: \.isWhitespace)
            if value.first == ">" { value = value.dropFirst().drop(while: \.isWhitespace) }
            let name = text[..<cut].split { !$0.isLetter && !$0.isNumber && !"_-.".contains($0) }.last
            if let name, let bare = literal(value, form) { pairs.append((name: String(name), value: bare)) }
        }
        // The stacks of PAM name a password's rules, and no password.
        if form == .settings, !path.hasPrefix("etc/pam.d/") { pairs += spoken(text) }
        return pairs
    }

    /// Passwords that follow a word, and those between tags.
    private func spoken(_ text: Substring) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        let words = text.split(whereSeparator: \.isWhitespace)
        for (place, word) in words.dropLast().enumerated() {
            let next = words[place + 1]
            if place == words.count - 2, Self.keywords.contains(word.lowercased()),
                let bare = literal(next, .settings)
            {
                pairs.append((name: "password", value: bare))
            }
            if ["-u", "--user"].contains(word), let colon = next.firstIndex(of: ":") {
                pairs.append((name: "password", value: String(next[next.index(after: colon)...])))
            }
        }
        // <password>…</password>
        if let open = text.firstIndex(of: ">"), text.first == "<",
            let end = text[open...].firstRange(of: "</")
        {
            let value = String(text[text.index(after: open)..<end.lowerBound])
            pairs.append((name: String(text.dropFirst().prefix { $0 != ">" && $0 != " " }), value: value))
        }
        return pairs
    }

    /// At the end of a line, before a password: redis, haproxy, msmtp, keepalived.
    private static let keywords: Set<String> = [
        "requirepass", "masterauth", "password", "insecure-password", "passwd", "auth_pass", "bindpw",
        "rootpw",
    ]

    private func literal(_ value: Substring, _ form: Form) -> String? {
        if let quote = value.first, quote == "\"" || quote == "'" || quote == "`" {
            let inside = value.dropFirst().prefix { $0 != quote }
            return inside.contains(where: \.isWhitespace) && form == .code ? nil : String(inside)
        }
        guard form == .settings else { return nil }
        let bare = value.prefix { !$0.isWhitespace && $0 != ";" && $0 != "," }
        // A call or an access is code, in whatever file.
        return bare.contains("(") || bare.contains("[") || bare.isEmpty ? nil : String(bare)
    }

    /// `dbPassword`, `db.password`, `--db-password` as `DB_PASSWORD`.
    private static func words(_ name: String) -> String {
        var result = ""
        var wasSmall = false
        for character in name.drop(while: { $0 == "-" }) {
            if character.isUppercase, wasSmall { result.append("_") }
            wasSmall = character.isLowercase
            result.append(character.isLetter || character.isNumber ? character : "_")
        }
        return result.uppercased()
    }
}

extension AdoptSecret {
    fileprivate func named(_ name: String?) -> AdoptSecret {
        var secret = self
        secret.subject = name
        return secret
    }
}
