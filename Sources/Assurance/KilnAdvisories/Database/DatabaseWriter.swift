import KilnOCI

/// Lays a builder's advisories out as `DatabaseFormat` says.
struct DatabaseWriter {
    private typealias Section = DatabaseFormat.Section

    private let builder: DatabaseBuilder
    private let ids: [String]
    private let keys: [DatabaseBuilder.PackageKey]
    private var sections = [[UInt8]](repeating: [], count: Section.allCases.count)
    private var pool: [[UInt8]: UInt32] = [:]

    init(_ builder: DatabaseBuilder) {
        self.builder = builder
        ids = builder.advisories.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        keys = builder.packages.keys.sorted()
    }

    mutating func write(date: Moment) throws(DatabaseError) -> [UInt8] {
        try makePool()
        try writePackages()
        try writeAdvisories()
        try writeSources()
        writeSupport()
        return try assembled(date: date)
    }

    // MARK: Texts

    private mutating func makePool() throws(DatabaseError) {
        var texts: Set<[UInt8]> = []
        func add(_ text: String?) { if let text { texts.insert(Array(text.utf8)) } }
        for advisory in builder.advisories.values {
            for text in [advisory.id, advisory.summary] + advisory.aliases + advisory.references { add(text) }
            add(advisory.vector)
            if advisory.vector == nil { add(rating(of: advisory)?.vector) }
        }
        for support in builder.endedSupport {
            for text in [support.ecosystem.description, support.package, support.version, support.reason] {
                add(text)
            }
        }
        for (key, statements) in builder.packages {
            add(key.name)
            add(key.ecosystem.description)
            for affected in statements.values.flatMap(\.affected) {
                add(affected.reason)
                for interval in affected.intervals {
                    add(interval.fixed)
                    if let lower = interval.lower { texts.insert(lower.key.bytes) }
                    if let upper = interval.upper { texts.insert(upper.key.bytes) }
                }
            }
        }
        for source in builder.sources {
            for text in [source.name, source.format.rawValue, source.digest.description] { add(text) }
        }
        try writePool(texts.sorted { $0.lexicographicallyPrecedes($1) })
    }

    private mutating func writePool(_ texts: [[UInt8]]) throws(DatabaseError) {
        var bytes: [UInt8] = []
        var offsets: [UInt8] = []
        for (number, text) in texts.enumerated() {
            pool[text] = try counted(number)
            offsets.append(number: try counted(bytes.count))
            bytes += text
        }
        offsets.append(number: try counted(bytes.count))
        sections[Section.offsets.rawValue] = offsets
        sections[Section.pool.rawValue] = bytes
    }

    private func name(_ text: String?) -> UInt32 {
        text.flatMap { pool[Array($0.utf8)] } ?? DatabaseFormat.none
    }

    // MARK: Packages

    private mutating func writePackages() throws(DatabaseError) {
        let order = Dictionary(uniqueKeysWithValues: ids.enumerated().map { ($1, $0) })
        var first = 0
        while first < keys.count {
            let ecosystem = keys[first].ecosystem
            let end = keys[first...].firstIndex { $0.ecosystem != ecosystem } ?? keys.count
            guard let scheme = ecosystem.scheme else {
                first = end
                continue
            }
            let packages = row(of: .packages)
            for key in keys[first..<end] { try writePackage(key, order) }
            add(
                .ecosystems,
                [
                    name(ecosystem.description), UInt32(scheme.rawValue), try counted(packages),
                    try counted(end - first),
                ]
            )
            first = end
        }
    }

    private mutating func writePackage(
        _ key: DatabaseBuilder.PackageKey,
        _ order: [String: Int]
    ) throws(DatabaseError) {
        let entries = row(of: .entries)
        let statements = (builder.packages[key] ?? [:]).sorted {
            order[$0.key, default: 0] < order[$1.key, default: 0]
        }
        for (id, statement) in statements {
            var laidOut: [(rows: [UInt32], affected: Advisory.Affected)] = []
            for affected in statement.affected {
                laidOut.append((intervalRows(affected.intervals), affected))
            }
            laidOut.sort { Self.precedes($0, $1) }
            for (rows, affected) in laidOut {
                try writeEntry(rows, affected, advisory: order[id, default: 0])
            }
        }
        add(.packages, [name(key.name), try counted(entries), try counted(row(of: .entries) - entries)])
    }

    private static func precedes(
        _ left: (rows: [UInt32], affected: Advisory.Affected),
        _ right: (rows: [UInt32], affected: Advisory.Affected)
    ) -> Bool {
        if left.rows != right.rows { return left.rows.lexicographicallyPrecedes(right.rows) }
        let (a, b) = (left.affected, right.affected)
        if a.status != b.status { return a.status.rawValue < b.status.rawValue }
        if a.urgency != b.urgency { return a.urgency.rawValue < b.urgency.rawValue }
        return (a.reason ?? "") < (b.reason ?? "")
    }

    private func intervalRows(_ intervals: [VersionInterval]) -> [UInt32] {
        intervals.flatMap { interval in
            [
                interval.lower.flatMap { pool[$0.key.bytes] } ?? DatabaseFormat.none,
                interval.upper.flatMap { pool[$0.key.bytes] } ?? DatabaseFormat.none,
                name(interval.fixed),
                (interval.lower?.isInclusive == true ? 1 : 0) | (interval.upper?.isInclusive == true ? 2 : 0),
            ]
        }
    }

    private mutating func writeEntry(
        _ rows: [UInt32],
        _ affected: Advisory.Affected,
        advisory: Int
    ) throws(DatabaseError) {
        let first = row(of: .intervals)
        for number in rows { sections[Section.intervals.rawValue].append(number: number) }
        add(
            .entries,
            [try counted(advisory), try counted(first), try counted(rows.count / 4), name(affected.reason)]
        )
        sections[Section.entries.rawValue] += [affected.status.rawValue, affected.urgency.rawValue, 0, 0]
    }

    // MARK: Advisories and sources

    private mutating func writeAdvisories() throws(DatabaseError) {
        let told = severities()
        for id in ids {
            guard let advisory = builder.advisories[id] else { continue }
            let name = VulnerabilityName.common(of: id, advisory.aliases)
            let rating = rating(of: advisory)
            let severity =
                advisory.severity == .unknown ? told[name] ?? rating?.severity ?? .unknown : advisory.severity
            let first = row(of: .names)
            for text in advisory.aliases + advisory.references { add(.names, [self.name(text)]) }
            let vector = advisory.vector ?? rating?.vector
            add(.advisories, [self.name(id), self.name(advisory.summary), self.name(vector)])
            var tail: [UInt8] = []
            tail.append(number: advisory.published?.seconds ?? .min)
            tail.append(number: advisory.modified?.seconds ?? .min)
            tail.append(number: try counted(first))
            tail.append(number: UInt16(advisory.aliases.count))
            tail.append(number: UInt16(advisory.references.count))
            let isExploited = ([id] + advisory.aliases).contains {
                builder.exploited.contains(VulnerabilityName.plain($0))
            }
            tail += [severity.rawValue, isExploited ? 1 : 0, 0, 0]
            sections[Section.advisories.rawValue] += tail
        }
    }

    /// The worst that anyone says of each vulnerability, for advisories that do not say: Debian leaves it to others, most often.
    private func severities() -> [String: Severity] {
        var severities: [String: Severity] = [:]
        for advisory in builder.advisories.values where advisory.severity > .negligible {
            let name = VulnerabilityName.common(of: advisory.id, advisory.aliases)
            severities[name] = max(severities[name] ?? .unknown, advisory.severity)
        }
        return severities
    }

    /// What NVD says of the vulnerability.
    private func rating(of advisory: Advisory) -> DatabaseBuilder.Rating? {
        builder.ratings[VulnerabilityName.common(of: advisory.id, advisory.aliases)]
    }

    private mutating func writeSupport() {
        for support in builder.endedSupport.sorted() {
            add(
                .support,
                [
                    name(support.ecosystem.description), name(support.package), name(support.version),
                    name(support.reason), UInt32(clamping: support.day.dayNumber),
                ]
            )
        }
    }

    private mutating func writeSources() throws(DatabaseError) {
        let sources = builder.sources.sorted {
            $0.name == $1.name
                ? $0.digest.hex < $1.digest.hex : $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
        }
        for source in sources {
            let texts = [name(source.name), name(source.format.rawValue), name(source.digest.description)]
            add(
                .sources,
                texts + [try counted(source.taken), try counted(source.skipped.values.reduce(0, +))]
            )
        }
    }

    // MARK: The file

    private func assembled(date: Moment) throws(DatabaseError) -> [UInt8] {
        var body: [UInt8] = []
        var table: [UInt8] = []
        for section in sections {
            while (DatabaseFormat.headerSize + body.count) % 8 != 0 { body.append(0) }
            table.append(number: UInt64(DatabaseFormat.headerSize + body.count))
            table.append(number: UInt64(section.count))
            body += section
        }
        var hashed: [UInt8] = []
        hashed.append(number: UInt64(DatabaseFormat.headerSize + body.count))
        hashed.append(number: date.seconds)
        hashed += table
        hashed += [UInt8](
            repeating: 0,
            count: DatabaseFormat.headerSize - DatabaseFormat.hashedFrom - hashed.count
        )
        hashed += body
        var file = DatabaseFormat.magic
        file.append(number: DatabaseFormat.version)
        file.append(number: UInt32(sections.count))
        file += DatabaseDigest.bytes(of: Digest(of: hashed))
        return file + hashed
    }

    private func row(of section: Section) -> Int {
        sections[section.rawValue].count / section.rowSize
    }

    private mutating func add(_ section: Section, _ numbers: [UInt32]) {
        for number in numbers { sections[section.rawValue].append(number: number) }
    }

    private func counted(_ number: Int) throws(DatabaseError) -> UInt32 {
        guard let result = UInt32(exactly: number), result != DatabaseFormat.none else {
            throw DatabaseError(.tooLarge)
        }
        return result
    }
}

/// A digest as the 32 bytes that a header holds.
enum DatabaseDigest {
    static func bytes(of digest: Digest) -> [UInt8] {
        let digits = Array(digest.hex.utf8)
        return stride(from: 0, to: digits.count, by: 2).map { value(digits[$0]) << 4 | value(digits[$0 + 1]) }
    }

    static func digest(_ bytes: some Sequence<UInt8>) -> Digest {
        let digits = Array("0123456789abcdef".utf8)
        return Digest(
            trustedHex: String(
                decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
                as: UTF8.self
            )
        )
    }

    private static func value(_ digit: UInt8) -> UInt8 {
        digit < 0x3A ? digit - 0x30 : digit - 0x57
    }
}
