import ArgumentParser
import KilnAdvisories
import KilnDiagnostics
import KilnOCI

struct AffectedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "affected",
        abstract: "Tell which images, and which releases that run, have a vulnerability.",
        discussion: """
            Answers from what is kept of each image, without unpacking it again. Looks at every image that a name refers to, and at \
            every release that a fleet of this machine runs. Tells of images that could not be read whole, and of packages that the \
            database knows nothing of: what they hold may be vulnerable too.

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

    /// What the answer is silent about.
    struct Gap: Encodable {
        let image: String
        let digest: String
        let fleets: [String]
        /// Each with its path and why.
        let unread: [String]
    }

    private struct Answer: Encodable {
        let affected: [Row]
        /// Images that could not be read whole.
        let unread: [Gap]
        /// Why packages could not be judged.
        let unjudged: [String]
        /// Names that no advisory of the database goes by.
        let unknown: [String]
    }

    func run() async throws {
        let context = CommandContext.current
        let database = try AdvisoryHome(context.home).open()
        let names = vulnerabilities.map(Self.asWritten)
        let images = try await AffectedImages(context).all(database)
        let result = try Matcher(database).match(images.packages, about: Set(names))
        let answer = Answer(
            affected: Self.rows(result.findings, images),
            unread: images.images.filter { !$0.unread.isEmpty }.map {
                Gap(
                    image: $0.names.joined(separator: ", "),
                    digest: $0.digest.description,
                    fleets: $0.fleets,
                    unread: $0.unread
                )
            },
            unjudged: Set(result.unjudged.map(\.reason)).sorted(),
            unknown: try database.unknown(among: names)
        )
        if format.format == .json { return try context.resultJSON(answer) }
        show(answer.affected, database, context, isKnown: answer.unknown.count < names.count)
        warn(answer.unknown, database, context)
        warn(images.images.filter { !$0.unread.isEmpty }, result.unjudged, context)
    }

    /// CVEs are written in capitals everywhere; other names are taken as they are.
    private static func asWritten(_ name: String) -> String {
        let capitals = name.uppercased()
        return capitals.hasPrefix("CVE-") ? capitals : name
    }

    private func warn(_ unknown: [String], _ database: AdvisoryDatabase, _ context: CommandContext) {
        guard !unknown.isEmpty else { return }
        let names = unknown.joined(separator: ", ")
        context.console.show([
            Diagnostic(
                .warning,
                code: "affected.unknown",
                "the database of \(database.date) has no advisory called \(names): nothing can be said of it",
                hint: "check how it is written, or take newer advisories in: kiln db update"
            )
        ])
    }

    private func warn(
        _ unread: [AffectedImages.Image],
        _ unjudged: [UnjudgedPackage],
        _ context: CommandContext
    ) {
        let warnings = unread.map { image in
            let more = image.unread.count > 5 ? ["and \(image.unread.count - 5) more"] : []
            return Diagnostic(
                .warning,
                code: "affected.unread",
                "\(image.shown) could not be read whole, and may be affected",
                causes: image.unread.prefix(5) + more
            )
        }
        context.console.show(warnings)
        guard !unjudged.isEmpty else { return }
        context.console.show([
            Diagnostic(
                .warning,
                code: "affected.unjudged",
                "\(Quantities.count(unjudged.count, "package")) could not be judged",
                causes: Array(Set(unjudged.map(\.reason)).sorted().prefix(5)),
                hint: "take advisories about them in: kiln db update osv:ECOSYSTEM, or kiln db import FILE"
            )
        ])
    }

    private func show(_ rows: [Row], _ database: AdvisoryDatabase, _ context: CommandContext, isKnown: Bool) {
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
        guard isKnown else { return }
        let images = Set(rows.map(\.digest)).count
        let count = images == 1 ? "1 image is" : images == 0 ? "no image is" : "\(images) images are"
        context.console.message("\(count) affected; database of \(database.date) (\(database.digest.short))")
    }

    /// In the order of the images, of each in that of the findings.
    private static func rows(
        _ findings: [Finding],
        _ images: AffectedImages.Holdings
    ) -> [Row] {
        var byImage: [Digest: [Finding]] = [:]
        for finding in findings {
            for image in images.holders[finding.package] ?? [] { byImage[image, default: []].append(finding) }
        }
        return images.images.flatMap { image in
            (byImage[image.digest] ?? []).map { finding in
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
            }
        }
    }
}
