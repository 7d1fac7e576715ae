import KilnDockerfile

/// Where files of the build's folder are in an image, as far as `COPY`, `ADD` and mounts tell.
struct DockerCopies {
    private struct Copy {
        let source: String
        let target: String
        /// What is below the one is below the other.
        let isFolder: Bool
    }

    private static let path = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

    private var copies: [Copy] = []
    private(set) var folder = "/"

    mutating func take(_ instruction: DockerInstruction) {
        switch instruction.keyword {
        case "WORKDIR": folder = DockerPaths.absolute(instruction.body.string, in: folder)
        case "COPY", "ADD":
            let words = (instruction.json ?? instruction.words).map(\.text)
            guard instruction.flag("from") == nil, words.count >= 2, let target = words.last else { return }
            let isFolder = words.count > 2 || target.hasSuffix("/") || target == "." || target.hasSuffix("/.")
            for source in words.dropLast() where !source.contains("://") {
                add(source, DockerPaths.absolute(target, in: folder), intoFolder: isFolder)
            }
        default: break
        }
    }

    /// With what one step mounts.
    func mounting(_ instruction: DockerInstruction) -> DockerCopies {
        var result = self
        for flag in instruction.flags where flag.name == "mount" {
            var facts: [String: String] = [:]
            for part in (flag.value ?? "").split(separator: ",") {
                let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
                if let name = pair.first { facts[name] = pair.count > 1 ? pair[1] : "" }
            }
            guard (facts["type"] ?? "bind") == "bind", facts["from"] == nil,
                let target = facts["target"] ?? facts["dst"] ?? facts["destination"]
            else { continue }
            let source = facts["source"] ?? facts["src"] ?? "."
            result.add(source, DockerPaths.absolute(target, in: folder), intoFolder: false)
        }
        return result
    }

    private mutating func add(_ source: String, _ place: String, intoFolder: Bool) {
        let target = Self.plain(place)
        var parts = source.split(separator: "/").filter { $0 != "." }.map(String.init)
        // `scripts/*.sh`: whatever is in the folder.
        if parts.last?.contains("*") == true || parts.last?.contains("?") == true {
            parts.removeLast()
            copies.append(Copy(source: parts.joined(separator: "/"), target: target, isFolder: true))
            return
        }
        let name = parts.joined(separator: "/")
        if let last = parts.last {
            let file = intoFolder ? DockerPaths.absolute(last, in: target) : target
            copies.append(Copy(source: name, target: Self.plain(file), isFolder: false))
        }
        copies.append(Copy(source: name, target: target, isFolder: true))
    }

    private static func plain(_ path: String) -> String {
        "/" + path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }

    /// Files of the build's folder that may be at a path of the image, the likeliest first.
    private func sources(of path: String) -> [String] {
        copies.reversed().compactMap { copy in
            guard copy.isFolder else { return copy.target == path ? copy.source : nil }
            let prefix = copy.target == "/" ? "/" : copy.target + "/"
            guard path.hasPrefix(prefix) else { return nil }
            return copy.source + "/" + path.dropFirst(prefix.count)
        }
    }

    /// Scripts of the build's folder that a script runs: by path, by name, by `sh` or `.`.
    func calls(of script: Script) -> [NamedFile] {
        var folder = folder
        var found: [NamedFile] = []
        for command in script.commands {
            guard let word = command.words.first else { continue }
            if command.program == "cd", let target = command.operands().first, !target.isDynamic {
                folder = DockerPaths.absolute(target.text, in: folder)
                continue
            }
            var called: ShellCommand.Word? = word
            if ShellNesting.isShell(command.program) {
                guard ShellNesting.script(command) == nil else { continue }
                called = command.operands(valued: ["-o", "+o", "-O"]).first
            } else if word.text == "." || word.text == "source" {
                called = command.words.dropFirst().first
            }
            guard let called, !called.isDynamic else { continue }
            let isByPath = called.text.contains("/") || called.range != word.range
            let places =
                isByPath
                ? [DockerPaths.absolute(called.text, in: folder)]
                : Self.path.map { $0 + "/" + called.text }
            if let file = NamedFile(.script(script.phase), places.map(Self.plain).flatMap(sources)) {
                found.append(file)
            }
        }
        return found
    }
}
