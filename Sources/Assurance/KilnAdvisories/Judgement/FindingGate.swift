/// The findings that keep an image from becoming a release (`gate:` of an image). Pure.
package struct FindingGate: Sendable, Hashable {
    /// From which severity on a finding refuses.
    package var severity: Severity
    /// Whether findings without a fix count: nobody can update them away.
    package var countsUnfixed: Bool
    /// Whether what is known to be exploited refuses whatever its severity, fixed or not.
    package var refusesExploited: Bool

    package init(severity: Severity, countsUnfixed: Bool = true, refusesExploited: Bool = true) {
        self.severity = severity
        self.countsUnfixed = countsUnfixed
        self.refusesExploited = refusesExploited
    }

    /// Of the findings that count, those that the gate does not let pass, in their order.
    package func refused(_ judgement: Judgement) -> [Finding] {
        judgement.findings.filter { finding in
            if refusesExploited, finding.advisory.isExploited { return true }
            return finding.severity >= severity && (countsUnfixed || finding.fixed != nil)
        }
    }
}
