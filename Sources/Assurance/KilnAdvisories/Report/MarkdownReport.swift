/// The report as Markdown, for pull requests.
package enum MarkdownReport {
    package static func render(_ report: ScanReport) -> String {
        let judgement = report.judgement
        var lines = [
            "## Scan of \(text(report.subject))", "",
            "**\(report.summary)** in \(report.packages) packages; \(report.mended) mended already.", "",
        ]
        if let digest = report.imageDigest { lines.append("- image: `\(digest)`") }
        lines += ["- database: `\(report.databaseDigest)` of \(report.databaseDate)"]
        if let end = report.endOfLife {
            lines.append("- **the distribution is without support since \(end)**")
        }
        if !judgement.findings.isEmpty {
            lines += [
                "", "| severity | vulnerability | package | installed | remedy |", "|---|---|---|---|---|",
            ]
            lines += judgement.findings.map(row)
        }
        if !report.secrets.isEmpty {
            lines += ["", "### Secrets", ""]
            lines += report.secrets.map { "- \(text($0.shown)) `\($0.fingerprint)`" }
        }
        if !report.unsupported.isEmpty {
            lines += ["", "### Without support", ""]
            lines += report.unsupported.map {
                "- \(text($0.package.name)) since \($0.support.day): \(text($0.support.reason))"
            }
        }
        if !judgement.suppressed.isEmpty {
            lines += ["", "### Set aside", "", "| vulnerability | package | reason |", "|---|---|---|"]
            lines += judgement.suppressed.map {
                "| \(text($0.finding.vulnerability)) | \(text($0.finding.package.name)) | \(text($0.reason)) |"
            }
        }
        if !judgement.expired.isEmpty {
            lines += ["", "### Expired", ""]
            lines += judgement.expired.map { "- \(text($0.id)): until \($0.expires): \(text($0.reason))" }
        }
        if !report.unjudged.isEmpty {
            lines += ["", "### Not judged", ""]
            lines += report.unjudged.map {
                "- \(text($0.package.name)) \(text($0.package.version)): \(text($0.reason))"
            }
        }
        return (lines + [""]).joined(separator: "\n")
    }

    private static func row(_ finding: Finding) -> String {
        let severity = "\(finding.severity)" + (finding.advisory.isExploited ? ", **exploited**" : "")
        let cells = [
            severity, text(finding.vulnerability), text(finding.package.name), text(finding.package.version),
            text(finding.remedy),
        ]
        return "| " + cells.joined(separator: " | ") + " |"
    }

    private static func text(_ text: String) -> String { MarkdownText.escaped(text) }
}

/// Text that is no markup, on one line.
package enum MarkdownText {
    package static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            if character.isNewline || character == "\t" {
                result += " "
            } else if "\\`*_{}[]<>#|~".contains(character) {
                result += "\\\(character)"
            } else {
                result.append(character)
            }
        }
        return result
    }
}
