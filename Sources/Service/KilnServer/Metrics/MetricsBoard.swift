package import KilnDefinition
package import KilnDrift
import KilnFleet
import KilnSystem
import Synchronization

/// What a controller's own process notes for its metrics; counts begin with the process.
package final class MetricsBoard: Sendable {  // a class: controller and metrics share the one board
    struct Notes: Sendable {
        var drift: [FleetName: [DriftFinding.Kind: Int]] = [:]
        var inspections: [FleetName: Int64] = [:]
        var replacements: [FleetName: Histogram] = [:]
        var looks = Histogram(bounds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10])
        var lastLook: Int64?
        var deliveries: [Delivery: Int64] = [:]
    }

    struct Delivery: Sendable, Hashable {
        let fleet: FleetName
        let hook: String
        let result: String
    }

    static let replacementBounds: [Double] = [0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600]

    private let notes = Mutex(Notes())

    package init() {}

    var seen: Notes { notes.withLock { $0 } }

    /// Forgets fleets that are gone.
    func forget(allBut known: Set<FleetName>) {
        notes.withLock { notes in
            notes.drift = notes.drift.filter { known.contains($0.key) }
            notes.inspections = notes.inspections.filter { known.contains($0.key) }
            notes.replacements = notes.replacements.filter { known.contains($0.key) }
            notes.deliveries = notes.deliveries.filter { known.contains($0.key.fleet) }
        }
    }

    /// What the newest comparison of the fleet with its release found.
    package func note(_ report: DriftReport, of fleet: FleetName) {
        notes.withLock { notes in
            notes.drift[fleet] = report.findings.reduce(into: [:]) { $0[$1.kind, default: 0] += 1 }
            notes.inspections[fleet, default: 0] += 1
        }
    }

    /// A look at a fleet, with what was decided from it.
    package func note(look duration: Duration) {
        notes.withLock { notes in
            notes.looks.observe(duration.inSeconds)
            notes.lastLook = WallClock.now
        }
    }

    func note(replacement seconds: Double, of fleet: FleetName) {
        notes.withLock {
            $0.replacements[fleet, default: Histogram(bounds: Self.replacementBounds)].observe(seconds)
        }
    }

    /// An attempt to deliver an event to a hook.
    func note(delivery result: String, to hook: String, of fleet: FleetName) {
        let delivery = Delivery(fleet: fleet, hook: hook, result: result)
        notes.withLock { $0.deliveries[delivery, default: 0] += 1 }
    }
}
