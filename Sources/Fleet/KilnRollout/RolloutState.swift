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
    /// The best so far, and when it was reached; nil while nothing is to be done.
    package var progress: ProgressMark?
    /// Instances of the target that failed since the rollout began, newest last.
    package var failures: [InstanceFailure]

    package init(
        target: ReleaseKey? = nil,
        stable: ReleaseKey? = nil,
        phase: Phase = .steady,
        isPaused: Bool = false,
        progress: ProgressMark? = nil,
        failures: [InstanceFailure] = []
    ) {
        self.target = target
        self.stable = stable
        self.phase = phase
        self.isPaused = isPaused
        self.progress = progress
        self.failures = failures
    }

    /// Whether a rollout is under way (or paused) that has yet to reach an outcome.
    package var isUnfinished: Bool {
        switch phase {
        case .rolling, .baking, .rollingBack, .stopping: true
        case .steady, .stopped, .frozen: false
        }
    }
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
    package var at: Instant
    package let reason: String

    package init(slot: Int, at: Instant, reason: String) {
        self.slot = slot
        self.at = at
        self.reason = reason
    }
}

// What people ask for.
extension RolloutState {
    /// Starts towards a release: a new one, an earlier one, or another one while a rollout is under way, whose
    /// instances then are old ones.
    package mutating func begin(_ release: ReleaseKey, now: Instant) {
        target = release
        phase = release == stable ? .steady : .rolling
        isPaused = false
        progress = ProgressMark(at: now)
        failures = []
    }

    /// Starts to remove everything.
    package mutating func beginStopping(reason: String, now: Instant) {
        target = nil
        phase = .stopping(reason: reason)
        isPaused = false
        progress = ProgressMark(at: now)
        failures = []
    }

    package mutating func pause() {
        isPaused = true
    }

    /// Goes on after a pause, a crash or a reboot. What nobody watched counts for nothing: deadlines and the bake time
    /// start anew.
    package mutating func resume(now: Instant) {
        isPaused = false
        if case .baking = phase { phase = .baking(since: now) }
        progress = isUnfinished ? ProgressMark(at: now) : nil
        for index in failures.indices { failures[index].at = now }
    }

    /// Gives a change of the fleet's wanted size or of its condemned instances the full progress deadline, and each step
    /// towards it after that.
    package mutating func allowTime(now: Instant) {
        if progress != nil { progress = ProgressMark(at: now) }
    }
}
