import ArgumentParser
import KilnAdvisories
import KilnDiagnostics
import KilnOCI
import KilnSystem

struct DatabaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "db",
        abstract: "Keep the database of advisories that scans and gates judge by.",
        discussion: """
            One file in the home, named by its digest; every report names that digest and the date of the data. A new one takes the \
            old one's place at once, and a scan under way keeps the one that it began with.
            """,
        subcommands: [DatabaseUpdateCommand.self, DatabaseImportCommand.self, DatabaseShowCommand.self]
    )
}

/// A database as `kiln db` shows it.
struct DatabaseReport: Encodable {
    struct Source: Encodable {
        let name: String
        let format: String
        let digest: String
        let taken: Int
        let skipped: Int
    }

    let digest: String
    let date: String
    let advisories: Int
    let packages: Int
    let bytes: Int
    let sources: [Source]

    init(_ database: AdvisoryDatabase) throws {
        digest = database.digest.description
        date = database.date.description
        advisories = database.advisoryCount
        packages = database.packageCount
        bytes = database.byteCount
        sources = try database.sources().map {
            Source(name: $0.name, format: $0.format, digest: $0.digest, taken: $0.taken, skipped: $0.skipped)
        }
    }

    func text(color: Bool) -> String {
        let head = [
            ("database", digest), ("date", date),
            (
                "holds",
                "\(advisories) advisories about \(packages) packages, \(Quantities.bytes(Int64(bytes)))"
            ),
        ].map { $0.0 + String(repeating: " ", count: 10 - $0.0.count) + $0.1 }
        var table = TextTable(
            ("SOURCE", .left),
            ("FORMAT", .left),
            ("TAKEN", .right),
            ("LEFT OUT", .right),
            ("DIGEST", .left)
        )
        for source in sources {
            table.add(
                source.name,
                source.format,
                String(source.taken),
                String(source.skipped),
                String(source.digest.dropFirst("sha256:".count).prefix(12))
            )
        }
        return (head + ["", table.render(color: color)]).joined(separator: "\n")
    }
}

struct DatabaseShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show the database's digest, its date, and what it was made from.",
        discussion: """
            Example:

              kiln db show --verify
            """
    )

    @Flag(help: "Hash the whole file and hold it against its digest.")
    var verify = false

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let database = try AdvisoryHome(context.home).open()
        if verify { try await Blocking.run { try database.verify() } }
        let report = try DatabaseReport(database)
        if format.format == .json { return try context.resultJSON(report) }
        context.console.result(report.text(color: context.console.output.color))
    }
}
