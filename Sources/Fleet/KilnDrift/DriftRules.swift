package import KilnDefinition

/// What of drift a fleet's policy lets pass on a day. Pure.
package struct DriftRules: Sendable {
    package static let none = DriftRules(DriftDefinition(), today: "")

    private let allowances: [DriftDefinition.Allowance]
    private let learns: Bool

    /// `today` is a day of the calendar, `2026-12-31`.
    package init(_ definition: DriftDefinition, today: String) {
        allowances = definition.allow.filter { $0.holds(on: today) }
        learns = definition.learnUntil.map { today <= $0 } ?? false
    }

    package func allows(_ path: String) -> Bool { allowance(for: path) != nil }

    /// Whether a difference of the file is not harmful.
    package func letsPass(_ path: String) -> Bool { learns || allows(path) }

    /// The report with what is let pass marked as such.
    package func judged(_ report: DriftReport) -> DriftReport {
        DriftReport(
            fleet: report.fleet,
            checked: report.checked,
            findings: report.findings.map(judged)
        )
    }

    private func judged(_ finding: DriftFinding) -> DriftFinding {
        guard finding.weight == .harmful, let path = finding.path else { return finding }
        var finding = finding
        if let allowance = allowance(for: path) {
            finding.weight = .allowed
            finding.excuse = "\(allowance.reason) (until \(allowance.expires))"
        } else if learns {
            finding.weight = .learned
        }
        return finding
    }

    private func allowance(for path: String) -> DriftDefinition.Allowance? {
        allowances.first { $0.path.matches(path) }
    }
}
