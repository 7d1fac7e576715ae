/// What a fleet does and why, in sentences for people with the facts beside them.
package struct FleetExplanation: Sendable, Hashable, Codable {
    /// Something that has to come before the fleet goes on.
    package struct Wait: Sendable, Hashable, Codable {
        package let what: String
        package var instance: InstanceID?
        /// What the instance, or the platform, answered last.
        package var answer: String?
        /// The policy's name of the time that ends the wait, and its length: `healthy_deadline 5m`.
        package var limit: String?
        /// When the wait ends, in seconds since 1970; nil when nobody drives the fleet, or nothing ends it.
        package var until: Int64?
        /// What happens if it is in vain.
        package var otherwise: String?

        init(
            _ what: String,
            instance: InstanceID? = nil,
            answer: String? = nil,
            limit: String? = nil,
            until: Int64? = nil,
            otherwise: String? = nil
        ) {
            self.what = what
            self.instance = instance
            self.answer = answer
            self.limit = limit
            self.until = until
            self.otherwise = otherwise
        }
    }

    package struct Quarantine: Sendable, Hashable, Codable {
        package let release: ReleaseNumber
        package let reason: String
        /// Seconds since 1970.
        package let time: Int64
    }

    /// What is running.
    package let runs: String
    /// What is happening.
    package let doing: String
    /// What it waits for, the most pressing first; nothing when it is as it shall be.
    package let waits: [Wait]
    /// What comes after that.
    package let next: String?
    /// What led to it, newest first: each event follows from the one after it.
    package let because: [FleetEvent]
    package let quarantined: [Quarantine]
}

/// All that an explanation is made of.
struct FleetFacts: Sendable {
    let record: FleetRecord
    let instances: [FleetStatus.Instance]
    let releases: [ReleaseEntry]
    let rollout: RolloutRecord?
    /// Who changes the fleet at this moment.
    let lease: Lease?
    /// The newest ones, oldest first.
    let events: [FleetEvent]
    /// nil where Kiln decides the steps, or an engine has nothing of the fleet.
    var engine: EngineStatus?
}
