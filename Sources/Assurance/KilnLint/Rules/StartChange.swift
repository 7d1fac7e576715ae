/// What a command that runs at the start of a container, or at the boot of a machine, changes on it.
enum StartChange {
    private static let agents: [String: String] = [
        "ansible": "Ansible", "ansible-playbook": "Ansible", "ansible-pull": "Ansible", "chef-client": "Chef",
        "chef-solo": "Chef", "cinc-client": "Chef", "puppet": "Puppet", "salt-call": "Salt",
        "salt-minion": "Salt",
        "cf-agent": "CFEngine", "dsc": "DSC",
    ]

    /// In a few words; nil when it changes nothing that was baked.
    static func of(_ command: ShellCommand) -> String? {
        if let agent = agents[command.program] {
            return command.arguments.contains("--version") ? nil : "\(agent) configures what is already baked"
        }
        if let action = PackageAction(command) {
            if action.manager == "go", action.command.arguments.first == "get" { return "go fetches modules" }
            return action.verb == .refresh ? nil : "\(action.manager) changes the packages that were baked"
        }
        let arguments = command.arguments
        let first = command.operands().first?.text
        switch command.program {
        case "git" where ["pull", "clone", "fetch", "checkout"].contains(first):
            return "git \(first ?? "") brings in code that was not baked"
        case "svn" where ["checkout", "co", "update", "up"].contains(first):
            return "svn brings in code that was not baked"
        case "sed"
        where arguments.contains {
            $0 == "--in-place" || ($0.hasPrefix("-") && !$0.hasPrefix("--") && $0.contains("i"))
                || $0.hasPrefix("--in-place=")
        },
            "perl" where arguments.contains { $0.hasPrefix("-pi") || $0.hasPrefix("-i") }:
            return "\(command.program) edits files in place"
        case "npm" where first == "ci" || first == "update",
            "yarn" where first == "install" || (first == nil && arguments.isEmpty),
            "pnpm" where first == "install" || first == "i",
            "bundle" where first == "install" || first == "update",
            "composer" where first == "install" || first == "update", "mvn" where first == "install",
            "poetry" where first == "install", "pipenv" where first == "install" || first == "sync",
            "uv" where first == "sync", "conda" where first == "install" || first == "update",
            "dotnet" where first == "restore":
            return "\(command.program) \(first ?? "install") installs what was not baked"
        case "crontab" where !arguments.contains("-l"): return "crontab adds work that was not baked"
        case "useradd", "adduser", "usermod", "groupadd", "addgroup":
            return "\(command.program) makes accounts that were not baked"
        case "dpkg" where arguments.contains("-i") || arguments.contains("--install"),
            "rpm" where isRPMInstall(arguments):
            return "\(command.program) changes the packages that were baked"
        default: return nil
        }
    }

    private static func isRPMInstall(_ arguments: [String]) -> Bool {
        arguments.contains {
            $0.hasPrefix("-") && !$0.hasPrefix("--") && ($0.hasPrefix("-i") || $0.hasPrefix("-U"))
        }
            || arguments.contains("--install") || arguments.contains("--upgrade")
    }
}

/// Names that secrets go by.
enum SecretNames {
    private static let parts: [String] = [
        "PASSWORD", "PASSWD", "SECRET", "TOKEN", "APIKEY", "API_KEY", "PRIVATE_KEY", "ACCESS_KEY",
        "CREDENTIAL",
        "PASSPHRASE", "CONNECTION_STRING",
    ]
    /// Settings about secrets that are none.
    private static let harmless: [String] = [
        "_FILE", "_PATH", "_DIR", "_TTL", "_EXPIRY", "_EXPIRES", "_LENGTH", "_NAME", "_URL", "_ENDPOINT",
        "_TYPE",
        "_ENABLED", "_ISSUER", "_AUDIENCE", "_HEADER", "_MIN", "_MAX", "_ALGORITHM", "_TIMEOUT", "_LIFETIME",
    ]

    static func isSecret(_ name: String, value: String) -> Bool {
        let upper = name.uppercased()
        guard !value.isEmpty, parts.contains(where: upper.contains) || upper.hasSuffix("_PASS") else {
            return false
        }
        guard !harmless.contains(where: upper.hasSuffix) else { return false }
        if ["true", "false", "yes", "no", "0", "1", "none", "null"].contains(value.lowercased()) {
            return false
        }
        // A reference to what comes from elsewhere is none.
        return !value.hasPrefix("$") && !value.hasPrefix("{{") && !value.hasPrefix("/run/secrets")
    }

    static func isSecretFile(_ path: String) -> Bool {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let names = [
            "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", ".npmrc", ".netrc", ".pypirc", "credentials",
            ".htpasswd",
            "kubeconfig", ".pgpass", ".git-credentials", "secrets.yml", "secrets.yaml", "secrets.json",
        ]
        if names.contains(name) { return true }
        if name == ".env"
            || (name.hasPrefix(".env.")
                && ![".env.example", ".env.sample", ".env.template", ".env.dist"].contains(name))
        {
            return true
        }
        return name.hasSuffix(".pem") && name.contains("key") || name.hasSuffix(".p12")
            || name.hasSuffix(".pfx")
            || name.hasSuffix(".key") || path.hasPrefix(".aws") || path.hasPrefix(".ssh")
    }
}

/// Where a program is told to write its logs.
enum LogTargets {
    private static let options: [String] = [
        "--log-file", "--logfile", "--log_file", "--access-logfile", "--error-logfile", "--log-path",
        "--logpath",
        "--log-dir", "--log_dir", "-log-file", "--log-output", "--log.file",
    ]

    static func files(of command: ShellCommand) -> [ShellCommand.Word] {
        var found: [ShellCommand.Word] = []
        let words = command.words
        for (index, word) in words.enumerated().dropFirst() {
            for option in options {
                if word.text == option, index + 1 < words.count, isFile(words[index + 1].text) {
                    found.append(words[index + 1])
                } else if word.text.hasPrefix(option + "="),
                    isFile(String(word.text.dropFirst(option.count + 1)))
                {
                    found.append(word)
                }
            }
        }
        for redirect in command.redirects where redirect.sign.contains(">") && !redirect.sign.hasSuffix("&") {
            let target = redirect.target.text
            if isFile(target), target.hasSuffix(".log") || target.hasPrefix("/var/log") {
                found.append(redirect.target)
            }
        }
        if command.program == "tee", let target = command.operands().first, isFile(target.text),
            target.text.hasSuffix(".log") || target.text.hasPrefix("/var/log")
        {
            found.append(target)
        }
        return found
    }

    private static func isFile(_ text: String) -> Bool {
        !text.isEmpty && text != "-" && !text.hasPrefix("/dev/") && !text.hasPrefix("/proc/")
            && text != "stdout"
            && text != "stderr" && text != "/dev/null"
    }

    static func isLogVariable(_ name: String, _ value: String) -> Bool {
        let upper = name.uppercased()
        let isLog = [
            "LOG_FILE", "LOGFILE", "LOG_PATH", "LOG_DIR", "LOGDIR", "LOGGING_FILE", "LOGGING_FILE_NAME",
        ]
        .contains { upper == $0 || upper.hasSuffix("_" + $0) }
        return isLog && value.hasPrefix("/") && isFile(value)
    }
}
