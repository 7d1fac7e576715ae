import KilnAdvisories
import KilnDiagnostics

/// A scan's report for a terminal.
struct ScanTable {
    private let report: ScanReport

    init(_ report: ScanReport) {
        self.report = report
    }

    /// Empty when there is nothing to tell.
    func text(color: Bool) -> String {
        let parts = [findings(color), secrets(color), setAside(color), unsupported(color)]
        return parts.compactMap(\.self).joined(separator: "\n\n")
    }

    private func findings(_ color: Bool) -> String? {
        var table = TextTable(
            ("SEVERITY", .left),
            ("VULNERABILITY", .left),
            ("PACKAGE", .left),
            ("INSTALLED", .left),
            ("FIXED", .left),
            ("CAME IN WITH", .left)
        )
        for finding in report.judgement.findings {
            let severity = finding.severity.description + (finding.advisory.isExploited ? " (exploited)" : "")
            table.add(
                severity,
                finding.vulnerability,
                finding.package.name,
                finding.package.version,
                finding.fixed ?? "- (\(finding.reason ?? finding.status.word))",
                report.origins[finding.package].map { Quantities.cut($0.shown, to: 60) } ?? "-"
            )
        }
        return table.isEmpty ? nil : table.render(color: color)
    }

    private func secrets(_ color: Bool) -> String? {
        var table = TextTable(
            ("SECRET", .left),
            ("PATH", .left),
            ("LINE", .right),
            ("LAYER", .left),
            ("FINGERPRINT", .left)
        )
        for secret in report.secrets {
            let layer = secret.layer.map { "\($0 + 1)" } ?? "-"
            table.add(
                secret.words + (secret.subject.map { " (\($0))" } ?? ""),
                secret.path,
                secret.line.map(String.init) ?? "-",
                Quantities.cut(secret.createdBy.map { "\(layer): \($0)" } ?? layer, to: 60),
                secret.fingerprint
            )
        }
        return table.isEmpty ? nil : table.render(color: color)
    }

    private func setAside(_ color: Bool) -> String? {
        var table = TextTable(("SET ASIDE", .left), ("PACKAGE", .left), ("REASON", .left))
        for suppressed in report.judgement.suppressed {
            table.add(suppressed.finding.vulnerability, suppressed.finding.package.name, suppressed.reason)
        }
        return table.isEmpty ? nil : table.render(color: color)
    }

    private func unsupported(_ color: Bool) -> String? {
        var table = TextTable(("WITHOUT SUPPORT", .left), ("SINCE", .left), ("WHY", .left))
        for package in report.unsupported {
            table.add(package.package.name, package.support.day.description, package.support.reason)
        }
        return table.isEmpty ? nil : table.render(color: color)
    }
}
