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
    /// much; a single one is replaced. `isToldOnly` is for fleets that a person answers for.
    package init(_ report: DriftReport, standing: Set<InstanceID>, isToldOnly: Bool = false) {
        guard !report.harmful.isEmpty else {
            self = .nothing
            return
        }
        let drifted = report.reasons.filter { standing.contains($0.key) }
        let kinds = Set(report.harmful.filter { $0.instance != nil }.map(\.kind.rawValue)).sorted()
        guard drifted.count >= 2, drifted.count * 2 > standing.count else {
            guard !isToldOnly || drifted.isEmpty else {
                let names = drifted.keys.sorted().map(\.description).joined(separator: ", ")
                self = .alert("\(names) drifted (\(kinds.joined(separator: ", "))), and is left as it is")
                return
            }
            // Nothing that converges would put it right.
            let altered = report.harmful.filter(\.kind.isForPeople)
            if drifted.isEmpty, let first = altered.first {
                let more = altered.count > 1 ? ", and \(altered.count - 1) more" : ""
                self = .alert("\(first.subject) \(first.detail)\(more)")
            } else {
                self = .replace(drifted)
            }
            return
        }
        self = .alert(
            "\(drifted.count) of \(standing.count) instances drifted at once (\(kinds.joined(separator: ", "))); none is replaced"
        )
    }
}

extension DriftFinding.Kind {
    /// Whether only a person knows what is right.
    fileprivate var isForPeople: Bool { self == .storeAltered || self == .strayVolume }
}

extension DriftReport {
    /// What belongs to no instance and is put right by making the fleet what it should be, whatever else there is.
    package var repairable: [DriftFinding] {
        harmful.filter { $0.instance == nil && !$0.kind.isForPeople }
    }
}
