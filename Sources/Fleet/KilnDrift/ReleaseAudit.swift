import KilnDefinition
package import KilnFleet
import KilnOCI

/// Whether what the catalog holds of releases is what was recorded: a release's digest is of all that it is made of. Pure.
package enum ReleaseAudit {
    package static func findings(_ records: [ReleaseRecord]) -> [DriftFinding] {
        records.compactMap { record in
            guard let digest = try? record.release.content.digest(), digest != record.digest else {
                return nil
            }
            var finding = DriftFinding(
                .storeAltered,
                instance: nil,
                subject: "release \(record.release.number)",
                detail: "in the catalog is not what was recorded",
                before: record.digest.description,
                after: digest.description
            )
            finding.release = record.release.number
            return finding
        }
    }

    /// Folders of a fleet's volumes that none of its releases declares.
    package static func strayVolumes(_ present: [String], _ records: [ReleaseRecord]) -> [DriftFinding] {
        let declared = Set(
            records.flatMap { record in
                record.release.content.state.compactMap { state -> String? in
                    guard case .volume(let name, _) = state.kind else { return nil }
                    return name
                }
            }
        )
        // Slots lie beside the volume of the same name; what begins with a dot is being made.
        return present.filter { name in
            let base = name.hasSuffix(".slots") ? String(name.dropLast(6)) : name
            return !name.hasPrefix(".") && !declared.contains(base)
        }.map { name in
            DriftFinding(
                .strayVolume,
                instance: nil,
                subject: "volume \(name)",
                detail: "no release declares it"
            )
        }
    }
}
