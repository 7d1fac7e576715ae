import ArgumentParser
import KilnAdvisories
import KilnDiagnostics
import KilnLint
import KilnSystem
import SystemPackage

struct LintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint",
        abstract: "Find what breaks immutability in Dockerfiles, manifests, templates and pipelines.",
        discussion: """
            Reads Dockerfiles, Kubernetes and Compose YAML, Terraform, Packer, CloudFormation, ECS task definitions, GitHub \
            and GitLab pipelines, cloud-init and kiln.yaml. Each rule is explained in docs/lint.md. Exit status 3 when there are \
            findings at or above --fail-on, 1 when something could not be read.

            A finding is set aside with a reason and an end, on its line or above its statement:

              # kiln-lint: ignore IL001 until=2027-01-01 reason="the vendor publishes no digest"

            or in .kiln-lint.yaml: ignore: [{rule: IL001, path: "vendor/**", until: 2027-01-01, reason: …}].

            Examples:

              kiln lint .
              kiln lint --profile all deploy/ --format sarif > lint.sarif
              kiln lint --fix --dry-run --registry .
            """
    )

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
        case sarif
        case junit
        case markdown
    }

    enum Threshold: String, ExpressibleByArgument, CaseIterable {
        case error
        case warning
        case note
        case never
    }

    @Argument(help: "Files and folders; - is standard input.")
    var paths: [String] = ["."]

    @Option(help: "What the files are, where name and content do not say.")
    var kind: FileKind?

    @Option(help: "core: what breaks immutability outright. all: every rule.")
    var profile: LintRule.Profile?

    @Option(help: "Only this rule, such as IL001. May be given again.")
    var rule: [String] = []

    @Option(help: "The least severity that makes the exit status 3.")
    var failOn = Threshold.warning

    @Option(help: "Settings and ignores.")
    var config: String?

    @Flag(help: "Repair what needs no judgement: digests behind tags, read-only roots.")
    var fix = false

    @Flag(help: "With --fix: show the difference, change nothing.")
    var dryRun = false

    @Flag(help: "With --fix: ask registries for digests that kiln.lock does not have.")
    var registry = false

    @Option(help: "With --fix: the lock whose digests are used.")
    var lock = "kiln.lock"

    @Option(help: "How results are written: text, json, sarif, junit or markdown.")
    var format = Format.text

    func validate() throws {
        if dryRun, !fix { throw ValidationError("--dry-run belongs to --fix") }
        if registry, !fix { throw ValidationError("--registry belongs to --fix") }
        for id in rule where RuleTable.rule(id) == nil {
            let known = RuleTable.all.map(\.id)
            let hint =
                Spelling.nearest(to: id, in: known).map { "; did you mean \($0)?" }
                ?? "; docs/lint.md lists them"
            throw ValidationError("there is no rule \(id)\(hint)")
        }
        if fix, paths.contains("-") { throw ValidationError("--fix writes files; standard input is none") }
    }

    func run() async throws {
        let context = CommandContext.current
        let today = CalendarDate(dayNumber: Int(WallClock.now / 86_400))
        guard let today else {
            throw DiagnosticFailure(Diagnostic(code: "lint.clock", "the clock tells no day"))
        }
        let file = try settings(today)
        var settings = file?.settings ?? LintSettings()
        if let profile { settings.profile = profile }
        settings.only = Set(rule)
        let linter = Linter(settings: settings, ignoring: file?.ignores ?? [], kind: kind, today: today)
        var report = linter.lint(try LintFiles.read(paths, kind: kind))
        if fix {
            let changed = try await LintRepairs(report, lock: lock, asksRegistry: registry, context).make(
                dryRun: dryRun
            )
            if !dryRun, changed > 0 { report = linter.lint(try LintFiles.read(paths, kind: kind)) }
        }
        try show(report, faults: file?.faults ?? [], context)
        try judge(report, faults: file?.faults ?? [])
    }

    private func settings(_ today: CalendarDate) throws -> LintSettingsFile? {
        let name = config ?? LintSettingsFile.name
        let path = FilePath(name)
        guard config != nil || Files.exists(path) else { return nil }
        return try LintSettingsFile(
            LintSource(name: name, bytes: try Files.read(path, limit: 1 << 20)),
            today: today
        )
    }

    private func show(_ report: LintReport, faults: [Diagnostic], _ context: CommandContext) throws {
        let console = context.console
        switch format {
        case .text:
            if !(fix && dryRun) {
                let text = DiagnosticRenderer(color: console.output.color)
                let found = faults + report.diagnostics
                if !found.isEmpty { console.result(found.map(text.render).joined(separator: "\n\n")) }
            }
            for file in report.files {
                if let reason = file.skipped, reason.hasPrefix("a template") {
                    console.message("skipped \(ShownText.line(file.source.name)): \(reason)")
                }
            }
        case .json: console.result(try LintRenderings.json(report))
        case .sarif: console.result(try LintRenderings.sarif(report, version: KilnVersion.current))
        case .junit: console.result(LintRenderings.junit(report))
        case .markdown: console.result(LintRenderings.markdown(report))
        }
        console.show(report.problems + (format == .text ? [] : faults))
        if format == .text { console.message(report.summary) }
    }

    private func judge(_ report: LintReport, faults: [Diagnostic]) throws {
        let threshold = LintSeverity(rawValue: failOn.rawValue)
        if let threshold, report.count(atLeast: threshold) > 0 || !faults.isEmpty {
            throw CommandExit(status: .gateRefused)
        }
        if !report.problems.isEmpty { throw CommandExit(status: .failed) }
    }
}

extension FileKind: ExpressibleByArgument {}
extension LintRule.Profile: ExpressibleByArgument {}
