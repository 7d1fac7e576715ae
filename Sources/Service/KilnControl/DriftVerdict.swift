package import KilnDrift
package import KilnFleet

/// What follows from a look for drift. Pure.
package enum DriftVerdict: Sendable, Hashable {
    case nothing
    /// These instances are to be replaced, each with the reason; what belongs to none is repaired with them.
    case replace([InstanceID: String])
    /// So much of the fleet drifted at once that the release, its layers or the machine are more likely at fault than the
    /// instances: replacing all of them would destroy what a person needs to see, and bring the same back.
    case alert(String)

    /// `standing` are the fleet's instances that are neither leaving nor condemned. Of two or more, more than half is too
    /// much; a single one is replaced.
    package init(_ report: DriftReport, standing: Set<InstanceID>) {
        guard !report.findings.isEmpty else {
            self = .nothing
            return
        }
        let drifted = Dictionary(
            report.findings.compactMap { finding -> (InstanceID, String)? in
                guard let id = finding.instance, standing.contains(id) else { return nil }
                return (id, "\(finding.kind.rawValue): \(finding.subject)")
            }
        ) { first, _ in first }
        guard drifted.count >= 2, drifted.count * 2 > standing.count else {
            self = .replace(drifted)
            return
        }
        let kinds = Set(report.findings.filter { $0.instance != nil }.map(\.kind.rawValue)).sorted()
        self = .alert(
            "\(drifted.count) of \(standing.count) instances drifted at once (\(kinds.joined(separator: ", "))); none is replaced"
        )
    }
}
