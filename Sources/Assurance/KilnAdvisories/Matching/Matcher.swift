/// Holds packages against a database of advisories. Pure: the same database and packages give the same result.
package struct Matcher: Sendable {
    /// What users choose about findings, beside what is true.
    package struct Policy: Sendable, Hashable {
        /// What becomes of Debian's `unimportant`: Trivy calls it low, Grype negligible.
        package enum Unimportant: String, Sendable, CaseIterable {
            case low
            case negligible
            case ignore
        }

        package enum Grouping: String, Sendable, CaseIterable {
            /// A finding for each package that is installed.
            case package
            /// One for each source package and vulnerability; the first package by name stands for the others.
            case source
        }

        package var unimportant: Unimportant = .low
        package var grouping: Grouping = .package

        package init() {}
    }

    private let database: AdvisoryDatabase
    private let policy: Policy

    package init(_ database: AdvisoryDatabase, policy: Policy = Policy()) {
        self.database = database
        self.policy = policy
    }

    /// With names, only findings of vulnerabilities that have one of them; everything else of the result is the same.
    package func match(
        _ packages: [InventoryPackage],
        about names: Set<String>? = nil
    ) throws(DatabaseError) -> MatchResult {
        var result = MatchResult()
        var known: [Ecosystem: Known] = [:]
        var advisories = Advisories(names: names)
        let ended = Dictionary(
            grouping: try database.endedSupport().filter {
                $0.day.dayNumber * 86_400 <= database.date.seconds
            }
        ) { $0.ecosystem.description }
        for package in packages {
            if let ended = ended[package.ecosystem.description]?.first(where: { $0.covers(package) }) {
                result.unsupported.append(.init(package: package, support: ended))
            }
            if known[package.ecosystem] == nil {
                known[package.ecosystem] = try database.ecosystem(package.ecosystem)
            }
            guard let ecosystem = known[package.ecosystem] else {
                let reason = "the database knows nothing of \(package.ecosystem)"
                result.unjudged.append(.init(package: package, reason: reason))
                continue
            }
            for subject in package.subjects { try judge(package, subject, ecosystem, &advisories, &result) }
        }
        if policy.grouping == .source { result.findings = grouped(result.findings) }
        result.findings = Self.sorted(result.findings)
        return result
    }

    private typealias Known = (packages: Range<Int>, scheme: VersionScheme)

    /// What was read of the database, by its numbers; nil for what nobody asked for.
    private struct Advisories {
        let names: Set<String>?
        private var facts: [Int: AdvisoryFacts?] = [:]

        init(names: Set<String>?) {
            self.names = names
        }

        mutating func wanted(
            _ number: Int,
            in database: AdvisoryDatabase
        ) throws(DatabaseError) -> AdvisoryFacts? {
            if let known = facts[number] { return known }
            let found = try database.advisory(number)
            let isWanted = names.map { !$0.isDisjoint(with: found.names) } ?? true
            facts[number] = .some(isWanted ? found : nil)
            return isWanted ? found : nil
        }
    }

    private func judge(
        _ package: InventoryPackage,
        _ subject: InventoryPackage.Subject,
        _ known: Known,
        _ advisories: inout Advisories,
        _ result: inout MatchResult
    ) throws(DatabaseError) {
        let name = Array(package.ecosystem.normalized(subject.name).utf8)
        let entries = try database.entries(of: name, among: known.packages)
        guard !entries.isEmpty else { return }
        let key: VersionKey
        do {
            key = try known.scheme.key(of: subject.version)
        } catch {
            result.unjudged.append(.init(package: package, reason: error.reason))
            return
        }
        var found: [Finding] = []
        var (hit, mended): (Set<Int>, Set<Int>) = ([], [])
        for number in entries {
            let entry = try database.entry(number)
            if policy.unimportant == .ignore, entry.urgency == .unimportant { continue }
            guard let fixed = try database.interval(of: entry, holding: key.bytes) else {
                mended.insert(entry.advisory)
                continue
            }
            hit.insert(entry.advisory)
            guard let facts = try advisories.wanted(entry.advisory, in: database) else { continue }
            found.append(try finding(package, subject, entry, facts, fixed: fixed))
        }
        // Mended in one stretch and not in another is not mended.
        result.mended += mended.subtracting(hit).count
        result.findings += Self.joined(found, known.scheme)
    }

    private func finding(
        _ package: InventoryPackage,
        _ subject: InventoryPackage.Subject,
        _ entry: EntryRow,
        _ facts: AdvisoryFacts,
        fixed: Int
    ) throws(DatabaseError) -> Finding {
        let fixed = try database.text(fixed)
        return Finding(
            advisory: facts,
            package: package,
            subject: subject.name,
            installed: subject.version,
            fixed: fixed,
            status: fixed == nil ? (entry.status == .fixed ? .affected : entry.status) : .fixed,
            reason: fixed == nil ? try database.text(entry.reason) : nil,
            severity: severity(entry.urgency, facts.severity)
        )
    }

    /// The distribution's own judgement first; where it has none, what the advisory says.
    private func severity(_ urgency: DebianUrgency, _ told: Severity) -> Severity {
        switch urgency {
        case .unimportant: policy.unimportant == .negligible ? .negligible : .low
        case .low: .low
        case .medium: .medium
        case .high: .high
        case .none, .notYetAssigned, .endOfLife: told
        }
    }

    /// One finding for each vulnerability of a package. Of several fixes the highest counts, since the ones before it were not enough.
    /// Where one source knows no fix, Debian's word is that there is none; elsewhere the source that knows one is better informed.
    private static func joined(_ findings: [Finding], _ scheme: VersionScheme) -> [Finding] {
        var kept: [Finding] = []
        var places: [String: Int] = [:]
        for finding in findings {
            if let place = places[finding.vulnerability] {
                if counts(finding, before: kept[place], scheme) { kept[place] = finding }
            } else {
                places[finding.vulnerability] = kept.count
                kept.append(finding)
            }
        }
        return kept
    }

    /// Sorts places with what decides most often, instead of findings, which are large to move about.
    private static func sorted(_ findings: [Finding]) -> [Finding] {
        var places = findings.enumerated().map { (place: $0, severity: $1.severity, name: $1.vulnerability) }
        places.sort { left, right in
            if left.severity != right.severity { return left.severity > right.severity }
            if left.name != right.name { return left.name < right.name }
            return Finding.precedes(findings[left.place], findings[right.place])
        }
        return places.map { findings[$0.place] }
    }

    private static func counts(_ finding: Finding, before known: Finding, _ scheme: VersionScheme) -> Bool {
        guard let old = known.fixed else { return finding.fixed != nil && scheme != .debian }
        guard let new = finding.fixed else { return scheme == .debian }
        guard let a = try? scheme.key(of: old), let b = try? scheme.key(of: new) else { return false }
        return a < b
    }

    private func grouped(_ findings: [Finding]) -> [Finding] {
        var kept: [[String]: Finding] = [:]
        for finding in findings {
            let key = [
                finding.package.ecosystem.description, finding.subject, finding.installed,
                finding.vulnerability,
            ]
            if let known = kept[key], known.package.name <= finding.package.name { continue }
            kept[key] = finding
        }
        return Array(kept.values)
    }
}
