import KilnOCI

/// The report as SARIF 2.1.0, which code hosts show beside the code.
package enum SARIFReport {
    package static let schema =
        "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

    /// `location` is the file that results are pinned to, which SARIF's readers want: the definition, most often.
    package static func render(_ report: ScanReport, location: String, version: String) throws -> String {
        let form = Log(runs: [Run(report, location: location, version: version)])
        return String(decoding: try CanonicalJSON.encodePretty(form), as: UTF8.self) + "\n"
    }

    private struct Log: Encodable {
        let schema = SARIFReport.schema
        let version = "2.1.0"
        let runs: [Run]

        private enum CodingKeys: String, CodingKey {
            case schema = "$schema"
            case version
            case runs
        }
    }

    private struct Text: Encodable {
        let text: String
    }

    private struct Run: Encodable {
        struct Tool: Encodable {
            let driver: Driver
        }

        struct Driver: Encodable {
            let name = "kiln"
            let version: String
            let rules: [Rule]
        }

        struct Properties: Encodable {
            let subject: String
            let imageDigest: String?
            let databaseDigest: String
            let databaseDate: String
        }

        let tool: Tool
        let results: [Result]
        let columnKind = "unicodeCodePoints"
        let properties: Properties

        init(_ report: ScanReport, location: String, version: String) {
            let all =
                report.judgement.findings.map { (finding: $0, reason: String?.none) }
                + report.judgement.suppressed.map { (finding: $0.finding, reason: String?.some($0.reason)) }
            var worst: [String: Finding] = [:]
            for (finding, _) in all
            where worst[finding.vulnerability].map({ $0.severity < finding.severity }) ?? true {
                worst[finding.vulnerability] = finding
            }
            let names = worst.keys.sorted()
            let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
            let kinds = Dictionary(report.secrets.map { ($0.kind, $0.words) }) { first, _ in first }
            let secrets = kinds.keys.sorted()
            let rules =
                names.compactMap { worst[$0].map(Rule.init) }
                + secrets.map { Rule(secret: $0, kinds[$0] ?? $0) }
            tool = Tool(driver: Driver(version: version, rules: rules))
            results =
                all.map {
                    Result(
                        $0.finding,
                        place: places[$0.finding.vulnerability] ?? 0,
                        location,
                        suppression: $0.reason
                    )
                }
                + report.secrets.map { secret in
                    Result(secret, place: names.count + (secrets.firstIndex(of: secret.kind) ?? 0))
                }
            properties = Properties(
                subject: report.subject,
                imageDigest: report.imageDigest?.description,
                databaseDigest: report.databaseDigest.description,
                databaseDate: report.databaseDate.description
            )
        }
    }

    private struct Rule: Encodable {
        struct Properties: Encodable {
            let tags: [String]
            let securitySeverity: String

            private enum CodingKeys: String, CodingKey {
                case tags
                case securitySeverity = "security-severity"
            }
        }

        struct Configuration: Encodable {
            let level: String
        }

        let id: String
        let shortDescription: Text
        let helpUri: String?
        let defaultConfiguration: Configuration
        let properties: Properties

        init(secret kind: String, _ words: String) {
            id = "secret/\(kind)"
            shortDescription = Text(text: words)
            helpUri = nil
            defaultConfiguration = Configuration(level: "error")
            properties = Properties(tags: ["secret", "security"], securitySeverity: "8.0")
        }

        init(_ finding: Finding) {
            id = finding.vulnerability
            let summary = finding.advisory.summary
            shortDescription = Text(text: summary.isEmpty ? finding.vulnerability : summary)
            helpUri = finding.advisory.references.first { $0.hasPrefix("https://") && !$0.contains(" ") }
            defaultConfiguration = Configuration(level: level(finding.severity))
            let tags = ["vulnerability", "security", finding.severity.description]
            properties = Properties(
                tags: tags + (finding.advisory.isExploited ? ["known-exploited"] : []),
                securitySeverity: score(finding)
            )
        }
    }

    private struct Result: Encodable {
        struct Artifact: Encodable {
            let uri: String
        }

        struct Region: Encodable {
            var startLine = 1
        }

        struct Physical: Encodable {
            let artifactLocation: Artifact
            var region = Region()
        }

        struct Logical: Encodable {
            let fullyQualifiedName: String
            let kind = "package"
        }

        struct Location: Encodable {
            let physicalLocation: Physical
            let logicalLocations: [Logical]?
        }

        struct Suppression: Encodable {
            let kind = "external"
            let status = "accepted"
            let justification: String
        }

        let ruleId: String
        let ruleIndex: Int
        let level: String
        let message: Text
        let locations: [Location]
        let partialFingerprints: [String: String]
        let suppressions: [Suppression]?

        /// At the path in the image, which code hosts show as it is.
        init(_ secret: SecretNote, place: Int) {
            ruleId = "secret/\(secret.kind)"
            ruleIndex = place
            level = "error"
            message = Text(text: secret.shown + (secret.createdBy.map { ", from \($0)" } ?? ""))
            let physical = Physical(
                artifactLocation: Artifact(uri: PackageURL.encoded(secret.path, keeping: "/")),
                region: Region(startLine: secret.line ?? 1)
            )
            locations = [Location(physicalLocation: physical, logicalLocations: nil)]
            partialFingerprints = ["kilnSecret/v1": secret.fingerprint]
            suppressions = nil
        }

        init(_ finding: Finding, place: Int, _ location: String, suppression: String?) {
            ruleId = finding.vulnerability
            ruleIndex = place
            level = SARIFReport.level(finding.severity)
            let name =
                finding.package.name == finding.subject
                ? finding.subject : "\(finding.package.name) (\(finding.subject))"
            message = Text(
                text:
                    "\(name) \(finding.installed): \(finding.vulnerability), \(finding.severity), \(finding.remedy)"
            )
            locations = [
                Location(
                    physicalLocation: Physical(
                        artifactLocation: Artifact(uri: PackageURL.encoded(location, keeping: "/"))
                    ),
                    logicalLocations: [Logical(fullyQualifiedName: finding.package.packageURL.description)]
                )
            ]
            let identity = [
                finding.vulnerability, finding.package.ecosystem.description, finding.subject,
                finding.package.name,
            ]
            partialFingerprints = ["kilnFinding/v1": Digest(of: identity.joined(separator: "\n")).hex]
            suppressions = suppression.map { [Suppression(justification: $0)] }
        }
    }

    private static func level(_ severity: Severity) -> String {
        switch severity {
        case .critical, .high: "error"
        case .medium: "warning"
        case .low, .negligible, .unknown: "note"
        }
    }

    /// Code hosts sort by this number: the CVSS score where there is one, else the middle of the level's range.
    private static func score(_ finding: Finding) -> String {
        if let score = finding.advisory.vector.flatMap({ CVSS.score(of: $0) }) { return String(score) }
        return switch finding.severity {
        case .critical: "9.5"
        case .high: "8.0"
        case .medium: "5.5"
        case .low: "2.0"
        case .negligible, .unknown: "0.0"
        }
    }
}
