import ArgumentParser
import KilnDefinition
import KilnDiagnostics
import KilnDrift
import KilnFleet
import KilnPlatformLocal
import KilnSystem
import SystemPackage

struct EvidenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evidence",
        abstract: "Look at what was kept of instances that drifted.",
        discussion: """
            Before an instance that drifted is replaced, put in quarantine or left alone, its changed files, processes, mounts, \
            last lines of output and the events of its changes are kept in the home's folder evidence/: of each fleet the newest \
            \(EvidenceStore.countLimit), \(EvidenceStore.sizeLimit >> 20) MiB at most, for \(EvidenceStore.ageLimit / 86_400) days.
            """,
        subcommands: [EvidenceListCommand.self, EvidenceShowCommand.self, EvidenceExportCommand.self]
    )
}

struct EvidenceListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List what is kept, the newest first.",
        discussion: """
            Example:

              kiln evidence list shop
            """
    )

    @Argument(help: "The fleet; all when none is named.")
    var fleet: FleetName?

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let entries = try EvidenceStore(home: context.home).entries(of: fleet)
        if format.format == .json { return try context.resultJSON(entries.map(\.record)) }
        guard !entries.isEmpty else { return context.console.message("no evidence is kept") }
        var table = TextTable(
            ("INSTANCE", .left),
            ("RELEASE", .right),
            ("KEPT", .left),
            ("FINDINGS", .right),
            ("SIZE", .right),
            ("FIRST", .left)
        )
        for entry in entries {
            let harmful = entry.record.findings.filter { $0.weight == .harmful }
            table.add(
                entry.record.instance.description,
                entry.record.release?.description ?? "-",
                WallClock.format(entry.record.time),
                String(harmful.count),
                Quantities.bytes(entry.size),
                harmful.first.map { "\($0.kind.rawValue): \($0.subject)" } ?? "-"
            )
        }
        context.console.result(table.render(color: context.console.output.color))
    }
}

struct EvidenceShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what was found of an instance, and which files were kept.",
        discussion: """
            Example:

              kiln evidence show shop-4-k7vn
            """
    )

    @Argument(help: "The instance.")
    var instance: String

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let entry = try EvidenceStore(home: context.home).named(instance)
        if format.format == .json { return try context.resultJSON(entry.record) }
        let report = DriftReport(fleet: entry.record.fleet, checked: 1, findings: entry.record.findings)
        let text = DriftText(reports: [report], showsAll: true)
        if let table = text.table(color: context.console.output.color) { context.console.result(table) }
        for difference in text.differences { context.console.result(difference) }
        for process in entry.record.processes {
            context.console.result("process \(process.pid): \(process.arguments.joined(separator: " "))")
        }
        for (name, size) in entry.files.sorted(by: { $0.key < $1.key }) {
            context.console.result("\(entry.folder.appending(name)): \(Quantities.bytes(size))")
        }
        for path in entry.record.omitted { context.console.message("\(path) was too large to keep") }
    }
}

struct EvidenceExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write what is kept of an instance to a tar archive.",
        discussion: """
            Example:

              kiln evidence export shop-4-k7vn shop-4-k7vn.tar
            """
    )

    @Argument(help: "The instance.")
    var instance: String

    @Argument(help: "The archive to write.")
    var file: String

    func run() async throws {
        let context = CommandContext.current
        let entry = try EvidenceStore(home: context.home).named(instance)
        let words = [
            "--create", "--file=\(file)", "--directory=\(entry.folder.removingLastComponent())", instance,
        ]
        try await ToolRunner().run(ToolInvocation("tar", words))
        context.console.message(
            "wrote \(file): \(Quantities.bytes(entry.size)) of \(entry.files.count) files"
        )
    }
}

extension EvidenceStore {
    fileprivate func named(_ instance: String) throws -> Entry {
        if let entry = try entry(of: InstanceID(instance)) { return entry }
        throw DiagnosticFailure(
            Diagnostic(
                code: "drift.no-evidence",
                "no evidence of an instance \(instance) is kept",
                hint: Spelling.hint(for: instance, in: try entries().map(\.record.instance.description))
                    ?? "kiln evidence list shows what is",
                exitStatus: .usage
            )
        )
    }
}
