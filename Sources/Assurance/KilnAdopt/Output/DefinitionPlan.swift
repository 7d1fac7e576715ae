import KilnArchive
import KilnDiagnostics
import KilnInventory

/// What the definition will say, before it is written: images, files, users, fleets. Pure.
struct DefinitionPlan: Sendable {
    struct User: Sendable, Hashable {
        var user: ServerUser
        var why: String
    }

    struct State: Sendable, Hashable {
        var path: String
        var volume: String
        var isExclusive: Bool
        var why: String
    }

    struct Secret: Sendable, Hashable {
        var name: String
        var path: String
        var why: String
    }

    /// One service as an image and a fleet.
    struct Application: Sendable, Hashable {
        var name: String
        var service: ServerService
        var entrypoint: [String]
        var environment: [String: String]
        var state: [State]
        var scratch: [String]
        var secrets: [Secret]
        var remarks: [String]
    }

    var name: String
    var archives: ArchivePlan
    var base: [(package: ServerPackage, why: String)] = []
    var runtime: [(package: ServerPackage, why: String)] = []
    var own: [(package: ServerPackage, why: String)] = []
    var users: [User] = []
    var files: FilePlan
    var applications: [Application] = []
    /// State that no service claims.
    var unclaimed: [State] = []
    /// Databases in one file, beside code.
    var databases: [String] = []
    /// Secrets that no fleet is proposed for.
    var unplaced: [Secret] = []
    var modules: [String: [SingleFile.Module]] = [:]

    init(_ facts: ServerFacts, _ accounts: FileAccounts) {
        archives = facts.archives
        name = Self.name(facts)
        files = FilePlan(accounts.copied, accounts.changes, facts.accounts)
        modules = accounts.modules
        for chosen in facts.choice.chosen {
            switch PackageKinds.kind(chosen.package.name) {
            case .runtime: runtime.append(chosen)
            case .base where !facts.servicePackages.contains(chosen.package.name): base.append(chosen)
            default: own.append(chosen)
            }
        }
        planUsers(facts, accounts)
        planGroups(facts)
        planCapabilities(facts, accounts)
        planApplications(facts, accounts)
    }

    /// After the service that is the server's own, else the one it runs, else the machine.
    private static func name(_ facts: ServerFacts) -> String {
        let services = facts.services.services
        let own = services.filter { $0.package == nil }
        if own.count == 1 { return ArchivePlan.name(own[0].name) }
        if services.count == 1 { return ArchivePlan.name(services[0].name) }
        let host = (facts.survey.text("etc/hostname") ?? "").trimmedBlanks
        return host.isEmpty || host == "localhost" ? "server" : ArchivePlan.name(host)
    }

    /// Names that the images have; none is taken twice.
    var contentImage: String { ["base", "runtime"].contains(name) ? name + "-server" : name }

    // MARK: - Users

    private mutating func planUsers(_ facts: ServerFacts, _ accounts: FileAccounts) {
        var owners: [UInt32: String] = [:]
        for entry in accounts.copied where owners[entry.node.uid] == nil {
            owners[entry.node.uid] = "owns /\(entry.node.path)"
        }
        for (folder, state) in accounts.state.sorted(by: { $0.key < $1.key }) where owners[state.uid] == nil {
            owners[state.uid] = "owns the state in /\(folder)"
        }
        for user in facts.accounts.users
        where !facts.accounts.isMade(user) && ServerAccounts.isDefinable(user) {
            let service = facts.services.services.first { $0.user == user.name }
            guard let why = service.map({ "the service \($0.name) runs as it" }) ?? owners[user.uid] else {
                continue
            }
            users.append(User(user: user, why: why))
            planGroups(of: user, facts)
        }
    }

    private mutating func planGroups(of user: ServerUser, _ facts: ServerFacts) {
        let primary = facts.accounts.groupName(user.gid)
        var wanted = facts.accounts.groups.filter { $0.members.contains(user.name) && $0.name != user.name }
        if primary != user.name, let group = facts.accounts.groups.first(where: { $0.gid == user.gid }) {
            wanted.insert(group, at: 0)
        }
        for group in wanted {
            make(group, facts)
            let option = group.gid == user.gid ? "-g" : "-aG"
            files.begin("usermod \(option) \(group.name) \(user.name)", why: "the groups of \(user.name)")
        }
    }

    /// Groups that files have and that nobody's user brings.
    private mutating func planGroups(_ facts: ServerFacts) {
        let own = Set(users.map(\.user.name))
        for gid in files.script.groups.sorted() {
            guard let group = facts.accounts.groups.first(where: { $0.gid == gid }), !own.contains(group.name)
            else { continue }
            make(group, facts)
        }
    }

    private mutating func make(_ group: ServerGroup, _ facts: ServerFacts) {
        guard !facts.accounts.isMade(group: group) else { return }
        files.begin(
            "getent group \(group.name) >/dev/null || groupadd --gid \(group.gid) \(group.name)",
            why: "a group that no package makes"
        )
    }

    /// What setcap(8) gave, after all changes of owners, which take it away.
    private mutating func planCapabilities(_ facts: ServerFacts, _ accounts: FileAccounts) {
        guard !accounts.capabilities.isEmpty else { return }
        for entry in accounts.capabilities {
            files.end(
                "setcap \(ShellText.quoted(entry.text)) \(ShellText.quoted("/" + entry.path))",
                why: "capabilities that a program was given by hand (setcap)"
            )
        }
        let tool = "libcap2-bin"
        switch facts.choice.standing(of: tool) {
        case .chosen, .dependency, .minimal: return
        default:
            let package = facts.choice.packages.first { $0.name == tool } ?? ServerPackage(tool, "")
            own.append((package: package, why: "arrange.sh gives programs their capabilities by its setcap"))
        }
    }

    // MARK: - Applications

    private mutating func planApplications(_ facts: ServerFacts, _ accounts: FileAccounts) {
        let services = facts.services.services
        var volumes: Set<String> = []
        var names: [String] = []
        var states = accounts.state.filter { $0.value.tally.files > 0 && !$0.value.isFile }
        for service in services {
            for folder in service.writes where states[folder] == nil {
                states[folder] = FileAccounts.Folder()
            }
        }
        databases = accounts.state.filter(\.value.isFile).map(\.key).sorted()
        var open = states.keys.filter { folder in
            // What lies in another one goes with it.
            !states.keys.contains { $0 != folder && EntryPath.isAt(folder, orBelow: $0) }
        }
        .sorted()
        var held = accounts.held.keys.filter {
            !$0.hasPrefix("etc/ssh/") && !$0.hasPrefix("home/") && !$0.hasPrefix("root/")
        }.sorted()
        held += accounts.held.keys.filter {
            ($0.hasPrefix("home/") || $0.hasPrefix("root/")) && facts.services.uses($0)
        }.sorted()
        for service in services {
            var application = ApplicationPlan.start(service, facts, held: Set(accounts.held.keys))
            application.name = Self.unique(
                ArchivePlan.name(service.name),
                services.count == 1 ? [] : [contentImage, "base", "runtime"] + applications.map(\.name)
            )
            let only = services.count == 1
            let folders = open.filter { only || ApplicationPlan.owns(service, $0, states[$0]?.uid, facts) }
            open.removeAll { folders.contains($0) }
            application.state = folders.map {
                Self.state($0, states[$0] ?? FileAccounts.Folder(), service, &volumes)
            }
            application.scratch.removeAll { path in
                folders.contains { EntryPath.isAt($0, orBelow: path) || EntryPath.isAt(path, orBelow: $0) }
            }
            let secrets = held.filter { only || ApplicationPlan.reads(service, $0) }
            held.removeAll { secrets.contains($0) }
            application.secrets = secrets.map { Self.secret($0, accounts, &names) }
            applications.append(application)
        }
        unclaimed = open.map { Self.state($0, states[$0] ?? FileAccounts.Folder(), nil, &volumes) }
        unplaced = held.map { Self.secret($0, accounts, &names) }
    }

    private static func state(
        _ folder: String,
        _ found: FileAccounts.Folder,
        _ service: ServerService?,
        _ volumes: inout Set<String>
    ) -> State {
        let names = EntryPath.components(folder)
        var volume = ArchivePlan.name(names.last ?? "data")
        while !volumes.insert(volume).inserted { volume += "-2" }
        let isDatabase = ["postgresql", "mysql", "redis", "mongodb", "ldap", "rabbitmq"].contains {
            folder.contains($0)
        }
        let said = service?.writes.contains { EntryPath.isAt(folder, orBelow: $0) } == true
        let size =
            found.tally.files == 0
            ? "empty here"
            : "\(Quantities.count(found.tally.files, "file")), \(Quantities.bytes(found.tally.bytes)) here"
        let why =
            said
            ? "the service writes it: \(size)"
            : "no package owns what is in it, and it looks like state: \(size)"
        return State(path: folder, volume: volume, isExclusive: isDatabase, why: why)
    }

    private static func secret(
        _ path: String,
        _ accounts: FileAccounts,
        _ taken: inout [String]
    ) -> Secret {
        let found = accounts.secrets.first { $0.path == path }
        let place = found?.line.map { ", line \($0)" } ?? ""
        return Secret(
            name: ArchivePlan.name(path),
            path: path,
            why: "\(found?.what ?? "a secret")\(place): not copied"
        )
    }

    private static func unique(_ name: String, _ taken: [String]) -> String {
        guard taken.contains(name) else { return name }
        let longer = name + "-app"
        guard taken.contains(longer) else { return longer }
        return (2...).lazy.map { "\(longer)-\($0)" }.first { !taken.contains($0) } ?? longer
    }
}
