import ArgumentParser
import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnGate
import KilnOCI
import KilnSystem

struct ReleasesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "releases",
        abstract: "List a fleet's releases, newest first.",
        discussion: """
            Example:

              kiln releases shop
            """
    )

    @Argument(help: "The fleet.")
    var fleet: FleetName

    @OptionGroup var format: FormatOption

    /// Characters of a message in the list; the whole of it is in the JSON.
    private static let messageShown = 60

    func run() async throws {
        let context = CommandContext.current
        let fleets = try FleetContext(context)
        let releases = try await fleets.reader.releases(of: fleet)
        if format.format == .json { return try context.resultJSON(["releases": releases]) }
        let hasOrigins = releases.contains { !$0.origins.isEmpty }
        var table = TextTable(
            ("RELEASE", .right),
            ("STATE", .left),
            ("IMAGE", .left),
            ("VERSION", .left),
            ("DIGEST", .left),
            ("INSTANCES", .right),
            ("CREATED", .left),
            ("BY", .left),
            ("WHY", .left)
        )
        for release in releases {
            table.add(
                (release.isCurrent ? "* " : "") + release.number.description,
                release.state,
                release.image.description,
                release.imageVersion ?? "-",
                release.imageDigest.short,
                String(release.instances),
                WallClock.format(release.created),
                release.author ?? "-",
                release.message.map { Quantities.cut($0, to: Self.messageShown) } ?? "-"
            )
        }
        var text = table.render(color: context.console.output.color)
        if hasOrigins {
            let lines = releases.filter { !$0.origins.isEmpty }.map { release in
                "release \(release.number) is configured from "
                    + release.origins.map(\.description).joined(separator: ", ")
            }
            text += "\n\n" + lines.map(ShownText.line).joined(separator: "\n")
        }
        context.console.result(text)
        try await showOverrides(fleets, context)
    }

    /// What was made although its gate refused it.
    private func showOverrides(_ fleets: FleetContext, _ context: CommandContext) async throws {
        let verdicts = try await fleets.store.verdicts(of: fleet)
        guard verdicts.values.contains(where: { !$0.passed }) else { return }
        for entry in try await fleets.store.releaseEntries(of: fleet) {
            guard let verdict = verdicts[entry.digest], !verdict.passed else { continue }
            let rules = verdict.refusals.map(\.rule.rawValue).joined(separator: ", ")
            let line = "the gate of release \(entry.number) (\(rules)) was \(verdict.shown)"
            context.console.message(ShownText.line(line))
        }
    }
}

extension ReleaseSummary {
    /// Quarantine outweighs having been stable once.
    fileprivate var state: String {
        if let reason = quarantineReason { return "quarantined: \(reason)" }
        return stable == nil ? "-" : "stable"
    }
}
