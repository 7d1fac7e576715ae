import ArgumentParser
import KilnBake
import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnLock
import KilnOCI
import KilnStore
import KilnSystem
import OrderedCollections

struct OutdatedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outdated",
        abstract: "Show how far images and fleets are behind the archive, and since when.",
        discussion: """
            Compares what is locked, and what fleets of this machine run, with what kiln lock --update would choose; \
            kiln.lock stays as it is, and the newer packages are fetched to read their changelogs. SINCE is when the \
            oldest missed change was made, by its changelog entry or, without one, when the package was built; archives \
            do not say when something reached them. SECURITY counts packages that come from a security suite or name \
            the CVEs that they fix. What is found of fleets is remembered for kiln status, kiln report and metrics.

            Examples:

              kiln outdated
              kiln outdated shop --format markdown
              kiln outdated --exit-code      status 6 when anything is behind
            """
    )

    @Argument(help: "The images, with the fleets that run them; all when none is named.")
    var images: [ImageName] = []

    @Flag(help: "End with status 6 when anything is behind.")
    var exitCode = false

    @OptionGroup var options: DefinitionOptions

    @Option(help: "How results are written: text, json or markdown.")
    var format = LockCommand.Format.text

    func run() async throws {
        let context = CommandContext.current
        let definition = try options.definition()
        try options.check(images, in: definition)
        let locked = try LockFile.require(options.lockPath)
        let report = try await context.withProgress(format == .json ? .json : .text) {
            try await compare(definition, locked, Locker(home: context.home, registry: context.registry()))
        }
        switch format {
        case .json: try context.resultJSON(report)
        case .markdown: context.console.result(report.markdown)
        case .text:
            if let text = report.text(color: context.console.output.color) { context.console.result(text) }
            context.console.message(report.summary)
        }
        if exitCode, report.isBehind { throw CommandExit(status: .changesPending) }
    }

    private func compare(
        _ definition: Definition,
        _ locked: Lock,
        _ locker: Locker
    ) async throws -> OutdatedReport {
        let home = locker.home
        let check = try await PatchCheck(definition, locked: locked, locker)
        let comparison = check.comparison
        let names = images.isEmpty ? Array(definition.images.keys) : images
        var report = OutdatedReport(now: WallClock.now)
        for name in names.flatMap(definition.variants) {
            report.add(name, own: comparison.own(name), inherited: try comparison.inherited(name))
        }
        guard Files.exists(home.catalog) else { return report }
        let catalog = try Catalog(path: home.catalog)
        for (fleet, wanted) in definition.fleets
        where names.contains(where: { $0.common == wanted.image }) {
            guard let release = try await catalog.runningRelease(of: fleet) else { continue }
            let lag = try await check.lag(of: release, in: catalog)
            report.add(fleet, release, lag)
        }
        return report
    }
}
