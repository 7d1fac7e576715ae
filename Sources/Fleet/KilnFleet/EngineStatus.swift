import KilnRollout

/// What an engine that decides the steps of a rollout shows of a fleet, beside what is written down.
package struct EngineStatus: Sendable, Hashable, Codable {
    /// What it says of itself in words of its own.
    package struct Condition: Sendable, Hashable, Codable {
        package let name: String
        package let reason: String
    }

    /// The release that it was told last; nil for nothing, or for what is none of Kiln's.
    package let release: ReleaseNumber?
    /// Whether that is what is written down: it may not have been told yet.
    package let isTold: Bool
    /// `moving`, `paused`, `canceling`, `canceled`, `restoring`, `done`, `failed`, `reverting`, `reverted`.
    package let activity: String
    /// Why it gave up.
    package let message: String?
    /// How many instances it is to have.
    package let desired: Int
    /// Of the release that is wanted, without those that leave.
    package let updated: Int
    /// Well for long enough, of whatever release.
    package let available: Int
    /// Of other releases, or leaving.
    package let left: Int
    /// Why it cannot make instances at the moment.
    package let shortage: String?
    package let conditions: [Condition]

    init(_ engine: EngineState, _ record: FleetRecord) {
        let target = record.rollout.target
        release = engine.submission?.release.releaseNumber
        isTold =
            engine.submission != nil
            && engine.submission
                == target.map { Submission(release: $0, generation: record.rollout.generation) }
        (activity, message) = engine.activity.words
        desired = engine.wanted
        let own = engine.instances.filter { $0.release == target && $0.health != .leaving }
        updated = own.count
        available = engine.instances.count { $0.health == .available }
        left = engine.instances.count - own.count
        shortage = engine.shortage
        conditions = engine.conditions.map { Condition(name: $0.name, reason: $0.reason) }
    }
}

extension EngineState.Activity {
    fileprivate var words: (String, reason: String?) {
        switch self {
        case .moving: ("moving", nil)
        case .paused: ("paused", nil)
        case .canceling: ("canceling", nil)
        case .canceled: ("canceled", nil)
        case .restoring: ("restoring", nil)
        case .done: ("done", nil)
        case .failed(let reason): ("failed", reason)
        case .reverting(let reason): ("reverting", reason)
        case .reverted(let reason): ("reverted", reason)
        }
    }
}

extension FleetStatus.Instance {
    /// An engine says less of its instances than a platform of Kiln's own: those that are available count as healthy and as
    /// serving. When one was made it does not say; `created` is not before that.
    init(_ instance: EngineState.Instance, slot: Int, _ recorded: InstanceRecord?, created: Int64) {
        var (state, health, reason): (String, String?, String?) = ("running", nil, nil)
        switch instance.health {
        case .starting: state = "starting"
        case .available: health = "healthy"
        case .unhealthy(let why): (health, reason) = ("unhealthy", why)
        case .leaving: state = "stopping"
        }
        self.init(
            id: InstanceID(instance.id.description),
            slot: slot,
            release: instance.release?.releaseNumber ?? ReleaseNumber(rawValue: 0),
            state: state,
            health: health,
            healthReason: reason,
            traffic: instance.health == .available ? "ready" : "none",
            address: nil,
            pid: nil,
            condemned: recorded?.condemned,
            debug: nil,
            created: recorded?.created ?? created
        )
    }
}
