package import KilnCatalog
import KilnDefinition
import KilnFleet
import KilnSystem

/// Follows the events of all fleets and notes how long replacements take.
package struct ReplacementWatch: Sendable {
    private static let batch = 500

    private let catalog: Catalog
    private let board: MetricsBoard

    package init(catalog: Catalog, board: MetricsBoard) {
        self.catalog = catalog
        self.board = board
    }

    /// Runs until its task is cancelled. A catalog that cannot be read for a moment is read later.
    package func run(from start: Int64? = nil) async throws {
        var position = start
        var clock = ReplacementClock()
        var slots: [FleetName: [InstanceID: Int]] = [:]
        var changes = catalog.changes().makeAsyncIterator()
        while !Task.isCancelled {
            if position == nil { position = try? await catalog.lastEvent() }
            if let after = position,
                let events = try? await catalog.events(following: after, limit: Self.batch)
            {
                for event in events { await take(event, &clock, &slots) }
                position = events.last?.sequence ?? after
                if events.count == Self.batch { continue }
            }
            guard await changes.next() != nil else { return }
            // What is written in a row is read at once.
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func take(
        _ event: FleetEvent,
        _ clock: inout ReplacementClock,
        _ slots: inout [FleetName: [InstanceID: Int]]
    ) async {
        guard let instance = event.instance else {
            _ = clock.take(event, slot: nil)
            return
        }
        // Read when an instance comes up that is not known yet: it is gone from the catalog once it is removed.
        if slots[event.fleet]?[instance] == nil {
            let records = (try? await catalog.instances(of: event.fleet)) ?? []
            for record in records { slots[event.fleet, default: [:]][record.id] = record.slot }
        }
        if let seconds = clock.take(event, slot: slots[event.fleet]?[instance]) {
            board.note(replacement: seconds, of: event.fleet)
        }
        if event.kind == .instanceRemoved { slots[event.fleet]?[instance] = nil }
    }
}
