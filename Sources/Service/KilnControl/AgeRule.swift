package import KilnFleet

/// Which instance of a fleet has become too old.
///
/// One at a time, with a tenth of the age between the first and the last: instances that came together do not go together, and
/// none becomes older than eleven tenths of what was asked for. What is replaced for another reason delays nobody.
package enum AgeRule {
    /// `now` and the instances' own times are seconds since 1970; `pause` is what went by since the last one went for its age.
    package static func overdue(
        _ instances: [InstanceRecord],
        maxAge: Duration,
        now: Int64,
        since pause: Duration
    ) -> InstanceRecord? {
        guard let oldest = instances.min(by: { ($0.created, $0.slot) < ($1.created, $1.slot) }),
            now - oldest.created >= maxAge.components.seconds
        else { return nil }
        return pause >= maxAge / (10 * instances.count) ? oldest : nil
    }
}
