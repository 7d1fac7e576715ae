import KilnArchive
import KilnInventory

/// Which archives the definition names, out of the server's own sources. Pure.
struct ArchivePlan: Sendable {
    struct Archive: Sendable, Hashable {
        var name: String
        /// `host`, or a URL.
        var mirror: String
        var suites: [String]
        var components: [String]
        /// Beside the definition, or on the machine; nil for the default.
        var keyring: String?
        var why: [String]
    }

    private(set) var main: Archive
    private(set) var others: [Archive] = []
    /// Keys to copy: from the server's root, to beside the definition.
    private(set) var keys: [(path: String, target: String)] = []
    private(set) var notes: [AdoptNote] = []
    private(set) var secrets: [AdoptSecret] = []

    init(_ survey: ServerSurvey) {
        let distribution = survey.distribution
        let id = distribution?.id ?? "debian"
        let codename = distribution?.codename.flatMap { Self.isPlain($0) ? $0 : nil } ?? "stable"
        main = Archive(name: Self.name(id), mirror: "host", suites: [], components: [], keyring: nil, why: [])
        var sources: [ServerArchive] = []
        for path in survey.paths(below: "etc/apt")
        where path == "etc/apt/sources.list" || path.hasPrefix("etc/apt/sources.list.d/") {
            guard path.hasSuffix(".list") || path.hasSuffix(".sources") else { continue }
            sources += AptSourceReader.read(survey.bytes(path) ?? [], file: path).compactMap(Self.clean)
        }
        for source in sources {
            if source.hadLogin {
                secrets.append(
                    AdoptSecret(
                        path: source.file,
                        kind: "package-registry-login",
                        what: "a login to a package archive"
                    )
                )
            }
            if Self.isMain(source, id) { join(source, codename) } else { add(source, survey) }
        }
        settleMain(id, codename, sources)
    }

    /// What a definition can name; nil for a source of another kind: a disc, an onion.
    private static func clean(_ source: ServerArchive) -> ServerArchive? {
        let schemes = ["http://", "https://", "file:/"]
        guard schemes.contains(where: { source.url.hasPrefix($0) }), isPlain(source.url) else { return nil }
        var source = source
        source.suites = source.suites.filter(isPlain)
        source.components = source.components.filter(isPlain)
        source.signedBy = source.signedBy.filter(isPlain)
        return source.suites.isEmpty ? nil : source
    }

    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 1000
            && text.utf8.allSatisfy { byte in
                (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
                    || "/._-+:~%".utf8.contains(byte)
            }
    }

    private static func isMain(_ source: ServerArchive, _ id: String) -> Bool {
        let end = source.url.split(separator: "/").last.map(String.init) ?? ""
        let host =
            source.url.firstRange(of: "://").map { source.url[$0.upperBound...].prefix { $0 != "/" } } ?? ""
        return end == id || end == "\(id)-security" || end == "\(id)-archive" || host.hasSuffix("debian.org")
            || host.hasSuffix("ubuntu.com")
    }

    private mutating func join(_ source: ServerArchive, _ codename: String) {
        for suite in source.suites where !suite.hasSuffix("/") {
            let named = suite.replacing("oldstable", with: codename).replacing("stable", with: codename)
            if !main.suites.contains(named) { main.suites.append(named) }
        }
        for component in source.components where !main.components.contains(component) {
            main.components.append(component)
        }
        main.why.append("\(source.url) \(source.suites.joined(separator: " ")) of /\(source.file)")
    }

    private mutating func settleMain(_ id: String, _ codename: String, _ sources: [ServerArchive]) {
        if main.suites.isEmpty {
            main.suites = [codename, "\(codename)-updates", "\(codename)-security"]
            main.why = [
                "the server names no sources for \(id) itself; these are the usual ones of its release"
            ]
        }
        if main.components.isEmpty { main.components = ["main"] }
        guard id != "debian" else { return }
        if let first = sources.first(where: { Self.isMain($0, id) }) {
            main.mirror = first.url
            main.keyring = first.signedBy.first ?? "/usr/share/keyrings/\(id)-archive-keyring.gpg"
        }
        if id != "ubuntu" {
            notes.append(
                AdoptNote(
                    path: "etc/os-release",
                    text: "\(id) is no Debian: whether its archive can be baked from is to be tried"
                )
            )
        }
    }

    private mutating func add(_ source: ServerArchive, _ survey: ServerSurvey) {
        guard !source.suites.contains(where: { $0.hasSuffix("/") }), !source.components.isEmpty else {
            notes.append(
                AdoptNote(
                    path: source.file,
                    text: "\(source.url) is an archive without suites, which a definition cannot name"
                )
            )
            return
        }
        if let known = others.firstIndex(where: { $0.mirror == source.url }) {
            for suite in source.suites where !others[known].suites.contains(suite) {
                others[known].suites.append(suite)
            }
            return
        }
        let host =
            source.url.firstRange(of: "://").map {
                source.url[$0.upperBound...].prefix { $0 != "/" && $0 != ":" }
            } ?? "other"
        let parts = host.split(separator: ".")
        var name = Self.name(parts.count > 1 ? String(parts[parts.count - 2]) : String(host))
        if name == main.name || others.contains(where: { $0.name == name }) { name += "-\(others.count + 2)" }
        var archive = Archive(
            name: name,
            mirror: source.url,
            suites: source.suites,
            components: source.components,
            keyring: nil,
            why: ["/\(source.file)"]
        )
        if let key = source.signedBy.first {
            let path = String(key.drop { $0 == "/" })
            if survey.bytes(path) != nil {
                let target = "keys/" + EntryPath.split(path).name
                keys.append((path: path, target: target))
                archive.keyring = target
            } else {
                archive.keyring = key
            }
        } else {
            archive.why.append("the source names no key (Signed-By): name the file of its keys here")
        }
        others.append(archive)
    }

    /// As the definition takes names.
    static func name(_ text: String) -> String {
        var name = String(text.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
        while name.contains("--") { name = name.replacing("--", with: "-") }
        while let first = name.first, first.isNumber || first == "-" { name.removeFirst() }
        name = String(name.prefix(36))
        while name.last == "-" { name.removeLast() }
        return name.isEmpty ? "server" : name
    }
}
