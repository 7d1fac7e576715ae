import KilnArchive

/// Says of each name what becomes of it. The names come in their order, a folder before what is in it.
struct Classifier: Sendable {
    private(set) var owned: OwnedFiles
    private var apps: AppFolders
    private let choice: PackageChoice
    private let services: ServiceSurvey
    private let alternatives: Alternatives
    private let generated: GeneratedConfiguration
    private let hasPasswords: Bool
    private let skel: Set<MD5>
    private let hasPackages: Bool
    /// Packages whose scripts give capabilities.
    private let capabilityPackages: Set<String>
    /// Folders whose content was not read, or is elsewhere: what packages have in them is not known to be gone.
    private(set) var unread: Set<String>

    init(_ facts: ServerFacts) {
        owned = facts.owned
        unread = facts.excluded
        apps = AppFolders(declared: facts.services.writtenFolders)
        choice = facts.choice
        services = facts.services
        alternatives = facts.alternatives
        generated = GeneratedConfiguration(facts.survey)
        hasPasswords = !facts.accounts.withPasswords.isEmpty
        hasPackages = !facts.choice.packages.isEmpty
        let survey = facts.survey
        capabilityPackages = Set(
            survey.paths(below: "var/lib/dpkg/info").filter {
                $0.hasSuffix(".postinst") && survey.text($0)?.contains("setcap") == true
            }
            .map { String(EntryPath.split($0).name.dropLast(9).prefix { $0 != ":" }) }
        )
        skel = Set(survey.paths(below: "etc/skel").compactMap { survey.bytes($0).map { MD5(of: $0) } })
    }

    /// Takes note of a name; before it is judged.
    mutating func see(_ node: ServerNode) {
        owned.see(node.path)
        apps.see(node)
        if node.unreadable != nil { unread.insert(node.path) }
        if case .symlink = node.kind, owned.record(node.path)?.isFolder == true { unread.insert(node.path) }
    }

    /// Whether the file's package gives it capabilities when it is configured.
    func givesCapabilities(_ path: String) -> Bool {
        owned.record(path).map { capabilityPackages.contains(owned.package(of: $0).name) } ?? false
    }

    /// Whether the path lies in a folder that was not read.
    func isUnread(_ path: String) -> Bool {
        guard !unread.isEmpty else { return false }
        var place = path
        while true {
            if unread.contains(place) { return true }
            if place.isEmpty { return false }
            place = EntryPath.split(place).parent
        }
    }

    func verdict(_ node: ServerNode) -> Verdict {
        let path = node.path
        if path.isEmpty { return .leave(.stock, "the root") }
        if let why = node.unreadable { return .leave(.unexplained, why) }
        if path.hasPrefix("etc/ssh/ssh_host_") {
            return path.hasSuffix(".pub")
                ? .leave(.noise, "each machine has its own") : .secret("the machine's own ssh key")
        }
        if KnownPlaces.isAccounts(path) { return accounts(path) }
        if KnownPlaces.isAccountBackup(path) { return .leave(.noise, "the account tools' copy") }
        if let record = owned.record(path), let verdict = packaged(node, record) { return verdict }
        return unowned(node)
    }

    /// The share of a package's files that are as they came.
    func share(of record: OwnedFiles.Record) -> (Share, String) {
        let package = owned.package(of: record)
        switch choice.standings[Int(record.package)] {
        case .minimal, .stock: return (.stock, "of the package \(package.name)")
        case .chosen, .dependency: return (.packages, "of the package \(package.name)")
        case .orphan: return (.noise, "of the package \(package.name), which nothing asks for any more")
        case .removed: return (.noise, "left by the package \(package.name), which was removed")
        case .broken(let state): return (.unexplained, "of the package \(package.name), which is \(state)")
        }
    }

    /// Of a stock package that the definition does not bring.
    func isOfDroppedPackage(_ path: String) -> Bool {
        owned.record(path).map { choice.standings[Int($0.package)] == .stock } ?? false
    }

    private func accounts(_ path: String) -> Verdict {
        if path.hasSuffix("shadow"), hasPasswords { return .leave(.secret, "hashes of passwords") }
        return .leave(.copied, "users of the definition, and of packages")
    }

    private func packaged(_ node: ServerNode, _ record: OwnedFiles.Record) -> Verdict? {
        let (share, why) = share(of: record)
        // What an orphan or a removed package leaves is not carried over, changed or not.
        if share == .noise || share == .unexplained { return .leave(share, why) }
        if case .symlink = node.kind {
            if record.isFolder { return .leave(.unexplained, "a link, where packages have a folder") }
            if record.md5 != nil {
                return .copy("a link, where \(owned.package(of: record).name) has a file")
            }
        }
        guard node.kind == .file else { return .leave(share, why) }
        if record.isObsolete {
            return .copy("\(owned.package(of: record).name) no longer ships it, and it is still here")
        }
        return record.md5 == nil || node.linkedTo != nil ? .leave(share, why) : .compare
    }

    private func unowned(_ node: ServerNode) -> Verdict {
        let path = node.path
        if let verdict = alternatives.verdict(node) { return verdict }
        if generated.isChanged(path) { return .copy("differs from what packages make of it") }
        if let why = KnownPlaces.noise(path) ?? apps.passing(path) { return .leave(.noise, why) }
        if let why = generated.maker(of: path) { return .leave(.noise, why) }
        if case .symlink(let target) = node.kind, isEnabling(path, target) {
            return .leave(.noise, "systemd's list of what starts")
        }
        if let folder = state(node) { return .state(folder) }
        if let verdict = ofHomes(node) { return verdict }
        if !hasPackages, isSystem(path) {
            return .leave(.unexplained, "no database of packages says whose it is")
        }
        switch node.kind {
        case .socket: return .leave(.noise, "a socket: made by what listens on it")
        case .device: return .leave(.unexplained, "a device")
        case .fifo, .file, .directory, .symlink: return .copy("no package owns it")
        }
    }

    /// Where packages of whatever kind put what they bring.
    private func isSystem(_ path: String) -> Bool {
        let first = path.prefix { $0 != "/" }
        return ["bin", "sbin", "lib", "lib32", "lib64", "libx32"].contains(first)
            || (first == "usr" && !EntryPath.isAt(path, orBelow: "usr/local"))
    }

    /// `etc/systemd/system/multi-user.target.wants/nginx.service` and its like.
    private func isEnabling(_ path: String, _ target: String) -> Bool {
        guard path.hasPrefix("etc/systemd/") else { return false }
        let parent = EntryPath.split(path).parent
        return parent.hasSuffix(".wants") || parent.hasSuffix(".requires")
            || (parent.hasSuffix("/system") && (target.contains("systemd/system/") || target == "/dev/null"))
    }

    private func state(_ node: ServerNode) -> String? {
        if let folder = apps.state(node) { return folder }
        let names = EntryPath.components(node.path)
        guard names.count > 1 else { return ["data", "mnt"].contains(node.path) ? node.path : nil }
        switch (names[0], names[1]) {
        case ("var", "lib"), ("var", "opt"), ("var", "local"), ("var", "spool"):
            guard names.count > 2, names[1] != "spool" || names[2] != "cron" else { return nil }
            return names[0...2].joined(separator: "/")
        case ("var", "mail"): return "var/mail"
        case ("data", _): return "data"
        case ("mnt", _): return names[0...1].joined(separator: "/")
        case ("etc", "letsencrypt"): return "etc/letsencrypt"
        default: return nil
        }
    }

    /// People's homes are no part of an image, what a service uses in them is.
    private func ofHomes(_ node: ServerNode) -> Verdict? {
        let path = node.path
        guard path.hasPrefix("home/") || path.hasPrefix("root/") else { return nil }
        if services.uses(path) { return nil }
        let names = EntryPath.components(path)
        if names.contains(".ssh"), ["authorized_keys", "known_hosts", "known_hosts.old"].contains(names.last)
        {
            return .leave(.noise, "who may log in: an instance has no login")
        }
        if names.contains(".cache") || names.contains(".npm") { return .leave(.noise, "caches") }
        return node.isDirectory ? .leave(.noise, "a person's home") : .compare
    }

    /// What becomes of a file that was to be compared, by its content.
    func verdict(_ node: ServerNode, md5: MD5) -> Verdict {
        guard let record = owned.record(node.path), let expected = record.md5 else {
            if skel.contains(md5) { return .leave(.noise, "as etc/skel has it") }
            return .leave(.unexplained, "in a person's home, and no service refers to it")
        }
        let (share, why) = share(of: record)
        if md5 == expected { return .leave(share, why) }
        let package = owned.package(of: record)
        return .copy("differs from the package \(package.name) \(package.version) (md5)")
    }
}
