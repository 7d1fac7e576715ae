/// What a fleet is doing, as it is written down: everything that a driver must not forget when it dies.
package struct RolloutState: Sendable, Hashable, Codable {
    package enum Phase: Sendable, Hashable, Codable {
        /// The target runs; what dies is replaced.
        case steady
        case rolling
        /// All instances are of the target and available; the target is watched before it is stable.
        case baking(since: Instant)
        /// The target is the stable release again, since another one failed.
        case rollingBack(reason: String)
        /// Everything is being removed.
        case stopping(reason: String)
        case stopped(reason: String)
        /// A failure is left as it is, for people to look at.
        case frozen(reason: String)
    }

    /// The release that instances are made of; nil when nothing shall run.
    package var target: ReleaseKey?
    /// The release that a failed rollout returns to.
    package var stable: ReleaseKey?
    package var phase: Phase
    package var isPaused: Bool
    /// Whether that is a person's word, which nothing but another one ends, and not an interruption.
    package internal(set) var isPausedByPerson = false
    /// The best so far, and when it was reached; nil while nothing is to be done.
    package var progress: ProgressMark?
    /// Instances that failed since the rollout began, newest last.
    package var failures: [InstanceFailure]
    /// How far the target has come before it takes over; nil when it is not on trial.
    package var stage: Stage?
    /// Counts what the fleet was set to do, so that what was meant for one rollout is not taken for the next one's.
    package var generation: Int
    /// Why nothing is decided at all, not even replacements: people are at work.
    package var freeze: String?
    /// Something was done for the target that the stable release may not bear: nobody goes back to that unasked.
    package var isIrreversible: Bool

    package init(
        target: ReleaseKey? = nil,
        stable: ReleaseKey? = nil,
        phase: Phase = .steady,
        isPaused: Bool = false,
        progress: ProgressMark? = nil,
        failures: [InstanceFailure] = [],
        stage: Stage? = nil,
        generation: Int = 0,
        freeze: String? = nil,
        isIrreversible: Bool = false
    ) {
        self.target = target
        self.stable = stable
        self.phase = phase
        self.isPaused = isPaused
        self.progress = progress
        self.failures = failures
        self.stage = stage
        self.generation = generation
        self.freeze = freeze
        self.isIrreversible = isIrreversible
    }

    private enum CodingKeys: String, CodingKey {
        case target
        case stable
        case phase
        case isPaused
        case isPausedByPerson
        case progress
        case failures
        case stage
        case generation
        case freeze
        case isIrreversible
    }

    /// What was written down before there were stages lacks them.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        target = try container.decodeIfPresent(ReleaseKey.self, forKey: .target)
        stable = try container.decodeIfPresent(ReleaseKey.self, forKey: .stable)
        phase = try container.decode(Phase.self, forKey: .phase)
        isPaused = try container.decode(Bool.self, forKey: .isPaused)
        isPausedByPerson = try container.decodeIfPresent(Bool.self, forKey: .isPausedByPerson) ?? false
        progress = try container.decodeIfPresent(ProgressMark.self, forKey: .progress)
        failures = try container.decode([InstanceFailure].self, forKey: .failures)
        stage = try container.decodeIfPresent(Stage.self, forKey: .stage)
        generation = try container.decodeIfPresent(Int.self, forKey: .generation) ?? 0
        freeze = try container.decodeIfPresent(String.self, forKey: .freeze)
        isIrreversible = try container.decodeIfPresent(Bool.self, forKey: .isIrreversible) ?? false
    }

    /// Whether a rollout is under way (or paused) that has yet to reach an outcome.
    package var isUnfinished: Bool {
        switch phase {
        case .rolling, .baking, .rollingBack, .stopping: true
        case .steady, .stopped, .frozen: false
        }
    }

    /// Whether nothing is decided until a person says so.
    package var isHalted: Bool { isPaused || freeze != nil }
}

extension RolloutState.Phase {
    package var isWayBack: Bool { if case .rollingBack = self { true } else { false } }
}

/// The best that a rollout reached. Only ever improves, so that an instance that comes and goes is no progress.
package struct ProgressMark: Sendable, Hashable, Codable {
    /// Instances of the target that were made.
    package var placed: Int
    package var available: Int
    /// Instances that are still to go.
    package var left: Int
    package var at: Instant

    package init(placed: Int = 0, available: Int = 0, left: Int = .max, at: Instant) {
        self.placed = placed
        self.available = available
        self.left = left
        self.at = at
    }
}

package struct InstanceFailure: Sendable, Hashable, Codable {
    package let slot: Int
    /// The stable release, where one of its instances failed beside the target's; nil for the target.
    package let release: ReleaseKey?
    package var at: Instant
    package let reason: String

    package init(slot: Int, release: ReleaseKey? = nil, at: Instant, reason: String) {
        self.slot = slot
        self.release = release
        self.at = at
        self.reason = reason
    }
}
