/// Programs that run what stands behind them: `sudo apt-get …`, `sh -c "…"`, `xargs rm`.
enum ShellNesting {
    private static let shells: Set<String> = ["sh", "bash", "dash", "ash", "zsh", "ksh", "busybox"]

    static func isShell(_ program: String) -> Bool { shells.contains(program) }

    /// How many options of theirs take a value.
    private static let wrappers: [String: Set<String>] = [
        "sudo": ["-u", "-g", "-h", "-p", "-C", "-r", "-t", "-T", "-U", "-D", "--user", "--group"],
        "doas": ["-u", "-C"],
        "env": ["-u", "-C", "-S", "--unset", "--chdir"],
        "nohup": [], "exec": ["-a"], "command": [], "builtin": [], "time": ["-f", "-o"], "setsid": [],
        "nice": ["-n"], "ionice": ["-c", "-n"], "stdbuf": ["-i", "-o", "-e"],
        "timeout": ["-s", "-k", "--signal", "--kill-after"], "retry": [], "eatmydata": [], "chroot": [],
        "gosu": [], "su-exec": [], "runuser": ["-u", "-g"], "setpriv": [], "unshare": [], "chronic": [],
        "xargs": ["-I", "-n", "-P", "-L", "-d", "-a", "-E", "-s"], "parallel": ["-j"],
        "tini": [], "dumb-init": [], "catchsegv": [],
    ]

    /// Operands of the wrapper's own before the command: `timeout 30 …`, `gosu user …`.
    private static let ownOperands: [String: Int] = [
        "timeout": 1, "chroot": 1, "gosu": 1, "su-exec": 1, "retry": 0,
    ]

    /// The words that a wrapper runs; nil when it is none or runs nothing.
    static func wrapped(_ command: ShellCommand) -> ArraySlice<ShellCommand.Word>? {
        guard let valued = wrappers[command.program] else { return nil }
        var rest = command.words.dropFirst()
        var own = ownOperands[command.program] ?? 0
        while let word = rest.first {
            let text = word.text
            if text == "--" {
                rest = rest.dropFirst()
                break
            }
            if text.hasPrefix("-"), text.count > 1 {
                rest = rest.dropFirst(valued.contains(text) ? 2 : 1)
            } else if command.program == "env" || command.program == "sudo" || command.program == "doas",
                text.contains("="), !text.hasPrefix("=")
            {
                rest = rest.dropFirst()
            } else if own > 0 {
                own -= 1
                rest = rest.dropFirst()
            } else {
                break
            }
        }
        return rest.isEmpty ? nil : rest
    }

    /// The script of `sh -c "…"`, `su user -c "…"`, `eval "…"`.
    static func script(_ command: ShellCommand) -> ShellCommand.Word? {
        let program = command.program
        if program == "eval" {
            guard command.words.count > 1 else { return nil }
            return ShellCommand.Word(
                text: command.arguments.joined(separator: " "),
                range: command.words[1].range
            )
        }
        let changesUser = program == "su" || program == "runuser"
        guard changesUser || isShell(program) else { return nil }
        let words = command.words
        for (index, word) in words.enumerated().dropFirst() {
            let text = word.text
            let takesScript =
                text == "--command" || (text.hasPrefix("-") && !text.hasPrefix("--") && text.hasSuffix("c"))
            if takesScript { return index + 1 < words.count ? words[index + 1] : nil }
            if !text.hasPrefix("-"), !changesUser { return nil }
        }
        return nil
    }
}

extension ShellSplitter {
    /// Keeps a command, and what it runs in turn.
    mutating func add(_ command: ShellCommand, unwrapped: Int = 0) {
        guard commands.count < limits.commands, unwrapped < limits.depth else { return }
        if let words = ShellNesting.wrapped(command) {
            var inner = command
            inner.words = Array(words)
            inner.assignments = []
            return add(inner, unwrapped: unwrapped + 1)
        }
        commands.append(command)
        if let script = ShellNesting.script(command) {
            nest(Array(script.text.utf8), in: script.range)
        }
    }
}
