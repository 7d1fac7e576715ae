import ArgumentParser
import KilnAdvisories
import KilnDefinition
import KilnDiagnostics
import KilnGate
import KilnInventory
import KilnOCI
import KilnSystem
import SystemPackage

extension Severity: ExpressibleByArgument {
    package init?(argument: String) {
        self.init(parsing: argument)
    }

    package static var allValueStrings: [String] { allCases.map(\.description) }
}

extension Matcher.Policy.Unimportant: ExpressibleByArgument {}
extension Matcher.Policy.Grouping: ExpressibleByArgument {}

struct ScanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan",
        abstract: "Find vulnerabilities and secrets in an image, an archive or a folder.",
        discussion: """
            Holds what the image contains against the database of advisories (kiln db), and looks through each layer for keys, tokens \
            and passwords; a secret itself is never shown. What the image's gate in the definition ignores is set aside, with its reason. The same \
            image and database give the same report, byte for byte.

            Exit status 3 when something is left that --severity or --kev ask for, or when the gate of an image of the definition refuses it; 2 \
            when there is no database.

            Examples:

              kiln scan shop
              kiln scan shop --severity high --ignore-unfixed
              kiln scan shop --format sarif > shop.sarif
              kiln scan archive:image.tar
              kiln scan /srv/old-server --ignore-file accepted.yaml
            """
    )

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table, json, sarif, junit, markdown
    }

    @Argument(
        help:
            "An image of the store by name or digest, oci:DIR[:TAG], archive:FILE, or a folder with a root (root:DIR)."
    )
    var target: String

    @Option(help: "How the report is written: table, json, sarif, junit or markdown.")
    var format = Format.table

    @Option(help: "Show what is at least so severe, and end with status 3 when something is.")
    var severity: Severity?

    @Flag(help: "Leave out what no version mends yet.")
    var ignoreUnfixed = false

    @Flag(
        help:
            "Show what is known to be exploited, whatever its severity, and end with status 3 when something is."
    )
    var kev = false

    @Flag(help: "Do not look for secrets.")
    var skipSecrets = false

    @Option(help: "What Debian's unimportant counts as: low, negligible or ignore.")
    var unimportant = Matcher.Policy.Unimportant.low

    @Option(help: "A finding for each package, or for each source that packages are built of.")
    var group = Matcher.Policy.Grouping.package

    @Option(help: "A file of entries to set aside: ignore: [{id, package, reason, expires}].")
    var ignoreFile: [String] = []

    @Option(help: "An OpenVEX document that says what is not affected.")
    var vex: [String] = []

    @Option(help: ArgumentHelp("Write what was found as OpenVEX.", valueName: "file"))
    var vexOut: NamedFile?

    @OptionGroup var options: DefinitionOptions

    func run() async throws {
        let context = CommandContext.current
        try vexOut?.check()
        let run = try await ScanRun(self, context)
        let report = run.report
        try write(report, run, context)
        if let vexOut { try vexOut.write(try Self.vex(report).rendered()) }
        run.tell(on: context.console)
        if run.isRefused { throw CommandExit(status: .gateRefused) }
    }

    private func write(_ report: ScanReport, _ run: ScanRun, _ context: CommandContext) throws {
        let text =
            switch format {
            case .table: ScanTable(report).text(color: context.console.output.color)
            case .json: try JSONReport.render(report)
            case .sarif: try SARIFReport.render(report, location: run.location, version: KilnVersion.current)
            case .junit: JUnitReport.render(report)
            case .markdown: MarkdownReport.render(report)
            }
        if !text.isEmpty { context.console.result(text.last == "\n" ? String(text.dropLast()) : text) }
    }

    /// Its time is that of the data, so that the same image and database give the same document.
    private static func vex(_ report: ScanReport) -> VexDocument {
        let subject = report.imageDigest?.hex ?? report.subject
        return VexDocument(
            report,
            id: "urn:kiln:vex:\(subject):\(report.databaseDigest.hex)",
            author: "kiln scan",
            timestamp: report.databaseDate
        )
    }
}
