import KilnRollout

/// Fleets at 1000 s, of old release 1 and new release 2.
enum Sample {
    static let now = Instant.zero.advanced(by: .seconds(1000))

    enum Look {
        case available
        case settling
        case starting
        case failing
        case unknown
        case unseen
        case ended
        case stopping
    }

    static func instance(_ key: Int, _ release: Int, slot: Int? = nil, _ look: Look) -> InstanceState {
        var instance = InstanceState(
            key: InstanceKey(key),
            slot: slot ?? key,
            release: ReleaseKey(release),
            process: .running,
            watchedSince: now.advanced(by: .seconds(-60))
        )
        let passing = InstanceState.Health.passing(since: now.advanced(by: .seconds(-60)))
        switch look {
        case .available: (instance.health, instance.traffic, instance.wasHealthy) = (passing, .ready, true)
        case .settling:
            (instance.health, instance.traffic) = (.passing(since: now.advanced(by: .seconds(-1))), .ready)
        case .starting: break
        case .failing:
            instance.health = .failing(since: now.advanced(by: .seconds(-5)), reason: "500")
            instance.wasHealthy = true
        case .unknown: (instance.traffic, instance.wasHealthy) = (.ready, true)
        case .unseen: (instance.process, instance.traffic, instance.wasHealthy) = (.planned, .ready, true)
        case .ended: instance.process = .ended(reason: "exited with status 1")
        case .stopping: (instance.health, instance.traffic, instance.isStopping) = (passing, .ready, true)
        }
        return instance
    }

    /// Old ones get keys and slots from 0, new ones keys from 10 and slots from 0.
    static func fleet(
        wanted: Int = 3,
        old: [Look] = [],
        new: [Look] = [],
        phase: RolloutState.Phase = .rolling,
        policy: RolloutPolicy
    ) -> FleetState {
        let target: ReleaseKey? = if case .stopping = phase { nil } else { ReleaseKey(2) }
        var state = FleetState(
            wanted: wanted,
            policy: policy,
            rollout: RolloutState(
                target: target,
                stable: ReleaseKey(1),
                phase: phase,
                progress: ProgressMark(placed: 99, available: 99, left: 0, at: now)
            )
        )
        state.instances = old.enumerated().map { instance($0, 1, $1) }
        state.instances += new.enumerated().map { instance(10 + $0, 2, slot: $0, $1) }
        return state
    }
}
