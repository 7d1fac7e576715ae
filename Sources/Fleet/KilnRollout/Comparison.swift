/// The instances that a step compares.
package struct Comparison: Sendable, Hashable {
    package let analysis: Analysis
    /// Of the target.
    package let canary: [InstanceKey]
    /// Of the stable release: those that came with the target, or all where none did.
    package let baseline: [InstanceKey]
}

extension RolloutPlanner {
    /// Who is to be compared with whom; nil while no step that compares is reached.
    package func comparison(_ fleet: FleetState, now: Instant) -> Comparison? {
        guard fleet.rollout.stage?.reached != nil, !fleet.rollout.isHalted else { return nil }
        let census = Census(fleet, now: now)
        guard let analysis = census.step?.analysis else { return nil }
        let held = census.held.map { fleet.instances[$0] }
        let together = held.filter(census.isBaseline)
        return Comparison(
            analysis: analysis,
            canary: census.kept.map { fleet.instances[$0].key },
            baseline: (together.isEmpty ? held : together).map(\.key)
        )
    }
}
