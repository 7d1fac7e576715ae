import KilnAdvisories

/// SARIF 2.1.0, which code hosts show beside the code.
struct LintSARIF: Encodable {
    let schema = SARIFReport.schema
    let version = "2.1.0"
    let runs: [Run]

    private enum CodingKeys: String, CodingKey {
        case schema = "$schema"
        case version
        case runs
    }

    init(_ report: LintReport, version: String) {
        runs = [Run(report, version: version)]
    }

    struct Text: Encodable {
        let text: String
    }

    struct Run: Encodable {
        struct Tool: Encodable {
            let driver: Driver
        }

        struct Driver: Encodable {
            let name = "kiln lint"
            let version: String
            let rules: [Rule]
        }

        let tool: Tool
        let results: [Result]
        let columnKind = "unicodeCodePoints"

        init(_ report: LintReport, version: String) {
            let all = report.entries() + report.entries(suppressed: true)
            tool = Tool(driver: Driver(version: version, rules: RuleTable.all.map(Rule.init)))
            results = all.map { entry in
                Result(entry, index: RuleTable.all.firstIndex { $0.id == entry.rule.id } ?? 0)
            }
        }
    }

    struct Rule: Encodable {
        struct Configuration: Encodable {
            let level: String
        }

        let id: String
        let shortDescription: Text
        let fullDescription: Text
        let help: Text
        let defaultConfiguration: Configuration

        init(_ rule: LintRule) {
            id = rule.id
            shortDescription = Text(text: rule.title)
            fullDescription = Text(text: rule.why)
            help = Text(text: "\(rule.remedy)\n\(rule.page)")
            defaultConfiguration = Configuration(level: rule.severity.rawValue)
        }
    }

    struct Result: Encodable {
        struct Artifact: Encodable {
            let uri: String
        }

        struct Region: Encodable {
            let startLine: Int
            let startColumn: Int
            let endColumn: Int
        }

        struct Physical: Encodable {
            let artifactLocation: Artifact
            let region: Region
        }

        struct Location: Encodable {
            let physicalLocation: Physical
        }

        struct Suppression: Encodable {
            let kind = "inSource"
            let status = "accepted"
            let justification: String
        }

        let ruleId: String
        let ruleIndex: Int
        let level: String
        let message: Text
        let locations: [Location]
        let suppressions: [Suppression]?

        init(_ entry: LintReport.Entry, index: Int) {
            ruleId = entry.rule.id
            ruleIndex = index
            level = entry.rule.severity.rawValue
            message = Text(text: entry.finding.message)
            let region = Region(startLine: entry.line, startColumn: entry.column, endColumn: entry.endColumn)
            let place = Physical(artifactLocation: Artifact(uri: Self.uri(entry.source.name)), region: region)
            locations = [Location(physicalLocation: place)]
            suppressions = entry.finding.suppression.map { [Suppression(justification: $0)] }
        }

        /// A path as a relative reference (RFC 3986, section 3.3).
        private static func uri(_ path: String) -> String {
            var result = ""
            for byte in path.utf8 {
                let isPlain =
                    (65...90).contains(byte & 0xDF) || (48...57).contains(byte) || "-._~/".utf8.contains(byte)
                if isPlain {
                    result.unicodeScalars.append(Unicode.Scalar(byte))
                } else {
                    let hex = String(byte, radix: 16, uppercase: true)
                    result += "%" + (hex.count < 2 ? "0" : "") + hex
                }
            }
            return result
        }
    }
}
