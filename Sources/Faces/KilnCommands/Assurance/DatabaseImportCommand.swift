import ArgumentParser
import KilnAdvisories
import KilnDiagnostics
import KilnSystem
import SystemPackage

struct DatabaseImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take files of advisories into the database; needs no network.",
        discussion: """
            Takes the JSON of Debian's security tracker, OSV (zip, JSON, JSON lines), CISA's list of exploited vulnerabilities (JSON or one \
            CVE on each line), NVD's JSON 2.0 feeds for severities, and security-support-ended.debN of debian-security-support, \
            plain or compressed by gzip, xz or zstd. A file takes the place of one of the same name; the others stay, unless --replace \
            forgets them. When a file cannot be read, nothing changes.

            Examples:

              kiln db import debian.json all.zip
              kiln db import --replace known_exploited_vulnerabilities.json debian.osv.jsonl.zst
            """
    )

    @Argument(help: "The files.")
    var files: [String]

    @Flag(help: "Forget what was imported and fetched before.")
    var replace = false

    @OptionGroup var format: FormatOption

    func run() async throws {
        try Self.refuseUnusable(files)
        let context = CommandContext.current
        let home = AdvisoryHome(context.home)
        let reports = try await context.withProgress(format.format) {
            let label = files.count == 1 ? "import \(files[0])" : "import \(files.count) files"
            return try await Progress.track(WorkID("db/import"), label: label) {
                try await home.importFiles(files.map { FilePath($0) }, replaces: replace)
            }
        }
        for report in reports { Self.warn(of: report) }
        let report = try DatabaseReport(try home.open())
        if format.format == .json { return try context.resultJSON(report) }
        context.console.result(report.text(color: context.console.output.color))
    }

    /// All of them, before any is read.
    private static func refuseUnusable(_ files: [String]) throws {
        let refused = files.compactMap { file -> String? in
            guard let facts = Files.facts(FilePath(file), followingSymlinks: true) else {
                return "there is no file \(file)"
            }
            return facts.kind == .directory ? "\(file) is a folder; name the files in it" : nil
        }
        guard !refused.isEmpty else { return }
        throw DiagnosticFailure(
            refused.map { Diagnostic(code: "advisories.missing", $0, exitStatus: .usage) }
        )
    }

    /// What something is wrong with; what is merely of no use (withdrawn, other ecosystems) is only counted.
    private static func warn(of report: ImportReport) {
        guard !report.faults.isEmpty else { return }
        let counts = report.skipped.sorted { $0.key.rawValue < $1.key.rawValue }.map {
            "\($0.value) \($0.key.rawValue)"
        }
        CommandContext.current.console.show([
            Diagnostic(
                .warning,
                code: "advisories.left-out",
                "\(report.name): left out: \(counts.joined(separator: ", "))",
                causes: Array(report.faults.prefix(5)),
                hint: "what was left out is not judged by"
            )
        ])
    }
}
