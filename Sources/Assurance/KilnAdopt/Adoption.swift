import Glibc
import KilnArchive
package import KilnDiagnostics
import KilnOCI
import KilnSystem
package import SystemPackage

/// Reads a server and writes the definition that rebuilds it.
package struct Adoption: Sendable {
    package let source: any ServerSource
    package let output: FilePath
    /// Whether what an earlier run wrote is written over.
    package var isForced = false
    /// Paths from the root that the source leaves out.
    package var excluded: Set<String> = []
    /// Is told how far it is.
    package var progress: (any ProgressReceiver)?

    /// What adopting writes, and nothing else of the folder.
    private static let written = [
        "kiln.yaml", "kiln.lock", "arrange.sh", "adopt.json", "files", "keys", "lists",
    ]

    package init(source: any ServerSource, output: FilePath) {
        self.source = source
        self.output = output
    }

    /// The report, and what a later comparison with the baked image needs.
    package func run() throws -> Adopted {
        let records = WorkID("adopt/records")
        progress?.receive(.started(records, label: "read the server's records", total: nil))
        let survey = try ServerSurvey(source)
        guard survey.isRoot else { throw AdoptError(.notARoot, source.name) }
        var facts = ServerFacts(survey)
        facts.excluded = excluded
        if source.isThisMachine { facts.services.add(live: LivePorts.read()) }
        progress?.receive(.finished(records, cached: false, detail: nil))
        let isNew = try prepare()
        do {
            return try write(facts)
        } catch {
            // What is half written helps nobody, and would be in the way of the next run.
            for name in Self.written { try? Files.remove(output.appending(name)) }
            if isNew { try? Files.remove(output) }
            throw error
        }
    }

    private func write(_ facts: ServerFacts) throws -> Adopted {
        let survey = facts.survey
        let tree = AdoptedTree(output)
        var sorter = FileSorter(
            Classifier(facts),
            tree,
            MetadataRules(
                statoverride: survey.text("var/lib/dpkg/statoverride") ?? "",
                users: facts.accounts.users
            )
        )
        let work = WorkID("adopt/files")
        sorter.progress = (work, progress)
        progress?.receive(.started(work, label: "sort and copy its files", total: nil))
        try source.visit(below: nil, &sorter)
        try sorter.takeLate(source)
        progress?.receive(
            .finished(work, cached: false, detail: Quantities.count(sorter.accounts.total.files, "file"))
        )
        let missing = Self.missing(sorter.classifier, survey)
        var plan = DefinitionPlan(facts, sorter.accounts)
        plan.files.remove(missing)
        Self.addCommands(facts, sorter.accounts, to: &plan)
        let report = AdoptReport(
            source: source.name,
            output: output.string,
            facts,
            sorter.accounts,
            plan,
            deleted: missing.count
        )
        try write(plan, facts, tree, report)
        return Adopted(
            report: report,
            facts: facts,
            accounts: sorter.accounts,
            image: plan.contentImage,
            missing: missing.map(\.path)
        )
    }

    /// What was deleted, apart from what tools make and take away.
    private static func missing(
        _ classifier: Classifier,
        _ survey: ServerSurvey
    ) -> [(path: String, package: String)] {
        let gone = classifier.owned.missing(survey).filter { entry in
            let standing = classifier.owned.record(entry.path).map { classifier.share(of: $0).0 }
            return KnownPlaces.noise(entry.path) == nil && (standing == .stock || standing == .packages)
                && !classifier.isOfDroppedPackage(entry.path) && !classifier.isUnread(entry.path)
        }
        return gone + missingLinks(classifier, survey)
    }

    /// Links that packages' scripts make and no list of theirs names.
    private static func missingLinks(
        _ classifier: Classifier,
        _ survey: ServerSurvey
    ) -> [(path: String, package: String)] {
        let known = [
            (path: "etc/nginx/sites-enabled/default", package: "nginx-common"),
            (path: "etc/apache2/sites-enabled/000-default.conf", package: "apache2"),
        ]
        return known.filter { entry in
            let (folder, _) = EntryPath.split(entry.path)
            guard survey.folders.contains(folder), !classifier.isUnread(entry.path),
                let record = classifier.owned.record(folder), classifier.share(of: record).0 == .packages
            else { return false }
            return !survey.isThere(entry.path)
        }
    }

    /// What has to be run once the files are there.
    private static func addCommands(
        _ facts: ServerFacts,
        _ accounts: FileAccounts,
        to plan: inout DefinitionPlan
    ) {
        for choice in facts.alternatives.choices where choice.target.hasPrefix("/") {
            plan.files.end(
                "update-alternatives --set \(ShellText.quoted(choice.name)) \(ShellText.quoted(choice.target))",
                why: "an alternative that was chosen by hand"
            )
        }
        let paths = accounts.copied.map(\.node.path)
        if paths.contains(where: { $0.hasPrefix("usr/local/share/ca-certificates/") && $0.hasSuffix(".crt") }
        ),
            facts.choice.standing(of: "ca-certificates") != nil
        {
            plan.files.end("update-ca-certificates", why: "authorities that were added by hand")
        }
        if paths.contains(where: { $0.hasPrefix("usr/local/lib/") && $0.contains(".so") }) {
            plan.files.end("ldconfig", why: "libraries in /usr/local/lib")
        }
        if paths.contains("etc/locale.gen"), facts.choice.standing(of: "locales") != nil {
            plan.files.end("locale-gen", why: "locales that were chosen in /etc/locale.gen")
        }
    }

    /// Whether there was no such folder.
    private func prepare() throws -> Bool {
        let found = Files.facts(output, followingSymlinks: true)
        if let found {
            guard found.kind == .directory else { throw AdoptError(.notEmpty, output.string) }
            let names = try Files.list(output)
            guard names.isEmpty || isForced else { throw AdoptError(.notEmpty, output.string) }
            for name in Self.written { try Files.remove(output.appending(name)) }
        }
        // What is copied may be meant for few, and a folder that was there may be open to all.
        try Files.createDirectory(output, mode: 0o700)
        guard chmod(output.string, 0o700) == 0 else { throw SystemError.last("close \(output) to others") }
        return found == nil
    }

    private func write(
        _ plan: DefinitionPlan,
        _ facts: ServerFacts,
        _ tree: AdoptedTree,
        _ report: AdoptReport
    ) throws {
        for link in plan.files.links { try tree.link(link.path, to: link.target) }
        for name in plan.files.names { _ = try tree.link(name.path, sharing: name.first) }
        for key in plan.archives.keys {
            try Files.createDirectory(output.appending("keys"))
            try Files.write(facts.survey.bytes(key.path) ?? [], to: output.pushing(FilePath(key.target)))
        }
        if !plan.files.script.isEmpty {
            let (script, lists) = plan.files.script.text()
            for list in lists {
                try Files.createDirectory(output.appending("lists"))
                try Files.write(list.text, to: output.appending("lists").appending(list.name))
            }
            try Files.write(script, to: output.appending("arrange.sh"), mode: 0o755)
        }
        try Files.write(CanonicalJSON.encodePretty(report), to: output.appending("adopt.json"))
        // Last: a definition is there when all that it names is.
        try Files.write(
            DefinitionText.text(plan, facts, source: source.name),
            to: output.appending("kiln.yaml")
        )
    }
}

/// A server that was read, and what its definition is to be held against.
package struct Adopted: Sendable {
    package let report: AdoptReport
    let facts: ServerFacts
    let accounts: FileAccounts
    /// The image that holds all files.
    package let image: String
    let missing: [String]
}
