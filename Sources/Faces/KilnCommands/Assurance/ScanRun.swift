import KilnAdvisories
import KilnDefinition
import KilnDiagnostics
import KilnGate
import KilnInventory
import KilnOCI
import KilnSecrets
import KilnStore
import KilnSystem
import OrderedCollections
import SystemPackage

/// One run of `kiln scan`: what was found, less what was set aside and left out, and whether that is refused.
struct ScanRun {
    let report: ScanReport
    /// The file that code hosts show findings at.
    let location: String
    private(set) var isRefused = false
    private var messages: [Diagnostic] = []
    private let summary: String

    init(_ command: ScanCommand, _ context: CommandContext) async throws {
        let database = try AdvisoryHome(context.home).open()
        let target = InventoryTarget(parsing: command.target)
        let image = try Self.image(target, command.options)
        var policy = Matcher.Policy()
        (policy.unimportant, policy.grouping) = (command.unimportant, command.group)
        let scan = try await context.withProgress(command.format == .json ? .json : .text) { [policy] in
            try await ImageScan.read(
                target,
                home: context.home,
                database: database,
                policy: policy,
                looksForSecrets: !command.skipSecrets
            )
        }
        let today = Moment(seconds: WallClock.now).day
        var entries = image?.definition.gate?.ignored ?? []
        for file in command.ignoreFile { entries += try IgnoreFileReader.read(file: FilePath(file)) }
        let judgement = Judgement(
            scan.match.findings,
            ignoring: entries.compactMap(\.entry),
            vex: try command.vex.map(Self.vex),
            subject: command.target,
            today: today
        )
        report = Self.report(scan, database, judgement, command, entries, image, today)
        location = image.map { _ in command.options.file } ?? command.target
        summary =
            "\(command.target): \(report.summary)\(report.secrets.isEmpty ? "" : ", \(report.secrets.count) secrets") in \(report.packages) packages; database of \(database.date) (\(database.digest.short))"
        try await judge(command, image, scan, context)
        warn(scan, report, target)
    }

    /// What `--severity` and `--kev` ask for, else the image's own gate.
    private mutating func judge(
        _ command: ScanCommand,
        _ image: (name: ImageName, definition: ImageDefinition, source: String)?,
        _ scan: ImageScan,
        _ context: CommandContext
    ) async throws {
        if command.severity != nil || command.kev {
            isRefused = !report.judgement.findings.isEmpty || !report.secrets.isEmpty
        } else if let image, var rules = image.definition.gate, let digest = report.imageDigest {
            // What is scanned is signed afterwards, if it is fit for that.
            rules.signature = []
            let verdict = try await ReleaseJudge(home: context.home).verdict(
                on: digest,
                named: image.name,
                by: rules,
                hasChecks: !image.definition.checks.isEmpty,
                known: scan,
                now: WallClock.now
            )
            isRefused = !verdict.passed
            guard isRefused else { return }
            messages.append(
                Diagnostic(
                    code: "gate.refused",
                    "the gate of image \(image.name) refuses it",
                    causes: GateText.causes(verdict),
                    hint: verdict.refusals.first?.remedy,
                    exitStatus: .gateRefused
                )
            )
        }
    }

    func tell(on console: Console) {
        console.show(messages)
        console.message(summary)
    }

    // MARK: Parts

    /// The image as the definition here has it, where it does.
    private static func image(
        _ target: InventoryTarget,
        _ options: DefinitionOptions
    ) throws -> (name: ImageName, definition: ImageDefinition, source: String)? {
        guard case .image(let text) = target, let name = try? ImageName(parsing: text),
            Files.exists(options.path)
        else {
            return nil
        }
        let definition = try options.definition()
        guard definition.images[name] != nil else { return nil }
        return (name, definition.resolvedImage(name), options.file)
    }

    private static func vex(_ file: String) throws -> VexDocument {
        let bytes = try Files.read(FilePath(file), limit: 16 << 20)
        do {
            return try VexDocument(parsing: bytes)
        } catch {
            throw DiagnosticFailure(
                Diagnostic(
                    code: "usage.vex",
                    "\(file) is no OpenVEX document that can be read",
                    causes: ["\(error)"],
                    hint: "kiln reads OpenVEX 0.2.0",
                    exitStatus: .usage
                )
            )
        }
    }

    private static func report(
        _ scan: ImageScan,
        _ database: AdvisoryDatabase,
        _ judgement: Judgement,
        _ command: ScanCommand,
        _ entries: [IgnoreDefinition],
        _ image: (name: ImageName, definition: ImageDefinition, source: String)?,
        _ today: CalendarDate
    ) -> ScanReport {
        var judgement = judgement
        judgement.findings = judgement.findings.filter { finding in
            if command.ignoreUnfixed, finding.fixed == nil { return false }
            if command.kev, finding.advisory.isExploited { return true }
            if let severity = command.severity { return finding.severity >= severity }
            return !command.kev
        }
        var report = ScanReport(
            subject: command.target,
            imageDigest: scan.inventory.digest,
            database: database,
            packages: scan.packages,
            result: scan.match,
            judgement: judgement
        )
        report.endOfLife = scan.inventory.distribution?.endOfLife.flatMap { $0 < today ? $0 : nil }
        let valid = entries.filter { CalendarDate(parsing: $0.expires).map { today <= $0 } ?? false }.map(
            \.id
        )
        report.secrets = scan.secrets.secrets.filter { !valid.contains($0.finding.fingerprint) }.map(
            SecretNote.init
        )
        let told = judgement.findings.map(\.package) + judgement.suppressed.map(\.finding.package)
        report.origins = scan.inventory.origins(of: Set(told))
        for package in report.origins.keys {
            report.origins[package]?.line = image.flatMap { line(of: package, in: $0.definition, $0.source) }
        }
        return report
    }

    /// Where the definition asks for the package by name, or for packages at all.
    private static func line(
        of package: InventoryPackage,
        in image: ImageDefinition,
        _ source: String
    ) -> String? {
        guard image.packages.contains(package.name) else { return nil }
        return image.spans["packages"].map { "\(source):\($0.line)" }
    }

    /// Nothing is passed over in silence.
    private mutating func warn(_ scan: ImageScan, _ report: ScanReport, _ target: InventoryTarget) {
        func warn(_ code: String, _ message: String, _ causes: [String] = [], hint: String? = nil) {
            messages.append(Diagnostic(.warning, code: "scan.\(code)", message, causes: causes, hint: hint))
        }
        if let end = report.endOfLife {
            warn("end-of-life", "the distribution gets no security fixes since \(end)")
        }
        if !report.unjudged.isEmpty {
            let reasons = Set(report.unjudged.map(\.reason)).sorted()
            warn(
                "unjudged",
                "\(Quantities.count(report.unjudged.count, "package")) could not be judged",
                Array(reasons.prefix(5)),
                hint: "take advisories about them in: kiln db update osv:ECOSYSTEM, or kiln db import FILE"
            )
        }
        if !report.judgement.expired.isEmpty {
            warn(
                "expired",
                "entries have expired and set nothing aside",
                report.judgement.expired.map { "\($0.id): until \($0.expires): \($0.reason)" }
            )
        }
        if !scan.inventory.notes.isEmpty {
            warn(
                "unread",
                "\(Quantities.count(scan.inventory.notes.count, "file")) could not be read",
                scan.inventory.notes.prefix(5).map { "\($0.path): \($0.text)" }
            )
        }
        if scan.secrets.tooLong > 0 {
            let texts = Quantities.count(scan.secrets.tooLong, "long text")
            warn("secrets-long", "only the beginning of \(texts) was searched for secrets")
        }
        if scan.secrets.isCut { warn("secrets-cut", "there are more secrets than are shown") }
        switch target {
        case .layout, .archive:
            warn("no-secrets", "secrets are looked for in images of the store and in folders alone")
        case .image, .root: break
        }
    }
}

extension SecretNote {
    init(_ secret: FoundSecret) {
        self.init(
            kind: secret.finding.kind.rawValue,
            words: secret.finding.kind.words,
            path: secret.finding.path,
            line: secret.finding.line,
            subject: secret.finding.subject,
            fingerprint: secret.finding.fingerprint,
            layer: secret.layer,
            createdBy: secret.createdBy
        )
    }
}
