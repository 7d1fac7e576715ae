/// One row of what the database says of a package.
struct EntryRow {
    let advisory: Int
    let intervals: Range<Int>
    let reason: Int
    let status: AdvisoryStatus
    let urgency: DebianUrgency
}

/// What the database keeps of where its data came from.
package struct DatabaseSource: Sendable, Hashable {
    package let name: String
    package let format: String
    /// Of the file that was imported.
    package let digest: String
    package let taken: Int
    package let skipped: Int
}

extension AdvisoryDatabase {
    func entry(_ number: Int) throws(DatabaseError) -> EntryRow {
        let place = try row(.entries, number)
        let status = try bytes.load(UInt8.self, at: place + 16)
        let urgency = try bytes.load(UInt8.self, at: place + 17)
        guard let status = AdvisoryStatus(rawValue: status), let urgency = DebianUrgency(rawValue: urgency)
        else {
            throw DatabaseError(.corrupt("an entry's status"))
        }
        return EntryRow(
            advisory: try self.number(place),
            intervals: try run(
                .intervals,
                first: try self.number(place + 4),
                count: try self.number(place + 8)
            ),
            reason: try self.number(place + 12),
            status: status,
            urgency: urgency
        )
    }

    /// The number of the fixed version's text (or of none) of the interval that holds the key; nil when no interval does.
    func interval(of entry: EntryRow, holding key: [UInt8]) throws(DatabaseError) -> Int? {
        for number in entry.intervals {
            let place = try row(.intervals, number)
            let flags = try self.number(place + 12)
            if let lower = try poolBytes(self.number(place)) {
                let order = Self.order(lower, key)
                if order > 0 || (order == 0 && flags & 1 == 0) { continue }
            }
            if let upper = try poolBytes(self.number(place + 4)) {
                let order = Self.order(upper, key)
                if order < 0 || (order == 0 && flags & 2 == 0) { continue }
            }
            return try self.number(place + 8)
        }
        return nil
    }

    func advisory(_ number: Int) throws(DatabaseError) -> AdvisoryFacts {
        let place = try row(.advisories, number)
        guard let severity = Severity(rawValue: try bytes.load(UInt8.self, at: place + 36)) else {
            throw DatabaseError(.corrupt("an advisory's severity"))
        }
        let aliases = Int(try bytes.load(UInt16.self, at: place + 32))
        let references = Int(try bytes.load(UInt16.self, at: place + 34))
        let names = try run(.names, first: try self.number(place + 28), count: aliases + references)
        var texts: [String] = []
        for name in names { texts.append(try text(self.number(row(.names, name))) ?? "") }
        return AdvisoryFacts(
            id: try text(self.number(place)) ?? "",
            aliases: Array(texts.prefix(aliases)),
            summary: try text(self.number(place + 4)) ?? "",
            severity: severity,
            vector: try text(self.number(place + 8)),
            published: moment(try bytes.load(Int64.self, at: place + 12)),
            modified: moment(try bytes.load(Int64.self, at: place + 20)),
            references: Array(texts.dropFirst(aliases)),
            isExploited: try bytes.load(UInt8.self, at: place + 37) & 1 != 0
        )
    }

    private func moment(_ seconds: Int64) -> Moment? {
        seconds == .min ? nil : Moment(seconds: seconds)
    }

    /// Where the data came from, in the order of the names.
    package func sources() throws(DatabaseError) -> [DatabaseSource] {
        var sources: [DatabaseSource] = []
        for number in 0..<rows(of: .sources) {
            let place = try row(.sources, number)
            sources.append(
                DatabaseSource(
                    name: try text(self.number(place)) ?? "",
                    format: try text(self.number(place + 4)) ?? "",
                    digest: try text(self.number(place + 8)) ?? "",
                    taken: try self.number(place + 12),
                    skipped: try self.number(place + 16)
                )
            )
        }
        return sources
    }
}

/// What the database says of an advisory, whatever the package.
package struct AdvisoryFacts: Sendable, Hashable {
    package let id: String
    package let aliases: [String]
    package let summary: String
    package let severity: Severity
    package let vector: String?
    package let published: Moment?
    package let modified: Moment?
    package let references: [String]
    package let isExploited: Bool

    /// The name that it is known by elsewhere.
    package var vulnerability: String { VulnerabilityName.common(of: id, aliases) }
}

/// Names of vulnerabilities.
package enum VulnerabilityName {
    /// `CVE-2024-1` of `DEBIAN-CVE-2024-1`, as OSV's distributions prefix them.
    package static func plain(_ name: String) -> String {
        guard let range = name.firstRange(of: "-CVE-") else { return name }
        return String(name[name.index(after: range.lowerBound)...])
    }

    /// The CVE that an advisory is about, else its own id. Databases know one vulnerability by different ids; this joins them.
    package static func common(of id: String, _ aliases: [String]) -> String {
        let names = [plain(id)] + aliases.map(plain)
        return names.first { $0.hasPrefix("CVE-") } ?? id
    }
}
