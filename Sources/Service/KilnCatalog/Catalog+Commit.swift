import GRDB
import KilnDefinition
package import KilnFleet
import KilnOCI

extension Catalog {
    @discardableResult
    package func commit(_ edits: [FleetEdit], under lease: Lease) async throws -> [Int64] {
        try await write { database in
            try checkLease(lease, database)
            var sequences: [Int64] = []
            for edit in edits { try carryOut(edit, lease.fleet.description, &sequences, database) }
            return sequences
        }
    }

    /// `sequences` are those of the events that were added so far.
    private func carryOut(
        _ edit: FleetEdit,
        _ fleet: String,
        _ sequences: inout [Int64],
        _ database: Database
    ) throws {
        switch edit {
        case .putFleet(let record):
            try database.execute(
                sql: "INSERT OR REPLACE INTO fleet (name, record) VALUES (?, ?)",
                arguments: [fleet, try Self.encode(record)]
            )
        case .removeFleet: try removeFleet(fleet, database)
        case .addRelease(let release): try add(release, fleet, database)
        case .quarantine(let number, let quarantine):
            try set(
                "quarantined = ?, quarantine_reason = ?",
                [quarantine.time, quarantine.reason],
                of: number,
                fleet,
                database
            )
        case .liftQuarantine(let number):
            try set("quarantined = NULL, quarantine_reason = NULL", [], of: number, fleet, database)
        case .markStable(let number, let time): try set("stable = ?", [time], of: number, fleet, database)
        case .putPreparation(let number, let preparation):
            try database.execute(
                sql: "INSERT OR REPLACE INTO preparation (fleet, number, record) VALUES (?, ?, ?)",
                arguments: [fleet, number.rawValue, try Self.encode(preparation)]
            )
        case .removePreparations:
            try database.execute(sql: "DELETE FROM preparation WHERE fleet = ?", arguments: [fleet])
        case .putRollout(let rollout):
            try database.execute(
                sql: "INSERT OR REPLACE INTO rollout (fleet, number, record) VALUES (?, ?, ?)",
                arguments: [fleet, rollout.number, try Self.encode(rollout)]
            )
        case .putInstance(let instance):
            try database.execute(
                sql: "INSERT OR REPLACE INTO instance (fleet, id, slot, record) VALUES (?, ?, ?, ?)",
                arguments: [fleet, instance.id.description, instance.slot, try Self.encode(instance)]
            )
        case .removeInstance(let id):
            let arguments: StatementArguments = [fleet, id.description]
            try database.execute(sql: "DELETE FROM instance WHERE fleet = ? AND id = ?", arguments: arguments)
        case .addEvent(let event, let cause):
            let sequence: Int64? =
                switch cause {
                case .written(let sequence): sequence
                case .committed(let index) where sequences.indices.contains(index): sequences[index]
                case .committed, nil: event.cause
                }
            sequences.append(try add(event, causedBy: sequence, database))
        }
    }

    private func set(
        _ assignment: String,
        _ values: StatementArguments,
        of number: ReleaseNumber,
        _ fleet: String,
        _ database: Database
    ) throws {
        try database.execute(
            sql: "UPDATE release SET \(assignment) WHERE fleet = ? AND number = ?",
            arguments: values + [fleet, number.rawValue]
        )
    }

    private func removeFleet(_ fleet: String, _ database: Database) throws {
        try database.execute(sql: "DELETE FROM fleet WHERE name = ?", arguments: [fleet])
        try database.execute(sql: "DELETE FROM instance WHERE fleet = ?", arguments: [fleet])
        try database.execute(sql: "DELETE FROM rollout WHERE fleet = ?", arguments: [fleet])
    }

    private func add(_ record: ReleaseRecord, _ fleet: String, _ database: Database) throws {
        let content = record.release.content
        try database.execute(
            sql: """
                INSERT INTO release (fleet, number, digest, image, image_name, image_version, created, content)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                fleet, record.release.number.rawValue, record.digest.description, content.image.description,
                content.imageName.description, content.imageVersion, record.release.created,
                try Self.encode(content),
            ]
        )
        guard !record.origins.isEmpty else { return }
        try database.execute(
            sql: "INSERT INTO release_origin (fleet, number, record) VALUES (?, ?, ?)",
            arguments: [fleet, record.release.number.rawValue, try Self.encode(record.origins)]
        )
    }

    /// Gives its sequence.
    func add(_ event: FleetEvent, causedBy cause: Int64?, _ database: Database) throws -> Int64 {
        try database.execute(
            sql: """
                INSERT INTO event (time, fleet, kind, message, instance, release, cause, author, why, moment)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                event.time, event.fleet.description, event.kind.rawValue, event.message,
                event.instance?.description, event.release?.rawValue, cause, event.author, event.why,
                event.moment,
            ]
        )
        let sequence = database.lastInsertedRowID
        // Now and then, so that an event costs one insert.
        if sequence % 100 == 0 { try trim(event.fleet.description, database) }
        return sequence
    }

    private func trim(_ fleet: String, _ database: Database) throws {
        try database.execute(
            sql: """
                DELETE FROM event WHERE fleet = ?1 AND sequence <= (
                    SELECT sequence FROM event WHERE fleet = ?1 ORDER BY sequence DESC LIMIT 1 OFFSET ?2
                )
                """,
            arguments: [fleet, eventLimit]
        )
    }
}
