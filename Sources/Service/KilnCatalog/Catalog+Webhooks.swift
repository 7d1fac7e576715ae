import GRDB
package import KilnDefinition
import KilnDiagnostics
package import KilnFleet
import KilnOCI
import KilnSystem

/// A webhook of a fleet, with the event that it got last.
package struct WebhookPost: Sendable, Hashable {
    package struct Key: Sendable, Hashable {
        let fleet: FleetName
        let hook: WebhookDefinition
    }

    package let fleet: FleetName
    package let hook: WebhookDefinition
    package let sequence: Int64

    package var key: Key { Key(fleet: fleet, hook: hook) }
}

extension Catalog {
    /// The webhooks of all fleets, those of fleets that are gone while they have events to get.
    ///
    /// A new one begins with the event by which the fleet's policy was last changed: the one that brought it.
    /// `onTrouble` hears of those that cannot be read or written; the others are given all the same.
    package func webhookPosts(
        onTrouble: (FleetName, any Error) -> Void = { _, _ in }
    ) async throws -> [WebhookPost] {
        let fleets = try await fleets()
        let isKnown = Set(fleets.map(\.name))
        var known: [WebhookPost] = []
        for (fleet, written) in try await writtenPosts() {
            do { known.append(try written.get()) } catch { onTrouble(fleet, error) }
        }
        func trying(_ fleet: FleetName, _ body: () async throws -> Void) async {
            do { try await body() } catch { onTrouble(fleet, error) }
        }
        for post in known where isKnown.contains(post.fleet) {
            let hooks = fleets.first { $0.name == post.fleet }?.policy.webhooks ?? []
            if !hooks.contains(post.hook) { await trying(post.fleet) { try await forget(post) } }
        }
        known.removeAll { post in
            guard let fleet = fleets.first(where: { $0.name == post.fleet }) else { return false }
            return !fleet.policy.webhooks.contains(post.hook)
        }
        for fleet in fleets {
            for hook in fleet.policy.webhooks
            where !known.contains(where: { $0.fleet == fleet.name && $0.hook == hook }) {
                await trying(fleet.name) { known.append(try await begin(hook, of: fleet.name)) }
            }
        }
        var posts: [WebhookPost] = []
        for post in known {
            await trying(post.fleet) {
                if !isKnown.contains(post.fleet),
                    try await events(following: post.sequence, of: post.fleet, limit: 1).isEmpty
                {
                    try await forget(post)
                } else {
                    posts.append(post)
                }
            }
        }
        return posts
    }

    /// Notes that the hook has got all events up to this one.
    package func moveWebhook(_ post: WebhookPost, to sequence: Int64) async throws {
        let hook = try Self.encode(post.hook)
        try await write { database in
            try database.execute(
                sql: "UPDATE webhook SET sequence = max(sequence, ?) WHERE fleet = ? AND hook = ?",
                arguments: [sequence, post.fleet.description, hook]
            )
        }
    }

    /// Notes that the hook does not get this event, and goes on behind it: both or neither. No lease is needed, since nothing of
    /// the fleet is decided by it.
    package func giveUpWebhook(_ post: WebhookPost, on event: FleetEvent, reason: String) async throws {
        let hook = try Self.encode(post.hook)
        let note = FleetEvent(
            time: WallClock.now,
            fleet: post.fleet,
            kind: .webhookGivenUp,
            message: "event \(event.sequence) (\(event.kind.rawValue)) is not delivered to the webhook at "
                + "\(post.hook.shownHost): \(ShownText.line(reason))"
        )
        try await write { database in
            _ = try add(note, causedBy: event.sequence, database)
            try database.execute(
                sql: "UPDATE webhook SET sequence = max(sequence, ?) WHERE fleet = ? AND hook = ?",
                arguments: [event.sequence, post.fleet.description, hook]
            )
        }
    }

    private func writtenPosts() async throws -> [(FleetName, Result<WebhookPost, any Error>)] {
        try await read { database in
            try Row.fetchAll(database, sql: "SELECT fleet, hook, sequence FROM webhook ORDER BY fleet, hook")
                .map { row in
                    let fleet = FleetName(trusted: row["fleet"])
                    let post = Result {
                        WebhookPost(
                            fleet: fleet,
                            hook: try decode(WebhookDefinition.self, row["hook"], "webhook"),
                            sequence: row["sequence"]
                        )
                    }
                    return (fleet, post)
                }
        }
    }

    private func begin(_ hook: WebhookDefinition, of fleet: FleetName) async throws -> WebhookPost {
        let text = try Self.encode(hook)
        let sequence = try await write { database in
            let change = try Int64.fetchOne(
                database,
                sql: "SELECT max(sequence) - 1 FROM event WHERE fleet = ? AND kind IN (?, ?)",
                arguments: [
                    fleet.description, FleetEvent.Kind.fleetCreated.rawValue,
                    FleetEvent.Kind.policyChanged.rawValue,
                ]
            )
            let newest = try Int64.fetchOne(database, sql: "SELECT max(sequence) FROM event")
            let sequence = change ?? newest ?? 0
            try database.execute(
                sql: "INSERT OR IGNORE INTO webhook (fleet, hook, sequence) VALUES (?, ?, ?)",
                arguments: [fleet.description, text, sequence]
            )
            return sequence
        }
        return WebhookPost(fleet: fleet, hook: hook, sequence: sequence)
    }

    private func forget(_ post: WebhookPost) async throws {
        let hook = try Self.encode(post.hook)
        try await write { database in
            try database.execute(
                sql: "DELETE FROM webhook WHERE fleet = ? AND hook = ?",
                arguments: [post.fleet.description, hook]
            )
        }
    }
}
