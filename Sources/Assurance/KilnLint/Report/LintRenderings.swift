import KilnAdvisories
import KilnDiagnostics
import KilnOCI

/// The report in the formats that scripts, code hosts and pull requests read.
package enum LintRenderings {
    // MARK: JSON

    package static func json(_ report: LintReport) throws -> String {
        String(decoding: try CanonicalJSON.encodePretty(Form(report)), as: UTF8.self)
    }

    private struct Form: Encodable {
        struct Entry: Encodable {
            let rule: String
            let severity: String
            let file: String
            let line: Int
            let column: Int
            let message: String
            let why: String
            let fix: String
            let page: String
            let suppression: String?

            init(_ entry: LintReport.Entry) {
                rule = entry.rule.id
                severity = entry.rule.severity.rawValue
                file = entry.source.name
                (line, column) = (entry.line, entry.column)
                message = entry.finding.message
                why = entry.rule.why
                fix = entry.rule.remedy
                page = entry.rule.page
                suppression = entry.finding.suppression
            }
        }

        struct Skipped: Encodable {
            let file: String
            let reason: String
        }

        struct Unreadable: Encodable {
            let place: String?
            let message: String
        }

        let schema = 1
        let profile: String
        let files: Int
        let findings: [Entry]
        let suppressed: [Entry]
        let skipped: [Skipped]
        let unreadable: [Unreadable]

        init(_ report: LintReport) {
            profile = report.settings.profile.rawValue
            files = report.looked
            findings = report.entries().map(Entry.init)
            suppressed = report.entries(suppressed: true).map(Entry.init)
            skipped = report.files.compactMap { file in
                file.skipped.map { Skipped(file: file.source.name, reason: $0) }
            }
            unreadable = report.problems.map { Unreadable(place: $0.span?.place, message: $0.message) }
        }
    }

    // MARK: SARIF

    package static func sarif(_ report: LintReport, version: String) throws -> String {
        String(decoding: try CanonicalJSON.encodePretty(LintSARIF(report, version: version)), as: UTF8.self)
    }

    // MARK: JUnit

    /// A test for each file that was looked at, failed with what was found in it.
    package static func junit(_ report: LintReport) -> String {
        let all = report.entries()
        let looked = report.files.filter { !$0.kinds.isEmpty }
        let failed = Set(all.map(\.source.name))
        let counts = "tests=\"\(looked.count)\" failures=\"\(failed.count)\" errors=\"0\""
        var lines = [
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
            "<testsuites \(counts)>",
            "  <testsuite name=\"kiln lint\" \(counts)>",
        ]
        for file in looked {
            let name = XMLText.escaped(file.source.name)
            let own = all.filter { $0.source.name == file.source.name }
            guard !own.isEmpty else {
                lines.append("    <testcase classname=\"kiln lint\" name=\"\(name)\"/>")
                continue
            }
            let text = own.map {
                "\($0.source.name):\($0.line):\($0.column): \($0.rule.id) \($0.finding.message)"
            }
            lines += [
                "    <testcase classname=\"kiln lint\" name=\"\(name)\">",
                "      <failure message=\"\(own.count) findings\">"
                    + XMLText.escaped(text.joined(separator: "\n")) + "</failure>",
                "    </testcase>",
            ]
        }
        return (lines + ["  </testsuite>", "</testsuites>"]).joined(separator: "\n")
    }

    // MARK: Markdown

    package static func markdown(_ report: LintReport) -> String {
        var lines = ["## kiln lint", "", "**\(report.summary)**"]
        let found = report.entries()
        if !found.isEmpty {
            lines += ["", "| severity | rule | place | finding |", "|---|---|---|---|"]
            lines += found.map { entry in
                "| \(entry.rule.severity) | \(entry.rule.id) | \(cell("\(entry.source.name):\(entry.line)")) "
                    + "| \(cell(entry.finding.message)) |"
            }
        }
        let aside = report.entries(suppressed: true)
        if !aside.isEmpty {
            lines += ["", "### Set aside", "", "| rule | place | reason |", "|---|---|---|"]
            lines += aside.map { entry in
                "| \(entry.rule.id) | \(cell("\(entry.source.name):\(entry.line)")) | \(cell(entry.finding.suppression ?? "")) |"
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func cell(_ text: String) -> String { MarkdownText.escaped(text) }
}
