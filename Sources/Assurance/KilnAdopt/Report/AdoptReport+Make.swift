import KilnArchive
import KilnInventory

extension AdoptReport {
    init(
        source: String,
        output: String,
        _ facts: ServerFacts,
        _ accounts: FileAccounts,
        _ plan: DefinitionPlan,
        deleted: Int
    ) {
        self.source = source
        self.output = output
        system = facts.survey.distribution.map { $0.name ?? $0.id }
        total = accounts.total
        shares = Dictionary(uniqueKeysWithValues: Share.allCases.map { ($0.rawValue, accounts.tally($0)) })
        packages = Self.packages(facts.choice)
        services = facts.services.services.map {
            Service(name: $0.name, unit: $0.unit, package: $0.package, user: $0.user, ports: $0.ports)
        }
        machineServices = facts.services.machineServices
        timers = facts.services.timers
        jobs = Self.jobs(facts, accounts)
        sysctls = facts.services.sysctls.filter { facts.isOwn($0.file) }.map { "\($0.key)=\($0.value)" }
        ports = facts.services.ports.map {
            Port(port: $0.port, address: $0.address, program: $0.program, evidence: $0.evidence)
        }
        users = Self.users(facts, plan)
        state = accounts.state.filter { $0.value.tally.files > 0 }.sorted { $0.key < $1.key }
            .map { State(path: $0.key, files: $0.value.tally.files, bytes: $0.value.tally.bytes) }
        secrets = (accounts.secrets + Self.passwords(facts) + plan.archives.secrets).sorted {
            ($0.path, $0.line ?? 0, $0.subject ?? "") < ($1.path, $1.line ?? 0, $1.subject ?? "")
        }
        noise = (accounts.reasons[.noise] ?? [:]).sorted {
            ($0.value.bytes, $1.key) > ($1.value.bytes, $0.key)
        }
        .map { Noise(why: $0.key, files: $0.value.files, bytes: $0.value.bytes) }
        unexplained = accounts.unexplained.sorted { ($0.bytes, $1.path) > ($1.bytes, $0.path) }
        unlisted = accounts.unlisted
        self.deleted = deleted
        notes = Self.notes(facts, accounts, plan)
    }

    private static func packages(_ choice: PackageChoice) -> Packages {
        var packages = Packages()
        packages.chosen = choice.chosen.map {
            Package(name: $0.package.name, version: $0.package.version, why: $0.why)
        }
        packages.dependencies = choice.names(.dependency).count
        packages.minimal = choice.names(.minimal).count
        packages.stock = choice.names(.stock)
        packages.orphans = choice.names(.orphan)
        packages.removed = choice.names(.removed)
        packages.broken = zip(choice.packages, choice.standings).compactMap { package, standing in
            if case .broken(let state) = standing { "\(package.name) (\(state))" } else { nil }
        }
        return packages
    }

    /// What a crontab runs is told only where its file holds no secret.
    private static func jobs(_ facts: ServerFacts, _ accounts: FileAccounts) -> [Job] {
        let sieve = SecretSieve()
        return facts.services.jobs.filter { facts.isOwn($0) }.map { job in
            let words = UnitFile.split(job.command)
            let isSecret =
                accounts.held[job.file] != nil
                || zip(words, [nil] + words.map { Optional($0) }).contains {
                    sieve.isSecret(argument: $0, after: $1)
                }
            let command = isSecret ? "(left out: it holds a secret)" : job.command
            return Job(
                file: job.file,
                line: job.line,
                schedule: job.schedule,
                user: job.user,
                command: command
            )
        }
    }

    private static func users(_ facts: ServerFacts, _ plan: DefinitionPlan) -> [Person] {
        let kept = Set(plan.users.map(\.user.name))
        return facts.accounts.users.filter { !facts.accounts.isMade($0) }.sorted { $0.uid < $1.uid }
            .map { Person(name: $0.name, uid: $0.uid, isCarriedOver: kept.contains($0.name)) }
    }

    private static func passwords(_ facts: ServerFacts) -> [AdoptSecret] {
        facts.accounts.withPasswords.sorted().map {
            AdoptSecret(
                path: "etc/shadow",
                kind: "password-hash",
                what: "the password of an account",
                subject: $0
            )
        }
    }

    private static func notes(
        _ facts: ServerFacts,
        _ accounts: FileAccounts,
        _ plan: DefinitionPlan
    ) -> [AdoptNote] {
        var notes = facts.survey.notes + plan.archives.notes
        if facts.choice.packages.isEmpty {
            notes.append(
                AdoptNote(
                    path: "var/lib/dpkg/status",
                    text:
                        "there is no database of packages: users, services and files of the server's own are carried over, packages are not"
                )
            )
        } else if !facts.choice.isRecorded {
            notes.append(
                AdoptNote(
                    path: "var/lib/apt/extended_states",
                    text:
                        "apt's record of what was installed by hand is missing: packages that no other one needs are taken for chosen"
                )
            )
        }
        if facts.damaged > 0 {
            notes.append(
                AdoptNote(
                    path: "var/lib/dpkg/status",
                    text: "\(facts.damaged) paragraphs are damaged, and were passed over"
                )
            )
        }
        if accounts.unsearched > 0 {
            notes.append(
                AdoptNote(
                    path: "files",
                    text: "\(accounts.unsearched) copied files above 8 MiB were not searched for secrets"
                )
            )
        }
        for diversion in facts.diversions {
            notes.append(
                AdoptNote(
                    path: diversion.from,
                    text: "diverted by hand to /\(diversion.to), which an image does not do"
                )
            )
        }
        return notes
    }
}
