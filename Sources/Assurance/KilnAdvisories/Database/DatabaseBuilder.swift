import KilnSystem
package import SystemPackage

/// Gathers advisories and writes the database that holds them.
///
/// What comes out depends on what went in, not on the order in which it came. Of an advisory that comes twice, the newer record counts; what sources say of
/// different packages under one name is joined.
package struct DatabaseBuilder {
    struct PackageKey: Hashable, Comparable {
        let ecosystem: Ecosystem
        let name: String

        static func < (left: PackageKey, right: PackageKey) -> Bool {
            left.ecosystem == right.ecosystem
                ? left.name.utf8.lexicographicallyPrecedes(right.name.utf8) : left.ecosystem < right.ecosystem
        }
    }

    /// What one advisory says of one package, by the newest record that says anything.
    struct Statement {
        var modified: Moment?
        var affected: [Advisory.Affected]
    }

    private(set) var advisories: [String: Advisory] = [:]
    private(set) var packages: [PackageKey: [String: Statement]] = [:]
    private(set) var sources: [ImportReport] = []
    /// Vulnerabilities that are known to be exploited (CISA's catalogue), by CVE id.
    package var exploited: Set<String> = []
    /// How bad NVD finds vulnerabilities, by CVE id, for advisories that leave it open.
    private(set) var ratings: [String: Rating] = [:]
    private(set) var endedSupport: Set<EndedSupport> = []

    struct Rating: Hashable {
        let severity: Severity
        let vector: String?
    }

    package init() {}

    package var advisoryCount: Int { advisories.count }

    package mutating func add(_ advisory: Advisory) {
        var record = bounded(advisory)
        let grouped = Dictionary(grouping: record.affected) {
            PackageKey(ecosystem: $0.ecosystem, name: $0.ecosystem.normalized($0.package))
        }
        record.affected = []
        for (key, affected) in grouped {
            state(Statement(modified: record.modified, affected: affected), of: record.id, about: key)
        }
        advisories[record.id] = advisories[record.id].map { merged($0, record) } ?? record
    }

    /// Of several ratings of one vulnerability the worst counts.
    mutating func rate(_ id: String, _ rating: Rating) {
        let rating = Rating(
            severity: rating.severity,
            vector: rating.vector.map { AdvisoryLimits.cut($0, AdvisoryLimits.identifier) }
        )
        guard let known = ratings[id] else {
            ratings[id] = rating
            return
        }
        if (known.severity, known.vector ?? "") < (rating.severity, rating.vector ?? "") {
            ratings[id] = rating
        }
    }

    mutating func add(_ support: EndedSupport) {
        endedSupport.insert(support)
    }

    package mutating func note(_ report: ImportReport) {
        sources.append(report)
    }

    private mutating func state(_ statement: Statement, of id: String, about key: PackageKey) {
        guard var known = packages[key]?[id] else {
            packages[key, default: [:]][id] = statement
            return
        }
        let (old, new) = (known.modified?.seconds ?? .min, statement.modified?.seconds ?? .min)
        if new < old { return }
        if new == old {
            known.affected += statement.affected.filter { !known.affected.contains($0) }
            packages[key]?[id] = known
        } else {
            packages[key]?[id] = statement
        }
    }

    /// The newer of two records of one advisory; where neither is, each says what the other does not.
    private func merged(_ left: Advisory, _ right: Advisory) -> Advisory {
        let (a, b) = (left.modified?.seconds ?? .min, right.modified?.seconds ?? .min)
        var (result, other) = a == b ? (left, right) : a > b ? (left, right) : (right, left)
        if a == b {
            if other.summary.utf8.count > result.summary.utf8.count
                || (other.summary.utf8.count == result.summary.utf8.count && other.summary > result.summary)
            {
                swap(&result.summary, &other.summary)
            }
            result.severity = max(result.severity, other.severity)
            result.vector = [result.vector, other.vector].compactMap { $0 }.max()
            result.references = Array(
                Set(result.references + other.references).sorted().prefix(AdvisoryLimits.references)
            )
        }
        result.aliases = Array(Set(result.aliases + other.aliases).sorted().prefix(AdvisoryLimits.aliases))
        result.published = [left.published, right.published].compactMap { $0 }.min()
        return result
    }

    private func bounded(_ advisory: Advisory) -> Advisory {
        var record = advisory
        record.id = AdvisoryLimits.cut(record.id, AdvisoryLimits.identifier)
        record.summary = AdvisoryLimits.cut(record.summary, AdvisoryLimits.summary)
        record.vector = record.vector.map { AdvisoryLimits.cut($0, AdvisoryLimits.identifier) }
        let aliases = record.aliases.filter { $0 != record.id && $0.utf8.count <= AdvisoryLimits.identifier }
        record.aliases = Array(Set(aliases).sorted().prefix(AdvisoryLimits.aliases))
        let references = record.references.filter { $0.utf8.count <= AdvisoryLimits.reference }
        record.references = Array(Set(references).sorted().prefix(AdvisoryLimits.references))
        return record
    }

    /// When the newest of its advisories was changed last.
    package var newest: Moment? { advisories.values.compactMap(\.modified).max() }

    /// The database's bytes. Its date is the newest of its advisories, unless the sources' own is known.
    package func build(date: Moment? = nil) throws(DatabaseError) -> [UInt8] {
        var writer = DatabaseWriter(self)
        return try writer.write(date: date ?? newest ?? Moment(seconds: 0))
    }

    /// Writes the database as a whole: beside the place, synced, then renamed.
    package func write(to path: FilePath, date: Moment? = nil) throws {
        try Files.write(try build(date: date), to: path)
    }
}
