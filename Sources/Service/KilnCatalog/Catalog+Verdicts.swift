import GRDB
package import KilnDefinition
import KilnFleet
package import KilnGate
package import KilnOCI

extension Catalog {
    /// What the gate of a release found when the release was made, by the digest of its content; nil where it had none.
    package func verdict(of fleet: FleetName, _ release: Digest) async throws -> GateVerdict? {
        try await verdicts(of: fleet)[release]
    }

    /// Of all releases of the fleet.
    package func verdicts(of fleet: FleetName) async throws -> [Digest: GateVerdict] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT digest, record FROM gate_verdict WHERE fleet = ?",
                arguments: [fleet.description]
            )
            var verdicts: [Digest: GateVerdict] = [:]
            for row in rows {
                guard let digest = try? Digest(parsing: row["digest"]) else { continue }
                verdicts[digest] = try decode(GateVerdict.self, row["record"], "verdict")
            }
            return verdicts
        }
    }

    /// Keeps a verdict for the release that is about to be made. Of what became no release nothing is kept longer than until the next.
    package func note(_ verdict: GateVerdict, of fleet: FleetName, _ release: Digest) async throws {
        try await write { database in
            try database.execute(
                sql: """
                    DELETE FROM gate_verdict WHERE fleet = ?1
                        AND digest NOT IN (SELECT digest FROM release WHERE fleet = ?1)
                    """,
                arguments: [fleet.description]
            )
            try database.execute(
                sql: "INSERT OR REPLACE INTO gate_verdict (fleet, digest, record) VALUES (?, ?, ?)",
                arguments: [fleet.description, release.description, try Self.encode(verdict)]
            )
        }
    }
}
