import GRDB
package import KilnDefinition
package import KilnFleet
package import KilnOCI

extension Catalog: FleetStore {
    package func fleets() async throws -> [FleetRecord] {
        try await read { database in
            try String.fetchAll(database, sql: "SELECT record FROM fleet ORDER BY name")
                .map { try decode(FleetRecord.self, $0, "fleet") }
        }
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
            try Row.fetchAll(
                database,
                sql: """
                    SELECT number, digest, content, created, stable, quarantined, quarantine_reason
                    FROM release WHERE fleet = ? ORDER BY number
                    """,
                arguments: [fleet.description]
            ).map { try release($0, of: fleet) }
        }
    }

    /// The images of all releases, also of those whose fleet is gone: any of them may be deployed again.
    package func releasedImages() async throws -> Set<Digest> {
        try await read { database in
            let sql = "SELECT DISTINCT json_extract(content, '$.image') FROM release"
            return try Set(String.fetchAll(database, sql: sql).map { try Digest(parsing: $0) })
        }
    }

    private func release(_ row: Row, of fleet: FleetName) throws -> ReleaseRecord {
        let quarantined: Int64? = row["quarantined"]
        let reason: String? = row["quarantine_reason"]
        let digest: Digest
        do {
            digest = try Digest(parsing: row["digest"])
        } catch {
            throw CatalogError.undecodable(path, "release", error)
        }
        return ReleaseRecord(
            release: Release(
                fleet: fleet,
                number: ReleaseNumber(rawValue: row["number"]),
                content: try decode(ReleaseContent.self, row["content"], "release"),
                created: row["created"]
            ),
            digest: digest,
            stable: row["stable"],
            quarantine: quarantined.map { .init(reason: reason ?? "", time: $0) }
        )
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
    private static func event(_ row: Row) -> FleetEvent? {
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
            release: release.map { ReleaseNumber(rawValue: $0) }
        )
    }
}
