import ArgumentParser
import KilnAdvisories
import KilnDiagnostics
import KilnRegistry
import KilnSystem

extension AdvisoryFeed: ExpressibleByArgument {
    package init?(argument: String) {
        self.init(parsing: argument)
    }
}

struct DatabaseUpdateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract:
            "Fetch what moved of Debian's tracker, OSV, CISA's list and NVD, and make the database anew.",
        discussion: """
            Feeds are debian, kev, osv:ECOSYSTEM (osv:PyPI, osv:npm, osv:Alpine) and nvd:YEAR. Those that are named are added to what was fetched \
            before; without names all of those are asked again, the first time \(AdvisoryFeed.standard.map(\.description).joined(separator: ", ")). \
            What the server has unchanged is not fetched, and what came in part is gone on with. When one feed cannot be had, the \
            database stays as it is.

            Mirrors of one's own: KILN_DB_DEBIAN_URL (the file), KILN_DB_KEV_URL (the file), KILN_DB_OSV_URL (above ECOSYSTEM/all.zip), \
            KILN_DB_NVD_URL (above nvdcve-2.0-YEAR.json.gz).

            Examples:

              kiln db update
              kiln db update debian kev osv:PyPI nvd:2026
            """
    )

    @Argument(help: "The feeds; those fetched before, without it.")
    var feeds: [AdvisoryFeed] = []

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let home = AdvisoryHome(context.home)
        let wanted = try feeds.isEmpty ? Self.remembered(home) : feeds
        let fetcher = AdvisoryFetcher(
            home: home,
            mirrors: try Self.mirrors(context.environment),
            transport: CurlTransport(scratch: context.home.scratch)
        )
        let updates = try await context.withProgress(format.format) { try await fetcher.update(wanted) }
        let report = try DatabaseReport(try home.open())
        if format.format == .json { return try context.resultJSON(report) }
        for update in updates {
            let what = update.isUnchanged ? "nothing moved" : Quantities.bytes(update.size)
            context.console.message("\(update.feed): \(what)")
        }
        context.console.result(report.text(color: context.console.output.color))
    }

    private static func remembered(_ home: AdvisoryHome) throws -> [AdvisoryFeed] {
        let fetched = try home.sources().filter { $0.url != nil }.compactMap {
            AdvisoryFeed(parsing: $0.name)
        }
        return fetched.isEmpty ? AdvisoryFeed.standard : fetched
    }

    private static func mirrors(_ environment: [String: String]) throws -> AdvisoryMirrors {
        var mirrors = AdvisoryMirrors()
        let settings: [(String, WritableKeyPath<AdvisoryMirrors, String>)] = [
            ("KILN_DB_DEBIAN_URL", \.debian), ("KILN_DB_KEV_URL", \.exploited), ("KILN_DB_OSV_URL", \.osv),
            ("KILN_DB_NVD_URL", \.nvd),
        ]
        for (name, path) in settings {
            guard let value = environment[name], !value.isEmpty else { continue }
            guard value.hasPrefix("https://") || value.hasPrefix("http://") else {
                throw DiagnosticFailure(
                    Diagnostic(
                        code: "usage.mirror",
                        "\(name) is \"\(value)\", which is no http or https URL",
                        exitStatus: .usage
                    )
                )
            }
            mirrors[keyPath: path] = value.last == "/" ? String(value.dropLast()) : value
        }
        return mirrors
    }
}
