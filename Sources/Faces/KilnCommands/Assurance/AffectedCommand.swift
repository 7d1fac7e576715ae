import ArgumentParser
import KilnAdvisories
import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnGate
import KilnInventory
import KilnOCI
import KilnStore
import KilnSystem

struct AffectedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "affected",
        abstract: "Tell which images, and which releases that run, have a vulnerability.",
        discussion: """
            Answers from what is kept of each layer, without unpacking an image again. Looks at every image that a name refers to, and at \
            every release that a fleet of this machine runs.

            Examples:

              kiln affected CVE-2024-5535
              kiln affected CVE-2024-5535 CVE-2025-0001 --format json
            """
    )

    @Argument(help: "The vulnerabilities, by any of their names.")
    var vulnerabilities: [String]

    @OptionGroup var format: FormatOption

    struct Row: Encodable {
        let vulnerability: String
        let image: String
        let digest: String
        /// `shop (release 3)`, of fleets that run it.
        let fleets: [String]
        let package: String
        let installed: String
        let fixed: String?
        let severity: String
    }

    func run() async throws {
        let context = CommandContext.current
        let database = try AdvisoryHome(context.home).open()
        let wanted = Set(vulnerabilities)
        var rows: [Row] = []
        let matcher = Matcher(database)
        for image in try await images(context) {
            let inventory = try await Inventory.read(.image(image.digest.description), home: context.home)
            for finding in try matcher.match(inventory.judgedPackages).findings
            where !finding.names.isDisjoint(with: wanted) {
                rows.append(
                    Row(
                        vulnerability: finding.vulnerability,
                        image: image.names.joined(separator: ", "),
                        digest: image.digest.description,
                        fleets: image.fleets,
                        package: finding.package.name,
                        installed: finding.package.version,
                        fixed: finding.fixed,
                        severity: finding.severity.description
                    )
                )
            }
        }
        if format.format == .json { return try context.resultJSON(["affected": rows]) }
        show(rows, database, context)
    }

    private func show(_ rows: [Row], _ database: AdvisoryDatabase, _ context: CommandContext) {
        var table = TextTable(
            ("VULNERABILITY", .left),
            ("IMAGE", .left),
            ("FLEETS", .left),
            ("PACKAGE", .left),
            ("INSTALLED", .left),
            ("FIXED", .left)
        )
        for row in rows {
            table.add(
                row.vulnerability,
                row.image.isEmpty ? row.digest : row.image,
                row.fleets.isEmpty ? "-" : row.fleets.joined(separator: ", "),
                row.package,
                row.installed,
                row.fixed ?? "-"
            )
        }
        if !table.isEmpty { context.console.result(table.render(color: context.console.output.color)) }
        let images = Set(rows.map(\.digest)).count
        let count = images == 1 ? "1 image is" : images == 0 ? "no image is" : "\(images) images are"
        context.console.message("\(count) affected; database of \(database.date) (\(database.digest.short))")
    }

    private struct Candidate {
        let digest: Digest
        var names: [String] = []
        var fleets: [String] = []
    }

    /// Every image that is here and has a name or runs, by digest. Of images for several platforms the one for this machine.
    private func images(_ context: CommandContext) async throws -> [Candidate] {
        let store = ImageStore(home: context.home)
        var found: [Digest: Candidate] = [:]
        for image in try store.list() {
            guard let digest = try? store.image(image.name, for: .host).digest, store.isWhole(digest) else {
                continue
            }
            found[digest, default: Candidate(digest: digest)].names.append(image.name)
        }
        if Files.exists(context.home.catalog) {
            let catalog = try Catalog(path: context.home.catalog)
            for fleet in try await catalog.fleets() {
                guard let release = try await catalog.runningRelease(of: fleet.name),
                    store.isWhole(release.image)
                else {
                    continue
                }
                found[release.image, default: Candidate(digest: release.image)].fleets.append(
                    "\(fleet.name) (release \(release.number))"
                )
            }
        }
        return found.values.sorted { ($0.names.first ?? "~", $0.digest) < ($1.names.first ?? "~", $1.digest) }
    }
}
