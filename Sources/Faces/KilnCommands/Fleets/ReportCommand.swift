import ArgumentParser
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnSystem

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Tell how a fleet's rollouts went, and what had to be replaced.",
        discussion: """
            Deploys, rollbacks and failures, the part of deploys that failed, the time until a release was stable (half of             them, and 95 of 100, took no longer), instances that were replaced outside of rollouts and why, and how many had             drifted. Counts what is still known: the newest events of each fleet.

            Examples:

              kiln report
              kiln report shop --since 4w --format markdown
            """
    )

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
        case markdown
    }

    @Argument(help: "The fleet; all when none is named.")
    var fleet: FleetName?

    @Option(help: "How far to look back: 12h, 30d, 4w.")
    var since = AgeOption(seconds: 30 * 86400)

    @Option(help: "How the report is written: text, json or markdown.")
    var format = Format.text

    func run() async throws {
        let context = CommandContext.current
        let start = WallClock.now - since.seconds
        let reports = try await FleetContext(context).reader.reports(of: fleet, since: start)
        switch format {
        case .json: try context.resultJSON(Report(since: start, fleets: reports))
        case .markdown: context.console.result(ReportText(reports).markdown)
        case .text:
            guard !reports.isEmpty else {
                return context.console.message("no fleets yet: kiln deploy FLEET starts one")
            }
            context.console.result(ReportText(reports).text(color: context.console.output.color))
        }
    }
}

private struct Report: Encodable {
    /// Seconds since 1970.
    let since: Int64
    let fleets: [FleetReport]
}

/// Reports of fleets, one a row.
struct ReportText {
    private var table = TextTable(
        ("FLEET", .left),
        ("DEPLOYS", .right),
        ("ROLLBACKS", .right),
        ("FAILED", .right),
        ("FAILED %", .right),
        ("STABLE AFTER", .right),
        ("P95", .right),
        ("REPLACED", .left),
        ("DRIFTED", .right),
        ("BEHIND", .left)
    )

    init(_ reports: [FleetReport], now: Int64 = WallClock.now) {
        for report in reports {
            table.add(
                report.fleet.description,
                String(report.deploys),
                String(report.rollbacks),
                String(report.failures),
                report.changeFailureRate.map { "\(($0 * 10).rounded() / 10)" } ?? "-",
                Self.time(report.medianTimeToStable),
                Self.time(report.p95TimeToStable),
                report.replacements.isEmpty
                    ? "-" : report.replacements.map { "\($0.count) \($0.cause)" }.joined(separator: ", "),
                String(report.drifted),
                report.patches.map { PatchText($0, now: now).cell } ?? "-"
            )
        }
    }

    func text(color: Bool) -> String { table.render(color: color) }

    var markdown: String { table.markdown }

    private static func time(_ seconds: Int64?) -> String {
        seconds.map { Quantities.duration(.seconds($0)) } ?? "-"
    }
}
