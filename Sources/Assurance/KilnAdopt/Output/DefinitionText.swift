import KilnArchive
import KilnDiagnostics
import KilnInventory

/// Writes `kiln.yaml`: every line with what on the server says that it should be there. Pure.
struct DefinitionText {
    private let plan: DefinitionPlan
    private let facts: ServerFacts
    private var lines = YAMLLines()

    static func text(_ plan: DefinitionPlan, _ facts: ServerFacts, source: String) -> String {
        var text = DefinitionText(plan: plan, facts: facts)
        text.writeHead(source)
        text.writeArchives()
        text.writeImages()
        text.writeFleets()
        return text.lines.text
    }

    private init(plan: DefinitionPlan, facts: ServerFacts) {
        self.plan = plan
        self.facts = facts
    }

    // MARK: - Head

    private mutating func writeHead(_ source: String) {
        let system = facts.survey.distribution?.name ?? "a system that does not say what it is"
        lines.comment(
            "Written by kiln adopt from \(source) (\(system)). Each line says why it is here; take out what the image does not need."
        )
        lines.comment(
            "Next: kiln lock, kiln bake; kiln adopt --verify bakes it and lists what still differs from the server."
        )
        let services = plan.applications
        if services.count > 1 {
            lines.comment("")
            lines.line("#")
            lines.comment(
                "The server runs \(services.count) services: \(services.map(\.service.name).joined(separator: ", ")). Kiln runs one application in an image, "
                    + "so that each is replaced, scaled and judged by itself: below, \(plan.contentImage) holds what they share, and each has an image and "
                    + "a fleet of its own on top. They reach one another by their fleets' names (needs:), not by localhost. Where they must stay "
                    + "together in one instance, install a supervisor (s6, supervisor) and make it the entrypoint of one image."
            )
        }
        for secret in plan.unplaced {
            lines.comment("left out: /\(secret.path), \(secret.why). Give it to a fleet by secrets:.")
        }
        for database in plan.databases {
            lines.comment(
                "left out: /\(database) is a database in one file beside code. Let the application keep it in a folder of its own, and declare that as state."
            )
        }
        writeLeftOut()
        lines.line("kiln: 1")
    }

    private mutating func writeLeftOut() {
        if !facts.services.machineServices.isEmpty {
            lines.comment(
                "not carried over, as an instance has no use for them: \(facts.services.machineServices.joined(separator: ", "))."
            )
        }
        for timer in facts.services.timers {
            lines.comment(
                "timer \(timer.name) (\(timer.schedule)), /\(timer.unit): an instance runs one program. Run it from outside, or as a fleet of its own."
            )
        }
        for job in facts.services.jobs where facts.isOwn(job) {
            lines.comment(
                "cron, /\(job.file):\(job.line), \(job.schedule) as \(job.user): an instance runs one program. Run it from outside, or as a fleet of its own."
            )
        }
        let own = facts.services.sysctls.filter { facts.isOwn($0.file) }
        if !own.isEmpty {
            lines.comment(
                "kernel settings belong to the machine that runs the fleet: \(own.map { "\($0.key)=\($0.value)" }.joined(separator: ", "))."
            )
        }
    }

    // MARK: - Archives

    private mutating func writeArchives() {
        lines.gap()
        lines.line("archives:")
        write(plan.archives.main)
        for other in plan.archives.others { write(other) }
    }

    private mutating func write(_ archive: ArchivePlan.Archive) {
        for why in archive.why { lines.comment(why, indent: 2) }
        lines.line("\(archive.name):", indent: 2)
        if archive.mirror == "host" { lines.comment("the sources of the machine that locks", indent: 4) }
        lines.line("mirror: \(YAMLLines.text(archive.mirror))", indent: 4)
        lines.line("suites: \(YAMLLines.list(archive.suites))", indent: 4)
        if archive.components != ["main"] {
            lines.line("components: \(YAMLLines.list(archive.components))", indent: 4)
        }
        if let keyring = archive.keyring { lines.line("keyring: \(YAMLLines.text(keyring))", indent: 4) }
    }

    // MARK: - Images

    private mutating func writeImages() {
        lines.gap()
        lines.line("images:")
        var below = "archive:\(plan.archives.main.name)"
        if !plan.base.isEmpty {
            lines.comment(
                "Tools of the operating system, on a minimal root: \(facts.choice.names(.minimal).count) packages that every root has are not named.",
                indent: 2
            )
            begin("base", from: below)
            write(packages: plan.base)
            below = "image:base"
            lines.gap()
        }
        if !plan.runtime.isEmpty {
            lines.comment("The languages that the applications are written in.", indent: 2)
            begin("runtime", from: below)
            write(packages: plan.runtime)
            below = "image:runtime"
            lines.gap()
        }
        let single = plan.applications.count == 1 ? plan.applications.first : nil
        lines.comment("What makes the server what it is.", indent: 2)
        begin(plan.contentImage, from: below)
        if !plan.own.isEmpty { write(packages: plan.own) }
        writeUsers()
        writeFiles()
        writeSteps()
        if let single { writeStart(single) }
        guard plan.applications.count > 1 else { return }
        for application in plan.applications {
            lines.gap()
            lines.comment(
                "The service \(application.service.name) (/\(application.service.unit)).",
                indent: 2
            )
            begin(application.name, from: "image:\(plan.contentImage)")
            writeStart(application)
        }
    }

    private mutating func begin(_ name: String, from: String) {
        lines.line("\(name):", indent: 2)
        lines.line("from: \(from)", indent: 4)
        if from.hasPrefix("archive:"), !plan.archives.others.isEmpty {
            lines.comment("further archives of the server's sources", indent: 4)
            lines.line("archives: \(YAMLLines.list(plan.archives.others.map(\.name)))", indent: 4)
        }
    }

    private mutating func write(packages: [(package: ServerPackage, why: String)]) {
        lines.line("packages:", indent: 4)
        for (why, chosen) in Dictionary(grouping: packages, by: \.why).sorted(by: { $0.key < $1.key }) {
            lines.comment(why, indent: 6)
            for (package, _) in chosen {
                let name = YAMLLines.text(package.name)
                let gap = String(repeating: " ", count: max(1, 34 - name.count))
                let version = ShellText.comment(package.version)
                lines.line(
                    "- \(name)" + (version.isEmpty ? "" : "\(gap)# \(version) on the server"),
                    indent: 6
                )
            }
        }
    }

    private mutating func writeUsers() {
        guard !plan.users.isEmpty else { return }
        lines.line("users:", indent: 4)
        for (user, why) in plan.users.map({ ($0.user, $0.why) }) {
            let password =
                facts.accounts.withPasswords.contains(user.name) ? "; its password is left out" : ""
            lines.comment("uid \(user.uid) of /etc/passwd: \(why)\(password)", indent: 6)
            let home = UnitCommand.folder(user.home) ?? "/nonexistent"
            let shell = UnitCommand.folder(user.shell) ?? "/usr/sbin/nologin"
            lines.line(
                "- {name: \(YAMLLines.text(user.name)), uid: \(user.uid), home: \(YAMLLines.text(home)), shell: \(YAMLLines.text(shell))}",
                indent: 6
            )
        }
    }

    private mutating func writeFiles() {
        guard !plan.files.entries.isEmpty else { return }
        lines.line("files:", indent: 4)
        var last = ""
        for entry in plan.files.entries {
            let size =
                entry.tally.map { ": \(Quantities.count($0.files, "file")), \(Quantities.bytes($0.bytes))" }
                ?? ""
            if entry.why + size != last { lines.comment(entry.why + size, indent: 6) }
            last = entry.why + size
            for (folder, modules) in plan.modules.sorted(by: { $0.key < $1.key })
            where EntryPath.isAt(folder, orBelow: entry.path) || entry.path == folder {
                let names = Set(modules.map { "\($0.name) \($0.version)" }).sorted()
                let more = names.count > 12 ? " and \(names.count - 12) more" : ""
                lines.comment(
                    "\(modules.first?.kind.rawValue ?? "") packages in /\(folder): \(names.prefix(12).joined(separator: ", "))\(more)",
                    indent: 6
                )
            }
            var fields = [
                "source: \(YAMLLines.text("files/" + entry.path))",
                "target: \(YAMLLines.text("/" + entry.path))",
            ]
            if entry.owner != "root" { fields.append("owner: \(YAMLLines.text(entry.owner))") }
            if let mode = entry.mode { fields.append("mode: \"\(ArrangeScript.octal(mode))\"") }
            lines.line("- {\(fields.joined(separator: ", "))}", indent: 6)
        }
    }

    private mutating func writeSteps() {
        guard !plan.files.script.isEmpty else { return }
        let lists = plan.files.script.text().lists
        lines.comment(
            "groups, links, permissions and deletions, which the keys above cannot say; each command says why",
            indent: 4
        )
        let inputs = lists.isEmpty ? "" : ", inputs: [lists]"
        lines.line("steps: [{run: arrange.sh\(inputs)}]", indent: 4)
    }

    private mutating func writeStart(_ application: DefinitionPlan.Application) {
        StartText.write(application, facts, to: &lines)
    }

    private mutating func writeFleets() {
        guard !plan.applications.isEmpty else {
            lines.gap()
            lines.comment(
                "No service that the server starts was found, so that there is no fleet: give the image an entrypoint, and add one."
            )
            return
        }
        FleetText.write(plan, facts, to: &lines)
    }
}
