import KilnDefinition
package import KilnFleet

/// How long it takes until another instance serves in the place of one that failed, out of events. Pure.
package struct ReplacementClock: Sendable {
    private struct Place: Sendable, Hashable {
        let fleet: String
        let slot: Int
    }

    /// What is waited for longer is no replacement any more.
    private static let longest: Int64 = 86_400_000

    /// Since when a place has nobody, in milliseconds since 1970.
    private var empty: [Place: Int64] = [:]

    package init() {}

    /// Takes the next event; gives seconds when it ends a wait. `slot` is the place of the event's instance, nil where nobody
    /// knows it any more.
    package mutating func take(_ event: FleetEvent, slot: Int?) -> Double? {
        let fleet = event.fleet.description
        if event.kind == .fleetDestroyed {
            empty = empty.filter { $0.key.fleet != fleet }
            return nil
        }
        guard let slot else { return nil }
        let place = Place(fleet: fleet, slot: slot)
        switch event.kind {
        case .instanceFailed:
            // Of several failures in a row the first is where the wait began.
            if empty[place] == nil { empty[place] = Self.moment(event) }
            return nil
        case .instanceServing:
            let now = Self.moment(event)
            guard let since = empty.removeValue(forKey: place), now - since <= Self.longest else {
                return nil
            }
            return Double(max(0, now - since)) / 1000
        default: return nil
        }
    }

    private static func moment(_ event: FleetEvent) -> Int64 { event.moment ?? event.time * 1000 }
}
