package import KilnFleet

/// What a drift check of one fleet found.
package struct DriftReport: Sendable, Hashable, Codable {
    package let fleet: String
    package let checked: Int
    /// Sorted by instance, kind and subject.
    package let findings: [DriftFinding]

    package init(fleet: String, checked: Int, findings: [DriftFinding]) {
        self.fleet = fleet
        self.checked = checked
        self.findings = findings.sorted()
    }

    /// The same without these instances.
    package func without(_ instances: Set<InstanceID>) -> DriftReport {
        DriftReport(
            fleet: fleet,
            checked: checked,
            findings: findings.filter { finding in !(finding.instance.map(instances.contains) ?? false) }
        )
    }

    package func adding(_ others: [DriftFinding]) -> DriftReport {
        DriftReport(fleet: fleet, checked: checked, findings: findings + others)
    }

    /// What something has to be done about.
    package var harmful: [DriftFinding] { findings.filter { $0.weight == .harmful } }

    /// Instances that are not their release any more.
    package var driftedInstances: Set<InstanceID> { Set(harmful.compactMap(\.instance)) }

    /// One reason for each of those, for people.
    package var reasons: [InstanceID: String] {
        Dictionary(
            harmful.compactMap { finding in
                finding.instance.map { ($0, "\(finding.kind.rawValue): \(finding.subject)") }
            }
        ) { first, _ in first }
    }
}
