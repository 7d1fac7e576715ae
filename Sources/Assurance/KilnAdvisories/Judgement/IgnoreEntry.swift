/// A finding that a definition takes note of and lets pass for a time.
package struct IgnoreEntry: Sendable, Hashable {
    /// Why an entry is none.
    package enum Fault: Error, Sendable, Hashable {
        case missingID
        case missingReason
        case missingExpiry
        /// Not a day such as `2026-12-31`.
        case badExpiry(String)
    }

    /// Any name of the vulnerability.
    package let id: String
    /// The package or source that is meant; nil: all.
    package let package: String?
    package let reason: String
    /// The last day on which it holds.
    package let expires: CalendarDate

    /// Reason and expiry must be there: what nobody looks at again rots.
    package init(id: String, package: String? = nil, reason: String?, expires: String?) throws(Fault) {
        guard !id.isEmpty else { throw .missingID }
        guard let reason, reason.contains(where: { !$0.isWhitespace }) else { throw .missingReason }
        guard let expires, !expires.isEmpty else { throw .missingExpiry }
        guard let day = CalendarDate(parsing: expires) else { throw .badExpiry(expires) }
        self.id = id
        self.package = package
        self.reason = reason
        self.expires = day
    }

    package func isExpired(on today: CalendarDate) -> Bool { today > expires }

    func covers(_ finding: Finding) -> Bool {
        guard finding.names.contains(id) else { return false }
        guard let package else { return true }
        return package == finding.package.name || package == finding.subject
    }
}

/// A finding that does not count, and why; it stays in the report.
package struct SuppressedFinding: Sendable, Hashable {
    package enum Cause: Sendable, Hashable {
        case ignored(IgnoreEntry)
        case vex(VexStatement)
    }

    package let finding: Finding
    package let cause: Cause

    /// In a few words.
    package var reason: String {
        switch cause {
        case .ignored(let entry): "\(entry.reason) (until \(entry.expires))"
        case .vex(let statement): statement.reason
        }
    }
}

/// Findings after those who know better have spoken.
package struct Judgement: Sendable, Hashable {
    /// What counts.
    package var findings: [Finding] = []
    package var suppressed: [SuppressedFinding] = []
    /// Entries past their day, which suppress nothing.
    package var expired: [IgnoreEntry] = []
    /// Entries that meet nothing (any more).
    package var unused: [IgnoreEntry] = []

    /// Sets aside what VEX documents and ignore entries speak of. An entry of a document goes first: it says that nothing is wrong, not that it may wait.
    package init(
        _ findings: [Finding],
        ignoring entries: [IgnoreEntry] = [],
        vex: [VexDocument] = [],
        subject: String? = nil,
        today: CalendarDate
    ) {
        expired = entries.filter { $0.isExpired(on: today) }
        let valid = entries.filter { !$0.isExpired(on: today) }
        var used: Set<IgnoreEntry> = []
        for finding in findings {
            if let statement = VexDocument.decisive(for: finding, of: subject, in: vex),
                statement.status.suppresses
            {
                suppressed.append(SuppressedFinding(finding: finding, cause: .vex(statement)))
            } else if let entry = valid.first(where: { $0.covers(finding) }) {
                suppressed.append(SuppressedFinding(finding: finding, cause: .ignored(entry)))
                used.insert(entry)
            } else {
                self.findings.append(finding)
            }
        }
        unused = valid.filter { !used.contains($0) }
    }
}
