import GRDB
package import KilnDefinition
package import KilnFleet

// For those who follow what happens.
extension Catalog {
    /// The oldest events above `after`, oldest first: what comes next for somebody who has read up to there.
    package func events(
        following after: Int64,
        of fleet: FleetName? = nil,
        limit: Int
    ) async throws -> [FleetEvent] {
        try await read { database in
            let filter = fleet == nil ? "" : "fleet = ? AND"
            let scope: [any DatabaseValueConvertible] = fleet.map { [$0.description] } ?? []
            return try Row.fetchAll(
                database,
                sql: "SELECT * FROM event WHERE \(filter) sequence > ? ORDER BY sequence LIMIT ?",
                arguments: StatementArguments(scope + [after, limit])
            ).compactMap(Self.event)
        }
    }

    /// The sequence of the newest event of all; 0 when nothing has happened yet.
    package func lastEvent() async throws -> Int64 {
        try await read { try Int64.fetchOne($0, sql: "SELECT max(sequence) FROM event") ?? 0 }
    }
}
