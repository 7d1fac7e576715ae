import ArgumentParser
import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnDrift
import KilnFleet
import KilnPlatformLocal

struct DriftCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drift",
        abstract: "Compare what runs with its release; exit status 4 when something differs.",
        discussion: """
            Finds mounts that came later, processes whose program is not in the image, configuration and limits that \
            differ, altered layers, stray containers and balancer entries.

            Examples:

              kiln drift
              kiln drift shop --replace
            """
    )

    @Argument(help: "The fleet; all when none is named.")
    var fleet: FleetName?

    @Flag(help: "Replace what drifted, within the rollout's budget.")
    var replace = false

    @Flag(help: "Read every layer whole, also those whose file times have not moved.")
    var deep = false

    @OptionGroup var options: DriveOptions

    func run() async throws {
        let context = CommandContext.current
        let fleets = try FleetContext(context)
        var reports: [DriftReport] = []
        for name in try await fleets.names(fleet) {
            // An unknown name is an error here, not an empty report.
            _ = try await fleets.reader.releases(of: name)
            let releases = try await fleets.store.releases(of: name).map(\.release)
            reports.append(
                try await fleets.platform.drift(of: name, releases: releases, readingEverything: deep)
            )
        }
        let found = reports.contains { !$0.findings.isEmpty }
        if options.format.format == .text { show(reports, context) }
        let replacements = replace ? await replaceDrifted(reports, context) : Replacements()
        if options.format.format == .json {
            try context.resultJSON(DriftSummary(fleets: reports, outcomes: replacements.outcomes))
        }
        if let failure = replacements.failure { throw failure }
        if found { throw CommandExit(status: .driftFound) }
    }

    private func show(_ reports: [DriftReport], _ context: CommandContext) {
        var table = TextTable(("INSTANCE", .left), ("DRIFT", .left), ("WHAT", .left), ("HOW", .left))
        for finding in reports.flatMap(\.findings) {
            table.add(
                finding.instance?.description ?? "-",
                finding.kind.rawValue,
                finding.subject,
                finding.detail
            )
        }
        if !table.isEmpty { context.console.result(table.render(color: context.console.output.color)) }
        for report in reports where report.findings.isEmpty {
            context.console.message("\(report.fleet): no drift in \(report.checked) instances")
        }
    }

    /// One fleet after the other; what keeps one from it does not keep the others.
    private func replaceDrifted(_ reports: [DriftReport], _ context: CommandContext) async -> Replacements {
        var result = Replacements()
        for report in reports where !report.findings.isEmpty && !context.interruption.isRequested {
            guard let name = try? FleetName(parsing: report.fleet) else { continue }
            let condemned = Dictionary(
                report.findings.compactMap { finding in
                    finding.instance.map { ($0, "\(finding.kind.rawValue): \(finding.subject)") }
                }
            ) { first, _ in first }
            do {
                let outcome = try await options.run { fleets, driverOptions in
                    try await fleets.perform(.replace(condemned), on: name, options: driverOptions)
                }
                result.add(OutcomeReport(name, outcome), outcome.exitStatus, options, context)
            } catch {
                context.console.show(error.asDiagnostics)
                result.fail(error.exitStatus)
            }
        }
        return result
    }
}

/// How the replacing of what drifted ended, fleet by fleet.
private struct Replacements {
    private(set) var outcomes: [OutcomeReport]?
    /// The first that is no success.
    private(set) var failure: CommandExit?

    mutating func add(
        _ report: OutcomeReport,
        _ status: ExitStatus,
        _ options: DriveOptions,
        _ context: CommandContext
    ) {
        if options.format.format == .text { report.show(on: context.console) }
        outcomes = (outcomes ?? []) + [report]
        if status != .done { fail(status) }
    }

    mutating func fail(_ status: ExitStatus) {
        if failure == nil { failure = CommandExit(status: status) }
    }
}

private struct DriftSummary: Encodable {
    let fleets: [DriftReport]
    /// Of the replacing, when it was asked for.
    let outcomes: [OutcomeReport]?
}
