/// Finds the commands of a shell script. It is no shell: loops and branches are taken as what stands in them, variables
/// stay as they are, and what it does not understand it passes over.
struct ShellSplitter {
    struct Limits: Sendable {
        var bytes = 1 << 20
        var commands = 20_000
        var depth = 12
    }

    let bytes: ArraySlice<UInt8>
    let limits: Limits
    let depth: Int
    var at: Int
    var commands: [ShellCommand] = []
    var current = ShellCommand()
    var pipeline = 0
    /// `<<NAME` whose text begins on the next line: the command it belongs to by its number, or the current one.
    var heredocs: [(name: [UInt8], stripsTabs: Bool)] = []
    var redirect: String?

    private init(_ bytes: ArraySlice<UInt8>, _ limits: Limits, depth: Int) {
        self.bytes = bytes.prefix(limits.bytes)
        self.limits = limits
        self.depth = depth
        at = bytes.startIndex
    }

    /// The commands of a script, those within `$(…)`, `sudo`, `sh -c "…"` and the like included.
    static func commands(_ bytes: [UInt8], limits: Limits = Limits()) -> [ShellCommand] {
        commands(bytes[...], limits, depth: 0)
    }

    static func commands(_ bytes: ArraySlice<UInt8>, _ limits: Limits, depth: Int) -> [ShellCommand] {
        guard depth <= limits.depth else { return [] }
        var splitter = ShellSplitter(bytes, limits, depth: depth)
        splitter.run()
        return splitter.commands
    }

    // MARK: Commands

    private mutating func run() {
        while at < bytes.endIndex, commands.count < limits.commands {
            let byte = bytes[at]
            switch byte {
            case 32, 9, 13: at += 1
            case 10:
                endCommand()
                at += 1
                readHeredocs()
            case UInt8(ascii: "\\") where next == 10: at += 2
            case UInt8(ascii: "\\") where next == 13: at += 3
            case UInt8(ascii: "#"): skipComment()
            case UInt8(ascii: ";"), UInt8(ascii: "&"), UInt8(ascii: "|"): readSeparator(byte)
            case UInt8(ascii: "("), UInt8(ascii: ")"):
                endCommand()
                at += 1
            case UInt8(ascii: "<"), UInt8(ascii: ">"): readRedirect(prefix: "")
            default: readWord()
            }
        }
        endCommand()
    }

    private var next: UInt8? { at + 1 < bytes.endIndex ? bytes[at + 1] : nil }

    private mutating func skipComment() {
        while at < bytes.endIndex, bytes[at] != 10 { at += 1 }
    }

    private mutating func readSeparator(_ byte: UInt8) {
        if byte == UInt8(ascii: "|"), next != UInt8(ascii: "|") {
            endCommand(pipes: true)
            at += next == UInt8(ascii: "&") ? 2 : 1
            return
        }
        if byte == UInt8(ascii: "&"), next == UInt8(ascii: ">") {
            at += 1
            return readRedirect(prefix: "&")
        }
        endCommand()
        at += next == byte ? 2 : 1
    }

    private mutating func readRedirect(prefix: String) {
        var sign = prefix
        while at < bytes.endIndex, "<>&|-".utf8.contains(bytes[at]), sign.utf8.count < 5 {
            if bytes[at] == UInt8(ascii: "-"), sign != "<<" { break }
            sign.unicodeScalars.append(Unicode.Scalar(bytes[at]))
            at += 1
            if at < bytes.endIndex, bytes[at] == UInt8(ascii: "("), sign == "<" || sign == ">" {
                // `<( … )` is a command of its own.
                let empty = ShellCommand.Word(text: "", range: at..<at + 1)
                current.redirects.append(ShellCommand.Redirect(sign: sign + "(", target: empty))
                return
            }
        }
        redirect = sign
    }

    private mutating func readWord() {
        let word = self.word()
        if let sign = redirect {
            redirect = nil
            if sign == "<<" || sign == "<<-" {
                heredocs.append((Array(word.text.utf8), sign == "<<-"))
            } else {
                current.redirects.append(ShellCommand.Redirect(sign: sign, target: word))
            }
            return
        }
        if current.words.isEmpty {
            if Self.reserved.contains(word.text) {
                if word.text == "for" || word.text == "select" || word.text == "case" { skipHead(word.text) }
                return
            }
            if isAssignment(word) {
                current.assignments.append(word)
                return
            }
            // `2>` and the like: the number belongs to the redirection.
        }
        if let byte = at < bytes.endIndex ? bytes[at] : nil,
            byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">"),
            word.text.utf8.allSatisfy({ (48...57).contains($0) }), !word.text.isEmpty
        {
            return readRedirect(prefix: word.text)
        }
        current.words.append(word)
    }

    private static let reserved: Set<String> = [
        "if", "then", "else", "elif", "fi", "while", "until", "do", "done", "for", "select", "case", "esac",
        "{", "}", "!", "function", "[[", "]]", "time",
    ]

    /// `for x in …` and `case x in` hold no command up to their `do` or `in`.
    private mutating func skipHead(_ keyword: String) {
        while at < bytes.endIndex {
            let byte = bytes[at]
            if byte == 10 || byte == UInt8(ascii: ";") { return }
            if byte == 32 || byte == 9 {
                at += 1
                continue
            }
            let before = at
            let word = self.word()
            if at == before { at += 1 }
            if keyword == "case", word.text == "in" { return }
        }
    }

    private func isAssignment(_ word: ShellCommand.Word) -> Bool {
        guard let equals = word.text.utf8.firstIndex(of: UInt8(ascii: "=")) else { return false }
        let name = word.text.utf8[..<equals]
        guard let first = name.first, !(48...57).contains(first) else { return false }
        return name.allSatisfy {
            (65...90).contains($0 & 0xDF) || (48...57).contains($0) || $0 == 95 || $0 == 43
        }
    }

    mutating func endCommand(pipes: Bool = false) {
        redirect = nil
        current.pipeline = pipeline
        let command = current
        current = ShellCommand()
        if !command.words.isEmpty || !command.redirects.isEmpty || !command.assignments.isEmpty {
            add(command)
        }
        if !pipes { pipeline += 1 }
    }

    // MARK: Heredocs

    private mutating func readHeredocs() {
        for (name, stripsTabs) in heredocs {
            var text: [UInt8] = []
            while at < bytes.endIndex {
                let end = bytes[at...].firstIndex(of: 10) ?? bytes.endIndex
                var line = bytes[at..<end]
                if line.last == 13 { line = line.dropLast() }
                if stripsTabs { line = line.drop { $0 == 9 } }
                at = min(end + 1, bytes.endIndex)
                if line.elementsEqual(name) || line.drop(while: { $0 == 32 || $0 == 9 }).elementsEqual(name) {
                    break
                }
                text += line + [10]
            }
            feed(text)
        }
        heredocs = []
    }

    /// A shell that reads a heredoc runs it.
    private mutating func feed(_ text: [UInt8]) {
        guard let index = commands.indices.last else { return }
        commands[index].input = String(decoding: text, as: UTF8.self)
        let command = commands[index]
        guard ShellNesting.isShell(command.program), command.operands().isEmpty else { return }
        nest(text, in: command.range)
    }

    /// Commands in a text of its own; their places are those of the command that holds it.
    mutating func nest(_ text: [UInt8], in range: Range<Int>) {
        for var command in Self.commands(text[...], limits, depth: depth + 1) {
            guard commands.count < limits.commands else { return }
            for index in command.words.indices { command.words[index].range = range }
            for index in command.assignments.indices { command.assignments[index].range = range }
            command.pipeline += 1_000_000 * (depth + 1) + pipeline * 1000
            commands.append(command)
        }
    }
}
