import KilnArchive

/// Configuration that packages make when they are configured, and that people change: told apart by what it should be.
struct GeneratedConfiguration: Sendable {
    /// Paths by what makes them, where they are as made.
    private var made: [String: String] = [:]
    private var changed: Set<String> = []

    /// What is copied from a template of a package.
    private static let copies = [
        ("etc/nsswitch.conf", ["usr/share/libc-bin/nsswitch.conf", "usr/share/base-files/nsswitch.conf"]),
        ("etc/inputrc", ["usr/share/readline/inputrc"]),
        ("etc/profile", ["usr/share/base-files/profile"]), ("etc/motd", ["usr/share/base-files/motd"]),
        ("root/.bashrc", ["usr/share/base-files/dot.bashrc"]),
        ("root/.profile", ["usr/share/base-files/dot.profile"]),
    ]

    init(_ survey: ServerSurvey) {
        for line in (survey.text("var/lib/ucf/hashfile") ?? "").split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, let md5 = MD5(hex: words[0]), words[1].first == "/" else { continue }
            let path = String(words[1].dropFirst())
            guard let bytes = survey.bytes(path) else { continue }
            note(path, MD5(of: bytes) == md5, "a package, by ucf")
        }
        for (path, templates) in Self.copies {
            guard let bytes = survey.bytes(path) else { continue }
            let known = templates.compactMap { survey.bytes($0) }
            if !known.isEmpty { note(path, known.contains(bytes), "base-files") }
        }
        let lines = (survey.text("etc/ca-certificates.conf") ?? "").split(separator: "\n")
        note("etc/ca-certificates.conf", !lines.contains { $0.hasPrefix("!") }, "ca-certificates")
        for path in ["etc/environment", "etc/security/opasswd"] {
            let text = survey.text(path) ?? ""
            note(path, text.allSatisfy(\.isWhitespace), "an empty file that packages make")
        }
        for name in ["account", "auth", "password", "session", "session-noninteractive"] {
            made["etc/pam.d/common-\(name)"] = "pam-auth-update"
        }
        for path in ["etc/default/locale", "etc/timezone", "etc/localtime", "etc/locale.gen"] {
            settle(path, survey)
        }
    }

    /// Words of debconf's defaults: anything else was somebody's choice.
    private mutating func settle(_ path: String, _ survey: ServerSurvey) {
        switch path {
        case "etc/timezone":
            if ["Etc/UTC", "Etc/UTC\n"].contains(survey.text(path)) { made[path] = "tzdata" }
        case "etc/localtime":
            if let target = survey.links(below: "etc").first(where: { $0.path == path })?.target,
                target.hasSuffix("zoneinfo/Etc/UTC")
            {
                made[path] = "tzdata"
            }
        default:
            let isPlain = (survey.text(path) ?? "").split(separator: "\n").allSatisfy { $0.hasPrefix("#") }
            if survey.bytes(path) != nil, isPlain { made[path] = "locales" }
        }
    }

    private mutating func note(_ path: String, _ isAsMade: Bool, _ maker: String) {
        if isAsMade { made[path] = maker } else { changed.insert(path) }
    }

    func maker(of path: String) -> String? { made[path].map { "made by \($0)" } }

    func isChanged(_ path: String) -> Bool { changed.contains(path) }
}

/// update-alternatives(1): links that follow what is installed, and those that somebody set.
struct Alternatives: Sendable {
    struct Choice: Sendable, Hashable {
        let name: String
        let target: String
    }

    /// Set by hand.
    private(set) var choices: [Choice] = []
    private var links: Set<String> = []
    private let isKnown: Bool

    init(_ survey: ServerSurvey) {
        var known = false
        for path in survey.paths(below: "var/lib/dpkg/alternatives") {
            known = true
            let name = EntryPath.split(path).name
            let lines = (survey.text(path) ?? "").split(separator: "\n", omittingEmptySubsequences: false)
                .map(String.init)
            guard lines.count >= 2 else { continue }
            // Mode, the link, then pairs of followers' names and links up to an empty line.
            var place = 1
            while place < lines.count, !lines[place].isEmpty {
                if lines[place].hasPrefix("/") { links.insert(String(lines[place].dropFirst())) }
                place += 1
            }
            let target = survey.links(below: "etc/alternatives").first {
                $0.path == "etc/alternatives/\(name)"
            }?.target
            if lines[0] == "manual", let target { choices.append(Choice(name: name, target: target)) }
        }
        isKnown = known
    }

    func verdict(_ node: ServerNode) -> Verdict? {
        guard case .symlink(let target) = node.kind else { return nil }
        if node.path.hasPrefix("etc/alternatives/") {
            let isSet = choices.contains { "etc/alternatives/" + $0.name == node.path }
            return .leave(isSet ? .copied : .noise, isSet ? "chosen by hand" : "update-alternatives")
        }
        let isLink = target.hasPrefix("/etc/alternatives/") || links.contains(node.path)
        return isLink ? .leave(.noise, "update-alternatives") : nil
    }
}
