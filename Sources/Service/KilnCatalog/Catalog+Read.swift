import GRDB
package import KilnDefinition
package import KilnFleet
import KilnOCI

extension Catalog: FleetStore {
    package func fleets() async throws -> [FleetRecord] {
        try await read { database in
            try String.fetchAll(database, sql: "SELECT record FROM fleet ORDER BY name")
                .map { try decode(FleetRecord.self, $0, "fleet") }
        }
    }

    /// SQLite counts the commits of other connections, and the rows that this one changed.
    package func revision() async throws -> StoreRevision {
        let revision = try await read { database in
            StoreRevision(
                others: try Int.fetchOne(database, sql: "PRAGMA data_version") ?? 0,
                own: database.totalChangesCount
            )
        }
        tell(revision)
        return revision
    }

    package func fleet(_ name: FleetName) async throws -> FleetRecord? {
        try await read { database in
            try String.fetchOne(
                database,
                sql: "SELECT record FROM fleet WHERE name = ?",
                arguments: [name.description]
            ).map { try decode(FleetRecord.self, $0, "fleet") }
        }
    }

    package func releases(of fleet: FleetName) async throws -> [ReleaseRecord] {
        try await read { database in
            try rows(of: fleet, "\(Self.entryColumns), content", database).map { row in
                let entry = try entry(row)
                var record = ReleaseRecord(
                    release: try release(row, entry.number, of: fleet),
                    digest: entry.digest,
                    stable: entry.stable,
                    quarantine: entry.quarantine
                )
                record.origins = entry.origins
                return record
            }
        }
    }

    /// Fleets that have releases, also those that are gone: any of their releases may be deployed again.
    package func fleetsWithReleases() async throws -> [FleetName] {
        try await read { database in
            try String.fetchAll(database, sql: "SELECT DISTINCT fleet FROM release ORDER BY fleet")
                .map { FleetName(trusted: $0) }
        }
    }

    /// Whether anything was ever put into the configuration store.
    package func holdsConfiguration() async throws -> Bool {
        try await read { try Bool.fetchOne($0, sql: "SELECT EXISTS (SELECT 1 FROM config)") ?? false }
    }

    package func releaseEntries(of fleet: FleetName) async throws -> [ReleaseEntry] {
        try await read { try rows(of: fleet, Self.entryColumns, $0).map(entry) }
    }

    package func release(_ number: ReleaseNumber, of fleet: FleetName) async throws -> Release? {
        try await read { database in
            try Row.fetchOne(
                database,
                sql: "SELECT content, created FROM release WHERE fleet = ? AND number = ?",
                arguments: [fleet.description, number.rawValue]
            ).map { try release($0, number, of: fleet) }
        }
    }

    private static let entryColumns = """
        number, digest, image, image_name, image_version, created, stable, quarantined, quarantine_reason,
        preparation.record AS preparation, release_origin.record AS origins
        """

    private func rows(of fleet: FleetName, _ columns: String, _ database: Database) throws -> [Row] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT \(columns) FROM release LEFT JOIN preparation USING (fleet, number)
                LEFT JOIN release_origin USING (fleet, number)
                WHERE fleet = ? ORDER BY number
                """,
            arguments: [fleet.description]
        )
    }

    private func release(_ row: Row, _ number: ReleaseNumber, of fleet: FleetName) throws -> Release {
        Release(
            fleet: fleet,
            number: number,
            content: try decode(ReleaseContent.self, row["content"], "release"),
            created: row["created"]
        )
    }

    private func entry(_ row: Row) throws -> ReleaseEntry {
        let quarantined: Int64? = row["quarantined"]
        let reason: String? = row["quarantine_reason"]
        let preparation: String? = row["preparation"]
        let origins: String? = row["origins"]
        do {
            var entry = ReleaseEntry(
                number: ReleaseNumber(rawValue: row["number"]),
                digest: try Digest(parsing: row["digest"]),
                image: try Digest(parsing: row["image"]),
                imageName: ImageName(trusted: row["image_name"]),
                imageVersion: row["image_version"],
                created: row["created"],
                stable: row["stable"],
                quarantine: quarantined.map { .init(reason: reason ?? "", time: $0) },
                preparation: try preparation.map { try decode(Preparation.self, $0, "preparation") }
            )
            entry.origins = try origins.map { try decode([ConfigOrigin].self, $0, "release's origins") } ?? []
            return entry
        } catch {
            throw CatalogError.undecodable(path, "release", error)
        }
    }

    package func rollouts(of fleet: FleetName, limit: Int) async throws -> [RolloutRecord] {
        try await read { database in
            try String.fetchAll(
                database,
                sql: "SELECT record FROM rollout WHERE fleet = ? ORDER BY number DESC LIMIT ?",
                arguments: [fleet.description, limit]
            ).map { try decode(RolloutRecord.self, $0, "rollout") }
        }
    }

    package func instances(of fleet: FleetName) async throws -> [InstanceRecord] {
        try await read { database in
            try String.fetchAll(
                database,
                sql: "SELECT record FROM instance WHERE fleet = ? ORDER BY slot, id",
                arguments: [fleet.description]
            ).map { try decode(InstanceRecord.self, $0, "instance") }
        }
    }

    package func events(of fleet: FleetName?, after: Int64, limit: Int) async throws -> [FleetEvent] {
        try await read { database in
            let filter = fleet == nil ? "" : "fleet = ? AND"
            let scope: [any DatabaseValueConvertible] = fleet.map { [$0.description] } ?? []
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT * FROM event WHERE \(filter) sequence > ? ORDER BY sequence DESC LIMIT ?",
                arguments: StatementArguments(scope + [after, limit])
            )
            return rows.reversed().compactMap(Self.event)
        }
    }

    /// Nil for a kind that only a newer program knows.
    static func event(_ row: Row) -> FleetEvent? {
        guard let kind = FleetEvent.Kind(rawValue: row["kind"]) else { return nil }
        let instance: String? = row["instance"]
        let release: Int? = row["release"]
        return FleetEvent(
            sequence: row["sequence"],
            time: row["time"],
            fleet: FleetName(trusted: row["fleet"]),
            kind: kind,
            message: row["message"],
            instance: instance.map { InstanceID($0) },
            release: release.map { ReleaseNumber(rawValue: $0) },
            cause: row["cause"],
            author: row["author"],
            why: row["why"],
            moment: row["moment"]
        )
    }
}
