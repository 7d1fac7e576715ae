import ArgumentParser
import KilnDefinition
import KilnFleet
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

    func run() async throws {
        let context = CommandContext.current
        let releases = try await FleetContext(context).reader.releases(of: fleet)
        if format.format == .json { return try context.resultJSON(["releases": releases]) }
        var table = TextTable(
            ("RELEASE", .right),
            ("STATE", .left),
            ("IMAGE", .left),
            ("VERSION", .left),
            ("DIGEST", .left),
            ("INSTANCES", .right),
            ("CREATED", .left)
        )
        for release in releases {
            table.add(
                (release.isCurrent ? "* " : "") + release.number.description,
                release.state,
                release.image.description,
                release.imageVersion ?? "-",
                release.imageDigest.short,
                String(release.instances),
                WallClock.format(release.created)
            )
        }
        context.console.result(table.render(color: context.console.output.color))
    }
}

extension ReleaseSummary {
    /// Quarantine outweighs having been stable once.
    fileprivate var state: String {
        if let reason = quarantineReason { return "quarantined: \(reason)" }
        return stable == nil ? "-" : "stable"
    }
}
