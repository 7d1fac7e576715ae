import KilnDefinition
package import KilnFleet
import KilnRollout
package import KilnSystem

/// Asks the instances that no balancer asks: all of a fleet without one, and those whose health is a command.
package struct HealthWatch: Sendable {
    private struct Asked: Sendable {
        var observation: InstanceObservation
        var tracker: HealthTracker
        let interval: Duration
        var due: BootInstant
        var isUnderWay = false
    }

    private var asked: [InstanceID: Asked] = [:]

    package init() {}

    /// Those that were found unwell, each with the last reason.
    package var unwell: [InstanceID: String] {
        asked.compactMapValues { asked in
            if case .failing(_, let reason) = asked.tracker.verdict { reason } else { nil }
        }
    }

    package mutating func take(_ seen: [InstanceObservation], isBalanced: Bool, now: BootInstant) {
        var watched: [InstanceID: Asked] = [:]
        for observation in seen {
            guard case .running = observation.process, let health = observation.spec.release.content.health
            else { continue }
            if isBalanced, !health.isCommand { continue }
            var asked =
                asked[observation.spec.id]
                ?? Asked(
                    observation: observation,
                    tracker: HealthTracker(health),
                    interval: health.interval,
                    due: now
                )
            asked.observation = observation
            watched[observation.spec.id] = asked
        }
        asked = watched
    }

    /// The instances to ask now; they count as asked.
    package mutating func due(now: BootInstant) -> [InstanceObservation] {
        let due = asked.filter { $0.value.due <= now && !$0.value.isUnderWay }.keys.sorted()
        for id in due { asked[id]?.isUnderWay = true }
        return due.compactMap { asked[$0]?.observation }
    }

    package mutating func take(_ result: ProbeResult, of id: InstanceID, now: BootInstant) {
        guard var asked = asked[id] else { return }
        asked.tracker.record(result, at: now.instant)
        asked.isUnderWay = false
        asked.due = now.advanced(by: asked.interval)
        self.asked[id] = asked
    }

    /// Begins anew: somebody else judged them meanwhile.
    package mutating func forget() {
        asked = [:]
    }
}

extension HealthDefinition {
    /// Asked inside the instance, where no balancer reaches.
    fileprivate var isCommand: Bool {
        if case .command = probe { true } else { false }
    }
}
