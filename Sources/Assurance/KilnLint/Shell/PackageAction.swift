/// What a command asks of a package manager.
struct PackageAction: Sendable {
    enum Verb: Sendable {
        case install
        /// All that is there, to whatever is newest.
        case upgrade
        /// The list of what there is.
        case refresh
    }

    let manager: String
    let verb: Verb
    let packages: [ShellCommand.Word]
    let command: ShellCommand

    private struct Grammar {
        var install: Set<String> = []
        var upgrade: Set<String> = []
        var refresh: Set<String> = []
        /// Options that take a value.
        var valued: Set<String> = []
    }

    private static let system: [String: Grammar] = [
        "apt-get": apt, "apt": apt, "aptitude": apt,
        "apk": Grammar(
            install: ["add"],
            upgrade: ["upgrade"],
            refresh: ["update"],
            valued: [
                "-t", "--virtual", "--repository", "-X", "--root", "-p", "--arch", "--keys-dir",
                "--cache-dir",
            ]
        ),
        "yum": dnf, "dnf": dnf, "microdnf": dnf, "tdnf": dnf,
        "zypper": Grammar(
            install: ["install", "in"],
            upgrade: ["update", "up", "dist-upgrade", "dup", "patch"],
            refresh: ["refresh", "ref"],
            valued: ["--repo", "-r", "--from", "-t", "--type"]
        ),
        "pacman": Grammar(install: ["-S", "-Sy"], upgrade: ["-Syu", "-Su", "-Syyu"], refresh: []),
    ]

    private static let apt = Grammar(
        install: ["install"],
        upgrade: ["upgrade", "dist-upgrade", "full-upgrade", "safe-upgrade"],
        refresh: ["update"],
        valued: ["-t", "--target-release", "-o", "--option", "-c", "--config-file", "-a"]
    )

    private static let dnf = Grammar(
        install: ["install", "localinstall", "groupinstall", "reinstall"],
        upgrade: ["update", "upgrade", "distro-sync"],
        refresh: ["makecache"],
        valued: ["--enablerepo", "--disablerepo", "--installroot", "--releasever", "-c", "--setopt"]
    )

    private static let language: [String: Grammar] = [
        "pip": pip, "pip3": pip, "pipx": pip,
        "npm": Grammar(
            install: ["install", "i", "add"],
            valued: ["--prefix", "--registry", "--cache", "-C"]
        ),
        "yarn": Grammar(install: ["add"], valued: ["--cwd", "--registry"]),
        "pnpm": Grammar(install: ["add"], valued: ["--dir", "-C", "--registry"]),
        "gem": Grammar(
            install: ["install"],
            valued: ["-v", "--version", "-s", "--source", "-i", "--install-dir", "-n", "-P"]
        ),
        "go": Grammar(install: ["install", "get"], valued: ["-ldflags", "-tags"]),
        "cargo": Grammar(
            install: ["install"],
            valued: ["--version", "--root", "--git", "--tag", "--rev", "--branch", "--path", "--features"]
        ),
    ]

    private static let pip = Grammar(
        install: ["install"],
        valued: [
            "-r", "--requirement", "-c", "--constraint", "-t", "--target", "-i", "--index-url", "-f",
            "--find-links", "--extra-index-url", "--prefix", "--root", "--trusted-host", "--python",
            "--cache-dir",
            "--platform", "--timeout", "--retries",
        ]
    )

    /// nil when the command is none of a package manager's that changes what is installed.
    init?(_ command: ShellCommand) {
        var (program, words) = (command.program, command)
        if program.hasPrefix("python"), command.arguments.starts(with: ["-m", "pip"]) {
            program = "pip"
            words.words.removeSubrange(0..<2)
        }
        if program.hasPrefix("pip3.") || program.hasPrefix("pip2") { program = "pip" }
        if program == "uv", command.arguments.first == "pip" {
            program = "pip"
            words.words.removeFirst()
        }
        guard let grammar = Self.system[program] ?? Self.language[program] else { return nil }
        if program == "pacman" {
            let flag = words.words.dropFirst().first?.text ?? ""
            guard flag.hasPrefix("-S"), !flag.contains("s"), !flag.contains("c") else { return nil }
            let operands = words.operands()
            (manager, verb, packages, self.command) =
                (program, operands.isEmpty ? .upgrade : .install, operands, command)
            return
        }
        var operands = words.operands(valued: grammar.valued)
        if program == "yarn", operands.first?.text == "global" { operands.removeFirst() }
        guard let first = operands.first?.text else { return nil }
        manager = program
        self.command = command
        packages = Array(operands.dropFirst())
        if grammar.install.contains(first) {
            verb = .install
        } else if grammar.upgrade.contains(first) {
            verb = packages.isEmpty || program.hasPrefix("apt") ? .upgrade : .install
        } else if grammar.refresh.contains(first) {
            verb = .refresh
        } else {
            return nil
        }
    }

    var isSystem: Bool { Self.system[manager] != nil }

    /// Packages without a version that says exactly what is installed.
    var unpinned: [ShellCommand.Word] {
        guard verb == .install else { return [] }
        switch manager {
        case "apt-get", "apt", "aptitude": return packages.filter { !isFile($0) && !$0.text.contains("=") }
        case "apk":
            return packages.filter { word in !isFile(word) && !word.text.contains { "=~<>".contains($0) } }
        case "pip", "pip3", "pipx": return unpinnedPip
        case "npm", "yarn", "pnpm": return packages.filter { !isFile($0) && !hasVersionBehindAt($0.text) }
        case "gem":
            if command.hasOption("-v", "--version") { return [] }
            return packages.filter { !isFile($0) && !$0.text.contains(":") && !$0.text.hasSuffix(".gem") }
        case "go":
            return packages.filter { word in
                let version = word.text.split(separator: "@", maxSplits: 1).dropFirst().first
                return version.map { ["latest", "upgrade", "patch", "master", "main"].contains($0) } ?? false
            }
        case "cargo":
            let pins = ["--version", "--rev", "--path", "--locked"]
            if command.arguments.contains(where: { word in pins.contains { word.hasPrefix($0) } }) {
                return []
            }
            return packages.filter { !$0.text.contains("@") && !isFile($0) }
        default: return packages.filter { !isFile($0) && !endsInVersion($0.text) }
        }
    }

    private var unpinnedPip: [ShellCommand.Word] {
        if command.hasOption("-c", "--constraint", "--require-hashes", "--no-index", "-e", "--editable") {
            return []
        }
        return packages.filter { word in
            !isFile(word) && !word.text.contains("==") && !word.text.contains("@")
                && !word.text.contains("://")
        }
    }

    /// A path, an address, or what only a variable knows.
    private func isFile(_ word: ShellCommand.Word) -> Bool {
        let text = word.text
        if word.isDynamic || text == "." || text.contains("*") { return true }
        let suffixes = [".deb", ".rpm", ".apk", ".whl", ".tar.gz", ".tgz", ".zip", ".gem"]
        return text.hasPrefix("./") || text.hasPrefix("/") || text.hasPrefix("../") || text.hasPrefix(".[")
            || suffixes.contains { text.hasSuffix($0) } || text.contains("://") || text.hasPrefix("git+")
    }

    /// `name@1.2.3`, `@scope/name@1.2.3`, and no word such as `latest`.
    private func hasVersionBehindAt(_ text: String) -> Bool {
        guard let at = text.lastIndex(of: "@"), at != text.startIndex else { return false }
        let version = text[text.index(after: at)...]
        return version.contains { $0.isNumber } && !["latest", "next"].contains(version)
    }

    /// `name-1.2.3`, `name=1.2`.
    private func endsInVersion(_ text: String) -> Bool {
        if text.contains("=") { return true }
        return text.split(separator: "-").dropFirst().contains { part in
            (part.first?.isNumber ?? false) && part.contains(".")
        }
    }
}
