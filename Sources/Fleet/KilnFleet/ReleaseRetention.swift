import KilnRollout

/// Which releases of a fleet stay whole, image and all.
package struct ReleaseRetention: Sendable, Hashable {
    /// How many of the newest that are not quarantined, whether they run or not.
    package var last: Int

    package init(last: Int = 10) {
        self.last = last
    }

    /// What runs, what a rollout is about or waits for, what an automatic rollback would go back to, and the newest. Of a fleet that is
    /// gone only the newest: it may be deployed again.
    package func kept(
        _ releases: [ReleaseEntry],
        fleet: FleetRecord?,
        rollout: RolloutRecord?,
        instances: [InstanceRecord]
    ) -> Set<ReleaseNumber> {
        let sound = releases.filter { $0.quarantine == nil }.map(\.number).sorted(by: >)
        var kept = Set(sound.prefix(last))
        kept.formUnion([fleet?.rollout.target, fleet?.rollout.stable].compactMap { $0?.releaseNumber })
        if let pending = fleet?.pending { kept.insert(pending.release) }
        kept.formUnion(instances.map(\.release))
        if let rollout, !rollout.isEnded { kept.formUnion([rollout.from, rollout.to].compactMap(\.self)) }
        return kept
    }
}
