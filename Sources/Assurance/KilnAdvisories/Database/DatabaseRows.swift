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
        defer { withExtendedLifetime(bytes) {} }
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
///
/// A class: the many findings of one advisory share it, and are light to move about.
package final class AdvisoryFacts: Sendable, Hashable {
    package let id: String
    /// The name that it is known by elsewhere.
    package let vulnerability: String
    package let aliases: [String]
    package let summary: String
    package let severity: Severity
    package let vector: String?
    package let published: Moment?
    package let modified: Moment?
    package let references: [String]
    package let isExploited: Bool

    init(
        id: String,
        aliases: [String],
        summary: String,
        severity: Severity,
        vector: String?,
        published: Moment?,
        modified: Moment?,
        references: [String],
        isExploited: Bool
    ) {
        self.id = id
        vulnerability = VulnerabilityName.common(of: id, aliases)
        self.aliases = aliases
        self.summary = summary
        self.severity = severity
        self.vector = vector
        self.published = published
        self.modified = modified
        self.references = references
        self.isExploited = isExploited
    }

    /// All that it goes by.
    var names: Set<String> { Set([id, vulnerability] + aliases + aliases.map(VulnerabilityName.plain)) }

    package static func == (left: AdvisoryFacts, right: AdvisoryFacts) -> Bool {
        if left === right { return true }
        return left.id == right.id && left.aliases == right.aliases && left.summary == right.summary
            && left.severity == right.severity && left.vector == right.vector
            && left.published == right.published && left.modified == right.modified
            && left.references == right.references && left.isExploited == right.isExploited
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(id)
    }
}

/// Names of vulnerabilities.
package enum VulnerabilityName {
    /// `CVE-2024-1` of `DEBIAN-CVE-2024-1`, as OSV's distributions prefix them.
    package static func plain(_ name: String) -> String {
        if name.hasPrefix("CVE-") { return name }
        let bytes = name.utf8
        guard let dash = bytes.indices.first(where: { bytes[$0...].starts(with: "-CVE-".utf8) }) else {
            return name
        }
        return String(name[bytes.index(after: dash)...])
    }

    /// The CVE that an advisory is about, else its own id. Databases know one vulnerability by different ids; this joins them.
    package static func common(of id: String, _ aliases: [String]) -> String {
        for name in [id] + aliases {
            let plain = plain(name)
            if plain.hasPrefix("CVE-") { return plain }
        }
        return id
    }
}
