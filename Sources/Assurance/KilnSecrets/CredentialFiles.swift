import FoundationEssentials
import KilnAdvisories

/// Files whose place says that they hold credentials.
enum CredentialFiles {
    /// Whether the file's name says what its parts mean, so that it is to be looked at as a whole.
    static func areNamed(_ file: ScannedFile) -> Bool {
        let name = file.name
        return names.contains(String(name)) || name.hasSuffix(".kubeconfig") || EnvironmentFile.isOne(name)
    }

    private static let names: Set<String> = [
        "shadow", "shadow-", "gshadow", "gshadow-", ".htpasswd", ".netrc", "_netrc", ".git-credentials",
        ".pgpass",
        ".my.cnf", "debian.cnf", ".npmrc", ".pypirc", "config.json", ".dockercfg", ".dockerconfigjson",
        "auth.json",
        "kubeconfig", "config", "admin.conf", "kubelet.conf", "controller-manager.conf", "scheduler.conf",
    ]

    static func findings(in file: ScannedFile, _ content: [UInt8]) -> [SecretFinding] {
        let name = file.name
        func text() -> String { String(decoding: content, as: UTF8.self) }
        switch name {
        case "shadow", "shadow-", "gshadow", "gshadow-":
            return file.path.hasPrefix("etc/") ? AccountFiles.findings(in: file, text()) : []
        case ".htpasswd": return AccountFiles.findings(in: file, text())
        case ".netrc", "_netrc": return netrc(file, text())
        case ".git-credentials": return rows(file, text(), .gitCredential) { hasLogin($0) }
        case ".pgpass": return rows(file, text(), .databasePassword) { fields($0, ":").count >= 5 }
        case ".my.cnf", "debian.cnf": return settings(file, text(), ["password"], .databasePassword)
        case ".npmrc":
            return settings(file, text(), ["_authtoken", "_password", "_auth"], .packageRegistryLogin)
        case ".pypirc": return settings(file, text(), ["password"], .packageRegistryLogin)
        case "config.json", ".dockercfg", ".dockerconfigjson", "auth.json":
            return registryLogins(file, content)
        case "kubeconfig", "config", "admin.conf", "kubelet.conf", "controller-manager.conf",
            "scheduler.conf":
            return kubeconfig(file, text())
        default:
            if EnvironmentFile.isOne(name) { return EnvironmentFile.findings(in: file, text()) }
            return name.hasSuffix(".kubeconfig") ? kubeconfig(file, text()) : []
        }
    }

    private static func fields(_ line: Substring, _ separator: Character) -> [Substring] {
        line.split(separator: separator, omittingEmptySubsequences: false)
    }

    private static func hasLogin(_ line: Substring) -> Bool { EnvironmentFile.hasLogin(String(line)) }

    private static func rows(
        _ file: ScannedFile,
        _ text: String,
        _ kind: SecretKind,
        _ holds: (Substring) -> Bool
    ) -> [SecretFinding] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap {
            number,
            line in
            guard !line.hasPrefix("#"), holds(line) else { return nil }
            return SecretFinding(
                kind,
                Array(line.utf8),
                path: file.path,
                line: number + 1,
                subject: "\(number + 1)"
            )
        }
    }

    /// `machine HOST login NAME password SECRET`, over lines or on one (netrc(5)).
    private static func netrc(_ file: ScannedFile, _ text: String) -> [SecretFinding] {
        var found: [SecretFinding] = []
        var host: String?
        var last: Substring?
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            for word in line.prefix(while: { $0 != "#" }).split(whereSeparator: \.isWhitespace) {
                switch last {
                case "machine": host = String(word)
                case "password" where Placeholder.isReal(String(word)):
                    found.append(
                        SecretFinding(
                            .netrcPassword,
                            Array(word.utf8),
                            path: file.path,
                            line: number + 1,
                            subject: host ?? "default"
                        )
                    )
                default: break
                }
                // A value is never read as a key.
                last = ["machine", "login", "password", "account"].contains(last ?? "") ? nil : word
            }
        }
        return found
    }

    /// `key = value` lines, the key whole or after a `:` as npm has it.
    private static func settings(
        _ file: ScannedFile,
        _ text: String,
        _ keys: [String],
        _ kind: SecretKind
    ) -> [SecretFinding] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap {
            number,
            line in
            guard let cut = line.firstIndex(where: { $0 == "=" }), line.first != "#", line.first != ";" else {
                return nil
            }
            let name = line[..<cut].filter { !$0.isWhitespace }.lowercased()
            let value = line[line.index(after: cut)...].filter { !$0.isWhitespace && $0 != "\"" && $0 != "'" }
            guard keys.contains(where: { name == $0 || name.hasSuffix(":" + $0) }), Placeholder.isReal(value)
            else {
                return nil
            }
            return SecretFinding(
                kind,
                Array(value.utf8),
                path: file.path,
                line: number + 1,
                subject: String(name)
            )
        }
    }

    /// `{"auths": {"host": {"auth": "…"}}}`; the older form has hosts at the top.
    private static func registryLogins(_ file: ScannedFile, _ content: [UInt8]) -> [SecretFinding] {
        guard let value = try? JSONValue(parsing: content[...]) else { return [] }
        let hosts = value["auths"]?.members ?? (file.name == ".dockercfg" ? value.members : [])
        return hosts.compactMap { host in
            let secret = ["auth", "identitytoken", "registrytoken", "password"].compactMap {
                host.value[$0]?.text
            }
            .first { !$0.isEmpty }
            guard let secret else { return nil }
            return SecretFinding(
                .registryLogin,
                Array(secret.utf8),
                path: file.path,
                line: nil,
                subject: host.name
            )
        }
    }

    private static func kubeconfig(_ file: ScannedFile, _ text: String) -> [SecretFinding] {
        guard text.contains("kind: Config"), text.contains("clusters:") else { return [] }
        let keys = ["client-key-data", "token", "password"]
        return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap {
            number,
            line in
            let bare = line.drop { $0 == " " || $0 == "-" }
            guard let colon = bare.firstIndex(of: ":") else { return nil }
            let name = String(bare[..<colon])
            let value = bare[bare.index(after: colon)...].filter {
                !$0.isWhitespace && $0 != "\"" && $0 != "'"
            }
            guard keys.contains(name), Placeholder.isReal(value) else { return nil }
            return SecretFinding(
                .kubeconfigCredential,
                Array(value.utf8),
                path: file.path,
                line: number + 1,
                subject: name
            )
        }
    }
}
