import KilnSecrets

/// Keeps files with secrets out of the definition: what is known by place, form and checksum, and in configuration also what is
/// called a password and looks like one. A file that is held back by mistake is named; one that slips through would be published.
package struct SecretSieve: Sendable {
    /// Longer files are not searched, and said to be so.
    static let longest = 8 << 20
    /// Code on longer lines was written by a tool, and is no configuration.
    private static let longestCode = 4096

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
        // The lines before that the command goes on from.
        var begun: [UInt8] = []
        for row in content.split(separator: 0x0A, omittingEmptySubsequences: false) {
            line += 1
            if form == .settings || row.count <= Self.longestCode,
                let secret = secret(in: row, after: begun, form, path, line)
            {
                return [secret]
            }
            if row.last == UInt8(ascii: "\\"), begun.count + row.count <= Self.longestCode {
                begun.append(contentsOf: row.dropLast())
                begun.append(0x20)
            } else {
                begun.removeAll()
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

    /// Which words of a command line are credentials, or hold one.
    func secrets(ofCommand words: [String]) -> [Int] {
        let passwords = Dictionary(
            uniqueKeysWithValues: DatabaseClient.passwords(inWords: words).map { ($0.place, $0.value) }
        )
        return words.indices.filter { place in
            let word = words[place]
            if isSecret(argument: word, after: place > 0 ? words[place - 1] : nil) { return true }
            if let password = passwords[place] { return isSecret("password", password) }
            // A command for a shell.
            return word.contains(where: \.isWhitespace) && isSecret(line: word)
        }
    }

    /// Whether a command line holds a credential: in one of its words, or as a line of a script would.
    func isSecret(command: String) -> Bool {
        !secrets(ofCommand: UnitFile.split(command)).isEmpty || isSecret(line: command)
    }

    private func isSecret(line: String) -> Bool { !secrets(in: "command", Array(line.utf8)).isEmpty }

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

    private func secret(
        in row: ArraySlice<UInt8>,
        after begun: [UInt8],
        _ form: Form,
        _ path: String,
        _ number: Int
    ) -> AdoptSecret? {
        guard !Self.isComment(row) else { return nil }
        for piece in LinePiece.all(of: row) where piece.mayHoldSecret {
            if let secret = secret(in: piece, form, path, number) { return secret }
            for password in DatabaseClient.passwords(
                inLine: String(decoding: begun, as: UTF8.self) + String(decoding: piece.bytes, as: UTF8.self)
            ) {
                if let finding = finding("PASSWORD", password) {
                    return AdoptSecret(finding, path: path, line: number).named("password")
                }
            }
        }
        return nil
    }

    private static func isComment(_ row: ArraySlice<UInt8>) -> Bool {
        let text = row.drop { $0 == 0x20 || (9...13).contains($0) }
        guard let first = text.first else { return true }
        return "#;*".utf8.contains(first) || text.starts(with: "//".utf8)
    }

    private func secret(
        in piece: LinePiece,
        _ form: Form,
        _ path: String,
        _ number: Int
    ) -> AdoptSecret? {
        var text = Substring(String(decoding: piece.bytes, as: UTF8.self)).drop(while: \.isWhitespace)
        if text.hasPrefix("export ") { text = text.dropFirst(7) }
        if text.hasPrefix("Environment=") { return variables(text.dropFirst(12), path, number) }
        // A login in an address, wherever it stands.
        for word in text.split(whereSeparator: { $0.isWhitespace || "\"'`<>".contains($0) })
        where word.contains("://") {
            if let finding = finding("line", "x " + String(word)) {
                return AdoptSecret(finding, path: path, line: number).named(nil)
            }
        }
        for (name, value) in pairs(text, piece, form, path) {
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
    private func pairs(
        _ text: Substring,
        _ piece: LinePiece,
        _ form: Form,
        _ path: String
    ) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        // In JSON a comma stands between values, and no line is a command.
        let isJSON = path.hasSuffix(".json")
        let marks = isJSON ? "=:" : "=:,"
        for cut in text.indices where marks.contains(text[cut]) {
            var value = Self.near(text[text.index(after: cut)...]).drop(while: \.isWhitespace)
            if value.first == ">" { value = value.dropFirst().drop(while: \.isWhitespace) }
            guard let bare = literal(value, form), let name = Self.name(before: cut, in: text) else {
                continue
            }
            // What an end cuts through is whole in the next piece.
            if name.startIndex == text.startIndex, !piece.isStart { continue }
            if bare.endIndex == text.endIndex, !piece.isEnd, bare.utf8.count < LinePiece.longValue {
                continue
            }
            pairs.append((name: String(name), value: String(bare)))
        }
        // The stacks of PAM name a password's rules, and no password.
        if form == .settings, !path.hasPrefix("etc/pam.d/") {
            pairs += spoken(text, isEnd: piece.isEnd && !isJSON)
        }
        return pairs
    }

    /// As much of a text as a value is looked at.
    private static func near(_ text: Substring) -> Substring {
        let end = text.utf8.index(text.startIndex, offsetBy: 512, limitedBy: text.endIndex) ?? text.endIndex
        return text[..<end]
    }

    /// The last word of what stands before a value.
    private static func name(before cut: Substring.Index, in text: Substring) -> Substring? {
        let start = text.utf8.index(cut, offsetBy: -128, limitedBy: text.startIndex) ?? text.startIndex
        return text[start..<cut].split { !$0.isLetter && !$0.isNumber && !"_-.".contains($0) }.last
    }

    /// Passwords that follow a word, and those between tags.
    private func spoken(_ text: Substring, isEnd: Bool) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        let words = text.split(whereSeparator: \.isWhitespace)
        for (place, word) in words.dropLast().enumerated() {
            let next = words[place + 1]
            if isEnd, place == words.count - 2, Self.keywords.contains(word.lowercased()),
                let bare = literal(next, .settings)
            {
                pairs.append((name: "password", value: String(bare)))
            }
            if let name = Self.option(word), !next.hasPrefix("-"), let bare = literal(next, .settings),
                !bare.contains("$"), bare.contains(where: { $0.isLowercase || $0.isNumber })
            {
                pairs.append((name: name, value: String(bare)))
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

    /// What a command's `--db-password VALUE` says that the value is. Switches have none, though a word follows them, and Docker's
    /// `--secret` names one.
    private static func option(_ word: Substring) -> String? {
        guard word.hasPrefix("--") else { return nil }
        let name = word.dropFirst(2)
        guard name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "-" }), name != "secret",
            !["no-", "disabled-", "ask-", "with-", "without-"].contains(where: { name.hasPrefix($0) }),
            !["-stdin", "-command", "-fd", "-env", "-prompt"].contains(where: { name.hasSuffix($0) })
        else { return nil }
        return String(name)
    }

    /// At the end of a line, before a password: redis, haproxy, msmtp, keepalived.
    private static let keywords: Set<String> = [
        "requirepass", "masterauth", "password", "insecure-password", "passwd", "auth_pass", "bindpw",
        "rootpw",
    ]

    private func literal(_ value: Substring, _ form: Form) -> Substring? {
        if let quote = value.first, quote == "\"" || quote == "'" || quote == "`" {
            let inside = value.dropFirst().prefix { $0 != quote }
            return inside.contains(where: \.isWhitespace) && form == .code ? nil : inside
        }
        guard form == .settings else { return nil }
        var bare = value.prefix { !$0.isWhitespace && $0 != ";" && $0 != "," }
        // The end of what the value is in.
        while let last = bare.last, last == "}" || last == "]" { bare.removeLast() }
        // A call or an access is code, in whatever file.
        return bare.contains("(") || bare.contains("[") || bare.isEmpty ? nil : bare
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
