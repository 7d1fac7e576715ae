import ArgumentParser
import KilnAPI
import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnDrift
import KilnFleet
import KilnPlatformLocal
import KilnSystem

struct DriftCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drift",
        abstract: "Compare what runs with its release; exit status 4 when something differs.",
        discussion: """
            Finds mounts that came later, processes whose program is not in the image or that were entered from the host, \
            processes with other arguments, variables, limits or privileges, configuration that differs, files of writable \
            roots that are not the image's, altered layers and blobs, stray containers and balancer entries. docs/drift.md lists \
            all of it.

            Examples:

              kiln drift
              kiln drift shop --replace
              kiln drift shop --quarantine 1h
            """
    )

    @Argument(help: "The fleet; all when none is named.")
    var fleet: FleetName?

    @Flag(help: "Replace what drifted, within the rollout's budget.")
    var replace = false

    @Option(
        help:
            "Keep what drifted for so long, cut off from the network and frozen, once others serve in its place: 30m, 1d."
    )
    var quarantine: AgeOption?

    @Flag(help: "Show also what is let pass: noise, what the policy allows, what is being learned.")
    var all = false

    @Flag(help: "Write what is being learned (`learn_until`) as a definition's `allow`, and nothing else.")
    var learned = false

    @Flag(help: "Read every layer whole, also those whose file times have not moved.")
    var deep = false

    @OptionGroup var options: DriveOptions

    private var replaces: Bool { replace || quarantine != nil }

    func validate() throws {
        let longest = Int64(ChangeRequest.longestQuarantine)
        if let quarantine, !(1...longest).contains(quarantine.seconds) {
            throw ValidationError("--quarantine takes at most \(longest / 86_400)d")
        }
    }

    func run() async throws {
        let context = CommandContext.current
        let fleets = try FleetContext(context)
        let inspection = DriftInspection(fleets: fleets)
        var reports: [DriftReport] = []
        for name in try await fleets.names(fleet) {
            // An unknown name is an error here, not an empty report.
            _ = try await fleets.reader.releases(of: name)
            let records = try await fleets.store.releases(of: name)
            let report = try await inspection.report(
                of: name,
                releases: records.map(\.release),
                readingEverything: deep
            )
            reports.append(report.adding(try inspection.audit(name, records)))
        }
        let found = reports.contains { !$0.harmful.isEmpty }
        if options.format.format == .text { show(reports, context) }
        let replacements = replaces ? await replaceDrifted(reports, inspection, context) : Replacements()
        if options.format.format == .json {
            try context.resultJSON(DriftSummary(fleets: reports, outcomes: replacements.outcomes))
        }
        if let failure = replacements.failure { throw failure }
        if found { throw CommandExit(status: .driftFound) }
    }

    private func show(_ reports: [DriftReport], _ context: CommandContext) {
        if learned {
            let day = String(WallClock.format(WallClock.now + 90 * 86_400).prefix(10))
            let texts = reports.compactMap { DriftText.learned($0, until: day) }
            for path in reports.flatMap(DriftText.unnameable) {
                context.console.message("\(ShownText.line(path)) is left out: `allow` cannot name it alone")
            }
            guard !texts.isEmpty else { return context.console.message("nothing was learned") }
            return context.console.result("fleets:\n" + texts.joined())
        }
        let text = DriftText(reports: reports, showsAll: all)
        if let table = text.table(color: context.console.output.color) { context.console.result(table) }
        for difference in text.differences { context.console.result(difference) }
        for report in reports { if let line = text.summary(of: report) { context.console.message(line) } }
    }

    /// One fleet after the other; what keeps one from it does not keep the others.
    private func replaceDrifted(
        _ reports: [DriftReport],
        _ inspection: DriftInspection,
        _ context: CommandContext
    ) async -> Replacements {
        var result = Replacements()
        for report in reports where !report.harmful.isEmpty && !context.interruption.isRequested {
            guard let name = try? FleetName(parsing: report.fleet) else { continue }
            do {
                let (reasons, seconds) = (report.reasons, quarantine.map { Int64($0.seconds) })
                try await inspection.keepEvidence(of: report)
                let outcome = try await options.run { fleets, driverOptions in
                    let change = FleetChange.replace(reasons, quarantine: seconds)
                    return try await fleets.perform(change, on: name, options: driverOptions)
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
