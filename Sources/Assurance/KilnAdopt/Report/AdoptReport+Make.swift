import KilnArchive
import KilnDiagnostics
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
        timers = Self.timers(facts)
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
            let isSecret = accounts.held[job.file] != nil || sieve.isSecret(command: job.command)
            return Job(
                file: job.file,
                line: job.line,
                schedule: job.schedule,
                user: job.user,
                command: isSecret ? untold : job.command
            )
        }
    }

    /// What a timer starts is told only where it holds no secret.
    private static func timers(_ facts: ServerFacts) -> [ServerTimer] {
        let sieve = SecretSieve()
        return facts.services.timers.map { timer in
            var told = timer
            if sieve.isSecret(command: timer.command) { told.command = untold }
            return told
        }
    }

    private static let untold = "(left out: it holds a secret)"

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

    /// What keeps the definition from being run as it is.
    private static func started(_ facts: ServerFacts, _ plan: DefinitionPlan) -> [AdoptNote] {
        if plan.applications.isEmpty {
            return [
                AdoptNote(
                    path: "etc/systemd/system",
                    text:
                        "no service that the server starts was found: the definition is an image without an entrypoint and without a fleet"
                )
            ]
        }
        return plan.applications.filter(\.entrypoint.isEmpty).map {
            AdoptNote(
                path: $0.service.unit,
                text: "what it starts could not be told: the image \($0.name) has no entrypoint and no fleet"
            )
        }
    }

    private static func attributes(_ accounts: FileAccounts) -> [AdoptNote] {
        guard let first = accounts.attributed.first else { return [] }
        let others = accounts.attributed.count - 1
        let more = others == 0 ? "" : ", as those of \(others) other \(others == 1 ? "name" : "names")"
        return [
            AdoptNote(
                path: first,
                text: "its access control list or attributes are not carried over\(more)"
            )
        ]
    }

    private static func misplaced(_ accounts: FileAccounts) -> [AdoptNote] {
        let found = accounts.misplaced.sorted { EntryPath.precedes($0.key, $1.key) }
        guard let first = found.first else { return [] }
        let more = found.count == 1 ? "" : ", as are \(Quantities.count(found.count - 1, "other name"))"
        return [AdoptNote(path: first.key, text: "left out: \(first.value)\(more)")]
    }

    private static func notes(
        _ facts: ServerFacts,
        _ accounts: FileAccounts,
        _ plan: DefinitionPlan
    ) -> [AdoptNote] {
        var notes = facts.survey.notes + plan.archives.notes + packageNotes(facts)
        if let first = accounts.unsearched.first {
            let others = accounts.unsearched.count - 1
            let more = others == 0 ? "" : ", as \(Quantities.count(others, "other copied file"))"
            notes.append(
                AdoptNote(path: first, text: "longer than 8 MiB, and not searched for secrets\(more)")
            )
        }
        notes += facts.excluded.sorted().map {
            AdoptNote(path: $0, text: "left out, as it was asked (--exclude)")
        }
        notes += started(facts, plan) + attributes(accounts) + misplaced(accounts)
        return notes
            + facts.diversions.map {
                AdoptNote(path: $0.from, text: "diverted by hand to /\($0.to), which an image does not do")
            }
    }

    private static func packageNotes(_ facts: ServerFacts) -> [AdoptNote] {
        var notes: [AdoptNote] = []
        func add(_ path: String, _ text: String) { notes.append(AdoptNote(path: path, text: text)) }
        let status = "var/lib/dpkg/status"
        if facts.choice.packages.isEmpty {
            add(
                status,
                "there is no database of packages: users, services and files of the server's own are carried over, packages are not"
            )
        } else if !facts.choice.isRecorded {
            add(
                "var/lib/apt/extended_states",
                "apt's record of what was installed by hand is missing: packages that no other one needs are taken for chosen"
            )
        }
        if facts.damaged > 0 {
            let what =
                facts.damaged == 1
                ? "1 paragraph is damaged, and was" : "\(facts.damaged) paragraphs are damaged, and were"
            add(status, "\(what) passed over")
        }
        for package in facts.choice.foreign {
            add(
                status,
                "\(package.name) is installed for \(package.architecture) too, which an image of one architecture cannot have"
            )
        }
        return notes
    }
}
