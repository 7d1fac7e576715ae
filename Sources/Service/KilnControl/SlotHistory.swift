package import KilnFleet
package import KilnRollout
package import KilnSystem

/// Which places of a fleet lost instances lately. A place that loses its instance for the third time within ten minutes is
/// filled after 10 s, then after 20 s, and so on, as during a rollout. One that had served for long enough makes up for those
/// before it.
package struct SlotHistory: Sendable {
    private static let kept = 64
    private static let memory = Duration.seconds(600)

    /// Newest last.
    package private(set) var failures: [InstanceFailure] = []
    private var noted: Set<InstanceID> = []

    package init() {}

    /// Counts each instance once.
    package mutating func note(_ instance: InstanceID, slot: Int, _ reason: String, now: BootInstant) {
        guard noted.insert(instance).inserted else { return }
        let failure = InstanceFailure(slot: slot, at: now.instant, reason: reason)
        failures = failures.suffix(Self.kept - 1) + [failure]
    }

    /// The instance served for long enough before it ended: its place can be filled.
    package mutating func forgive(_ instance: InstanceID, slot: Int) {
        guard noted.insert(instance).inserted else { return }
        failures.removeAll { $0.slot == slot }
    }

    /// Forgets what is long ago, and instances that are gone.
    package mutating func forget(allBut known: Set<InstanceID>, now: BootInstant) {
        noted.formIntersection(known)
        failures.removeAll { $0.at.advanced(by: Self.memory) <= now.instant }
    }

    /// Whether the place is to stay as it is for now.
    package func waits(_ slot: Int, now: BootInstant) -> Bool {
        RolloutPlanner().backoffEnd(of: slot, nil, failures, now: now.instant) != nil
    }
}
