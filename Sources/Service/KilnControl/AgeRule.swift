package import KilnFleet

/// Which instance of a fleet has become too old.
///
/// One at a time, with a tenth of the age between the first and the last: instances that came together do not go together, and
/// none becomes older than eleven tenths of what was asked for.
package enum AgeRule {
    /// `now` and the instances' own times are seconds since 1970.
    package static func overdue(
        _ instances: [InstanceRecord],
        maxAge: Duration,
        now: Int64
    ) -> InstanceRecord? {
        let age = maxAge.components.seconds
        guard let oldest = instances.min(by: { ($0.created, $0.slot) < ($1.created, $1.slot) }),
            let newest = instances.map(\.created).max(), now - oldest.created >= age
        else { return nil }
        let pause = age / Int64(10 * instances.count)
        return now - newest >= pause ? oldest : nil
    }
}
