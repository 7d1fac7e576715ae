/// What a script fetches over the network, and whether it looks at what it got.
struct Downloads {
    private let script: Script

    init(_ script: Script) {
        self.script = script
    }

    private static let checkers: Set<String> = [
        "sha256sum", "sha512sum", "sha384sum", "sha1sum", "shasum", "gpg", "gpgv", "gpg2", "cosign",
        "minisign",
        "b2sum", "signify", "slsa-verifier", "rpmkeys",
    ]

    /// Whether what was fetched is compared with something known before.
    private var isChecked: Bool {
        script.commands.contains { command in
            let arguments = command.arguments
            switch command.program {
            case "gpg", "gpg2", "rpmkeys", "cosign", "minisign", "signify", "slsa-verifier":
                return arguments.contains {
                    $0.contains("verify") || $0 == "-V" || $0 == "--checksig" || $0 == "-Vm"
                }
            case "openssl": return arguments.contains { $0.hasPrefix("-verify") }
            case "gpgv": return true
            case "test", "[":
                return arguments.contains { $0.contains("sha256sum") || $0.contains("sha512sum") }
            case let program where Self.checkers.contains(program):
                return arguments.contains {
                    $0 == "--check" || ($0.hasPrefix("-") && !$0.hasPrefix("--") && $0.contains("c"))
                }
            default: return false
            }
        }
    }

    func report(in document: LintDocument, _ sink: inout FindingSink) {
        let commands = script.commands
        let checked = isChecked
        for (index, command) in commands.enumerated() {
            guard let address = Self.address(of: command) else { continue }
            let place = script.place(of: command, in: document.source)
            if let shell = Self.reader(of: index, in: commands) {
                sink.report(place, "what \(address.text) answers goes straight into \(shell)")
            } else if !checked, Self.keeps(command, index, commands) {
                sink.report(place, "\(address.text) is kept without a look at its digest")
            }
        }
    }

    /// The web address that a command fetches.
    static func address(of command: ShellCommand) -> ShellCommand.Word? {
        guard ["curl", "wget", "aria2c", "http", "fetch"].contains(command.program) else { return nil }
        if command.arguments.contains("--spider") { return nil }
        return command.words.dropFirst().first { word in
            guard
                word.text.hasPrefix("http://") || word.text.hasPrefix("https://")
                    || word.text.hasPrefix("ftp://")
            else { return false }
            let host = word.text.split(separator: "/").dropFirst().first ?? ""
            let own = ["localhost", "127.0.0.1", "169.254.169.254", "metadata.google.internal", "[::1]"]
            return !own.contains { host == $0 || host.hasPrefix($0 + ":") }
        }
    }

    private static let interpreters: Set<String> = [
        "sh", "bash", "dash", "ash", "zsh", "ksh", "python", "python3", "perl", "ruby", "node", "php",
    ]

    /// The interpreter that is fed what this command writes.
    private static func reader(of index: Int, in commands: [ShellCommand]) -> String? {
        let command = commands[index]
        for later in commands[(index + 1)...] where later.pipeline == command.pipeline {
            if interpreters.contains(later.program) { return later.program }
        }
        // `bash <(curl …)`, `sh -c "$(curl …)"`, `eval "$(curl …)"`: the reader stands before or around it.
        if index > 0 {
            let before = commands[index - 1]
            if interpreters.contains(before.program) || before.program == "source" || before.program == ".",
                before.redirects.contains(where: { $0.sign == "<(" })
            {
                return before.program
            }
        }
        for other in commands where interpreters.contains(other.program) || other.program == "eval" {
            let isFed = other.words.dropFirst().contains { word in
                word.isDynamic && (word.text.hasPrefix("$(") || word.text.hasPrefix("`"))
                    && word.text.contains(command.words.first?.text ?? "curl")
                    && command.words.dropFirst().contains {
                        word.text.contains($0.text) && $0.text.contains("://")
                    }
            }
            if isFed { return other.program }
        }
        return nil
    }

    /// Whether the answer ends up in a file.
    private static func keeps(_ command: ShellCommand, _ index: Int, _ commands: [ShellCommand]) -> Bool {
        func isFile(_ target: String) -> Bool { target != "/dev/null" && target != "-" && !target.isEmpty }
        if command.redirects.contains(where: {
            $0.sign.hasSuffix(">") && !$0.sign.hasPrefix("2") && isFile($0.target.text)
        }) {
            return true
        }
        if command.program == "wget" {
            let output = command.option("-O", "--output-document") ?? shortValue(command, "O")
            if let output, output == "-" || output == "/dev/stdout" {
                return unpacks(index, commands)
            }
            return output.map(isFile) ?? true
        }
        let short = command.arguments.filter { $0.hasPrefix("-") && !$0.hasPrefix("--") }
        if short.contains(where: { $0.contains("O") }) || command.arguments.contains("--remote-name") {
            return true
        }
        if let output = command.option("-o", "--output") ?? shortValue(command, "o") {
            return isFile(output)
        }
        return unpacks(index, commands)
    }

    /// `-fsSLo file`, `-qO-`.
    private static func shortValue(_ command: ShellCommand, _ flag: Character) -> String? {
        let arguments = command.arguments
        for (index, argument) in arguments.enumerated() {
            guard argument.hasPrefix("-"), !argument.hasPrefix("--"), let at = argument.firstIndex(of: flag)
            else {
                continue
            }
            let rest = argument[argument.index(after: at)...]
            if !rest.isEmpty { return String(rest) }
            return index + 1 < arguments.count ? arguments[index + 1] : ""
        }
        return nil
    }

    private static func unpacks(_ index: Int, _ commands: [ShellCommand]) -> Bool {
        commands[(index + 1)...].contains { later in
            later.pipeline == commands[index].pipeline
                && (["tar", "gunzip", "unzip", "bsdtar", "tee", "dd", "cpio", "apt-key", "gpg", "base64"]
                    .contains(later.program)
                    || later.redirects.contains { $0.sign.hasSuffix(">") && $0.target.text != "/dev/null" })
        }
    }
}
