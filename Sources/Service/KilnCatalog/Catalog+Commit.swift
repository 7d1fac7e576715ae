import GRDB
import KilnDefinition
package import KilnFleet
import KilnOCI

extension Catalog {
    package func commit(_ edits: [FleetEdit], under lease: Lease) async throws {
        try await write { database in
            try checkLease(lease, database)
            for edit in edits { try carryOut(edit, lease.fleet.description, database) }
        }
    }

    private func carryOut(_ edit: FleetEdit, _ fleet: String, _ database: Database) throws {
        switch edit {
        case .putFleet(let record):
            try database.execute(
                sql: "INSERT OR REPLACE INTO fleet (name, record) VALUES (?, ?)",
                arguments: [fleet, try Self.encode(record)]
            )
        case .removeFleet: try removeFleet(fleet, database)
        case .addRelease(let release): try add(release, fleet, database)
        case .quarantine(let number, let quarantine):
            try database.execute(
                sql:
                    "UPDATE release SET quarantined = ?, quarantine_reason = ? WHERE fleet = ? AND number = ?",
                arguments: [quarantine.time, quarantine.reason, fleet, number.rawValue]
            )
        case .liftQuarantine(let number):
            try database.execute(
                sql: """
                    UPDATE release SET quarantined = NULL, quarantine_reason = NULL
                    WHERE fleet = ? AND number = ?
                    """,
                arguments: [fleet, number.rawValue]
            )
        case .markStable(let number, let time):
            try database.execute(
                sql: "UPDATE release SET stable = ? WHERE fleet = ? AND number = ?",
                arguments: [time, fleet, number.rawValue]
            )
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
            try database.execute(
                sql: "DELETE FROM instance WHERE fleet = ? AND id = ?",
                arguments: [fleet, id.description]
            )
        case .addEvent(let event): try add(event, database)
        }
    }

    private func removeFleet(_ fleet: String, _ database: Database) throws {
        try database.execute(sql: "DELETE FROM fleet WHERE name = ?", arguments: [fleet])
        try database.execute(sql: "DELETE FROM instance WHERE fleet = ?", arguments: [fleet])
        try database.execute(sql: "DELETE FROM rollout WHERE fleet = ?", arguments: [fleet])
    }

    private func add(_ record: ReleaseRecord, _ fleet: String, _ database: Database) throws {
        try database.execute(
            sql: "INSERT INTO release (fleet, number, digest, content, created) VALUES (?, ?, ?, ?, ?)",
            arguments: [
                fleet, record.release.number.rawValue, record.digest.description,
                try Self.encode(record.release.content), record.release.created,
            ]
        )
    }

    private func add(_ event: FleetEvent, _ database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO event (time, fleet, kind, message, instance, release)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                event.time, event.fleet.description, event.kind.rawValue, event.message,
                event.instance?.description, event.release?.rawValue,
            ]
        )
        // Now and then, so that an event costs one insert.
        if database.lastInsertedRowID % 100 == 0 { try trim(event.fleet.description, database) }
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
