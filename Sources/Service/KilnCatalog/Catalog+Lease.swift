import GRDB
package import KilnDefinition
package import KilnFleet
package import KilnSystem

extension Catalog {
    package func lease(of fleet: FleetName) async throws -> Lease? {
        try await read { try row(of: fleet, $0)?.lease }
    }

    package func acquireLease(_ request: LeaseRequest) async throws -> LeaseAnswer {
        try await write { database in
            let row = try row(of: request.fleet, database)
            if let lease = row?.lease,
                lease.isHeld(now: request.now, bootID: request.holder.bootID, isAlive: request.isAlive)
            {
                return .held(lease)
            }
            let lease = Lease(
                fleet: request.fleet,
                token: nextToken(after: row?.token ?? 0, now: request.now),
                holder: request.holder,
                reason: request.reason,
                acquired: request.time,
                expires: request.now.advanced(by: Lease.duration)
            )
            try put(lease, database)
            return .granted(lease)
        }
    }

    /// Grows with the boot clock too: a catalog that was deleted and made anew in the same boot must not begin below what
    /// the platform has seen.
    private func nextToken(after last: Int64, now: BootInstant) -> FencingToken {
        FencingToken(max(last + 1, now.nanoseconds / 1_000_000))
    }

    package func renewLease(_ lease: Lease, until expires: BootInstant) async throws {
        try await write { database in
            try checkLease(lease, database)
            // As it is kept: somebody may have noted something on it.
            var renewed = try row(of: lease.fleet, database)?.lease ?? lease
            renewed.expires = expires
            try put(renewed, database)
        }
    }

    package func leaseNews(of fleet: FleetName) -> AsyncStream<Void> { leaseBell.listen(for: fleet) }

    @discardableResult
    package func interruptLease(_ lease: Lease, by who: String) async throws -> Bool {
        defer { leaseBell.ring(for: lease.fleet) }
        return try await write { database in
            guard let row = try row(of: lease.fleet, database), row.token == lease.token.value,
                var current = row.lease, current.isInterrupted != true
            else { return false }
            current.interrupt(by: who)
            try put(current, database)
            return true
        }
    }

    /// The row stays, so that tokens only ever grow.
    package func releaseLease(_ lease: Lease) async throws {
        defer { leaseBell.ring(for: lease.fleet) }
        try await write { database in
            try database.execute(
                sql: "UPDATE lease SET lease = NULL WHERE fleet = ? AND token = ?",
                arguments: [lease.fleet.description, lease.token.value]
            )
        }
    }

    /// Refuses a holder that was succeeded, or that gave its lease back.
    func checkLease(_ lease: Lease, _ database: Database) throws {
        guard let row = try row(of: lease.fleet, database), row.token == lease.token.value, row.lease != nil
        else {
            throw FleetError.leaseLost(lease.fleet)
        }
    }

    private func row(of fleet: FleetName, _ database: Database) throws -> (token: Int64, lease: Lease?)? {
        guard
            let row = try Row.fetchOne(
                database,
                sql: "SELECT token, lease FROM lease WHERE fleet = ?",
                arguments: [fleet.description]
            )
        else { return nil }
        let text: String? = row["lease"]
        return (row["token"], try text.map { try decode(Lease.self, $0, "lease") })
    }

    private func put(_ lease: Lease, _ database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO lease (fleet, token, lease) VALUES (?, ?, ?)
                ON CONFLICT (fleet) DO UPDATE SET token = excluded.token, lease = excluded.lease
                """,
            arguments: [lease.fleet.description, lease.token.value, try Self.encode(lease)]
        )
    }
}
