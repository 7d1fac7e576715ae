import KilnArchive

/// What `files` and `users` cannot say, as commands of a step: groups, links, modes, deletions. Pure.
struct ArrangeScript: Sendable {
    private struct Line: Sendable, Hashable {
        var why: String
        var command: String
    }

    /// More paths than this stand in a list beside the script.
    private static let inline = 8

    private var before: [Line] = []
    private var lines: [Line] = []
    /// Folders that a line makes already.
    private var parents: Set<String> = []
    /// Groups that files have, by number.
    private(set) var groups: Set<UInt32> = []
    private var after: [Line] = []
    private var owners: [String: [String]] = [:]
    private var modes: [UInt32: [String]] = [:]
    private var reasons: [String: String] = [:]
    private var removed: [(path: String, package: String)] = []

    var isEmpty: Bool {
        before.isEmpty && lines.isEmpty && after.isEmpty && owners.isEmpty && modes.isEmpty && removed.isEmpty
    }

    // MARK: - Collecting

    mutating func set(owner node: ServerNode, _ accounts: ServerAccounts) {
        owners["\(accounts.name(node.uid)):\(accounts.groupName(node.gid))", default: []].append(node.path)
        groups.insert(node.gid)
    }

    mutating func set(mode node: ServerNode) {
        modes[node.mode, default: []].append(node.path)
    }

    mutating func set(_ node: ServerNode, _ accounts: ServerAccounts, why: String) {
        reasons[node.path] = why
        set(owner: node, accounts)
        set(mode: node)
    }

    mutating func link(_ node: ServerNode, to target: String, _ accounts: ServerAccounts, why: String) {
        makeParent(of: node.path, why)
        lines.append(Line(why: why, command: "ln -sfn \(Self.quoted(target)) \(Self.path(node.path))"))
        if node.uid != 0 || node.gid != 0 { set(owner: node, accounts) }
    }

    mutating func link(_ node: ServerNode, to first: String) {
        let why = "another name of /\(first)"
        makeParent(of: node.path, why)
        lines.append(
            Line(
                why: why,
                command: "ln -f \(Self.path(first)) \(Self.path(node.path))"
            )
        )
    }

    mutating func makePipe(_ node: ServerNode, _ accounts: ServerAccounts) {
        let why = "a pipe that no package makes"
        makeParent(of: node.path, why)
        lines.append(Line(why: why, command: "mkfifo \(Self.path(node.path))"))
        set(owner: node, accounts)
        set(mode: node)
    }

    mutating func makeFolder(_ node: ServerNode, _ accounts: ServerAccounts) {
        let owner = "-o \(accounts.name(node.uid)) -g \(accounts.groupName(node.gid))"
        groups.insert(node.gid)
        lines.append(
            Line(
                why: "an empty folder that no package makes",
                command: "install -d \(owner) -m \(Self.octal(node.mode)) \(Self.path(node.path))"
            )
        )
    }

    private mutating func makeParent(of path: String, _ why: String) {
        let parent = EntryPath.split(path).parent
        let isThere = KnownPlaces.containers.contains(parent) && parent.hasPrefix("usr/")
        guard parent.contains("/"), !isThere, parents.insert(parent).inserted else { return }
        lines.append(Line(why: why, command: "mkdir -p \(Self.path(parent))"))
    }

    mutating func remove(_ missing: [(path: String, package: String)]) { removed = missing }

    /// A command before all others.
    mutating func begin(_ command: String, why: String) {
        let line = Line(why: why, command: command)
        if !before.contains(line) { before.append(line) }
    }

    /// A command after all others.
    mutating func end(_ command: String, why: String) { after.append(Line(why: why, command: command)) }

    // MARK: - Writing

    /// The script, and the lists that stand beside it by name.
    func text() -> (script: String, lists: [(name: String, text: String)]) {
        var sheet = Sheet()
        sheet.show(before)
        sheet.show(lines)
        for (owner, paths) in owners.sorted(by: { $0.key < $1.key }) {
            let name = "owner-" + String(owner.map { $0.isLetter || $0.isNumber ? $0 : "-" }) + ".txt"
            let why = why(paths, "a group or an owner that files: cannot give")
            sheet.all("chown -h \(owner)", paths, why, list: name)
        }
        for (mode, paths) in modes.sorted(by: { $0.key < $1.key }) {
            let octal = Self.octal(mode)
            sheet.all(
                "chmod \(octal)",
                paths,
                why(paths, "permissions as they were"),
                list: "mode-\(octal).txt"
            )
        }
        showRemoved(&sheet)
        sheet.show(after)
        return (script: sheet.text, lists: sheet.lists)
    }

    private func showRemoved(_ sheet: inout Sheet) {
        guard removed.count <= 40 else {
            return sheet.all(
                "rm -rf",
                removed.map(\.path),
                "deleted by hand: packages bring them",
                list: "removed.txt"
            )
        }
        for (package, gone) in Dictionary(grouping: removed, by: \.package).sorted(by: { $0.key < $1.key }) {
            let why =
                package.isEmpty
                ? "deleted by hand: several packages bring it"
                : "deleted by hand: the package \(package) brings it"
            let name = package.isEmpty ? "removed.txt" : "removed-\(package).txt"
            sheet.all("rm -rf", gone.map(\.path), why, list: name)
        }
    }

    /// The script's text as it grows, with the lists that it reads.
    private struct Sheet {
        private(set) var lists: [(name: String, text: String)] = []
        private(set) var text = """
            #!/bin/sh -e
            # Written by kiln adopt: what the definition's own keys cannot say of this server.
            # Lists of paths stand in lists/; each is an input of the step.

            """

        mutating func show(_ lines: [Line]) {
            var last = ""
            for line in lines {
                if !line.why.isEmpty, line.why != last { text += "\n# \(ShellText.comment(line.why))\n" }
                if !line.why.isEmpty { last = line.why }
                text += line.command + "\n"
            }
        }

        mutating func all(_ command: String, _ paths: [String], _ why: String, list name: String) {
            text += "\n# \(ShellText.comment(why))\n"
            let hasBreak = paths.contains { $0.contains("\n") }
            guard paths.count > ArrangeScript.inline, !hasBreak else {
                for path in paths { text += "\(command) \(ArrangeScript.path(path))\n" }
                return
            }
            lists.append((name: name, text: paths.map { "/\($0)\n" }.joined()))
            text += "xargs -d '\\n' \(command) < /kiln/inputs/lists/\(name)\n"
        }
    }

    private func why(_ paths: [String], _ otherwise: String) -> String {
        let known = Set(paths.compactMap { reasons[$0] })
        return known.count == 1 && paths.count == 1 ? known.first ?? otherwise : otherwise
    }

    private static func path(_ path: String) -> String { quoted("/" + path) }

    static func quoted(_ text: String) -> String { ShellText.quoted(text) }

    static func octal(_ mode: UInt32) -> String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

/// Text in a shell script.
enum ShellText {
    /// As one word, whatever is in it.
    static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy {
            (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0)
                || "/._-+:@%,=".utf8.contains($0)
        }
        return isPlain && !text.isEmpty ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }

    /// As a comment: one line, whatever it says.
    static func comment(_ text: String) -> String {
        String(text.unicodeScalars.map { isUnreadable($0) ? " " : Character($0) })
    }

    /// Control characters, what breaks lines unseen, and what is no character: a definition can hold none of them as it is.
    static func isUnreadable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029, 0xFFFE, 0xFFFF: true
        default: false
        }
    }
}
