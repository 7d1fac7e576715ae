/// Why the platform makes no instances at the moment, and when it is asked again.
package struct Refusal: Sendable, Hashable {
    package let until: Instant
    package let reason: String

    package init(until: Instant, reason: String) {
        self.until = until
        self.reason = reason
    }
}

/// All that the planner looks at.
package struct FleetState: Sendable, Hashable {
    /// Older ones are forgotten, so no limit may lie above.
    static let failuresKept = 64

    /// How many instances there shall be.
    package var wanted: Int
    package var policy: RolloutPolicy
    /// Whether requests reach the instances through a balancer; workers have none.
    package var isBalanced: Bool
    package var rollout: RolloutState
    package var quarantined: Set<ReleaseKey>
    package var instances: [InstanceState]
    /// The platform could not make the last instance it was asked for.
    package var refusal: Refusal?
    /// When the platform made one again after it had refused to; nil where it never refused.
    package var relented: Instant?
    /// How the target does against the stable release since its step was reached; nil while nobody can say.
    package var analysis: AnalysisVerdict?

    package init(
        wanted: Int,
        policy: RolloutPolicy,
        isBalanced: Bool = true,
        rollout: RolloutState,
        quarantined: Set<ReleaseKey> = [],
        instances: [InstanceState] = [],
        refusal: Refusal? = nil,
        relented: Instant? = nil,
        analysis: AnalysisVerdict? = nil
    ) {
        self.wanted = wanted
        self.policy = policy
        self.isBalanced = isBalanced
        self.rollout = rollout
        self.quarantined = quarantined
        self.instances = instances
        self.refusal = refusal
        self.relented = relented
        self.analysis = analysis
    }

    /// When an instance that passes counts as available, once it has its traffic. What served of the stable release before this
    /// driver came was available then, and does not wait anew: a way back would wait with it.
    package func availableFrom(_ instance: InstanceState, passingSince since: Instant) -> Instant {
        var start = since
        if instance.release == rollout.stable, let served = instance.servedFrom { start = min(start, served) }
        return start.advanced(by: policy.minHealthy)
    }

    /// Carries out a decision on the record.
    package mutating func apply(_ change: Change, now: Instant) {
        switch change {
        case .stop(let key):
            update(key) { $0.isStopping = true }
            freePlace(of: key, now: now)
        case .take(let key): update(key) { $0.custody?.isAwaited = false }
        case .setAside(let key): update(key) { [generation = rollout.generation] in $0.asideIn = generation }
        case .noteFailure(let key, let reason):
            noteFailure(of: key, reason, now: now)
        case .noteProgress(let mark): rollout.progress = mark
        case .startClock: rollout.progress = ProgressMark(at: now)
        case .fillStep: rollout.stage?.filled = now
        case .reachStep: rollout.stage?.reached = now
        case .loseStep(let isSetback):
            rollout.stage?.filled = nil
            rollout.stage?.reached = nil
            if isSetback { rollout.stage?.setbacks += 1 }
            rollout.progress = ProgressMark(at: now)
        case .hold(let reason): rollout.stage?.hold = reason
        case .nextStep:
            rollout.stage = rollout.stage.map { Stage(step: $0.step + 1) }
            rollout.progress = ProgressMark(at: now)
        case .startBake:
            rollout.phase = .baking(since: now)
            rollout.stage = .past
            rollout.progress?.at = now
            rollout.failures = []
        case .markStable(let release): rollout.stable = release
        case .quarantine(let release, _): quarantined.insert(release)
        case .endTrial:
            rollout.phase = .steady
            rollout.stage = nil
            rollout.progress = ProgressMark(at: now)
            rollout.failures = []
        case .beginRollback(let release, let reason):
            rollout.beginRollback(to: release, reason: reason, now: now)
        case .beginStopping(let reason): rollout.beginStopping(reason: reason, now: now)
        case .finish(let outcome): finish(outcome)
        }
    }

    /// A place that could not be filled while a person looked at its instance can be from now on.
    private mutating func freePlace(of key: InstanceKey, now: Instant) {
        guard policy.isExclusive, instances.contains(where: { $0.key == key && $0.isTaken }) else { return }
        rollout.progress?.at = now
    }

    /// What served for as long as counts as available, and then ended in a fleet that is on no trial, is no sign of a place that
    /// cannot be filled: it is filled at once, whatever happened there before.
    private mutating func noteFailure(of key: InstanceKey, _ reason: String, now: Instant) {
        guard let index = instances.firstIndex(where: { $0.key == key }) else { return }
        instances[index].failureNoted = true
        let instance = instances[index]
        let release = instance.release == rollout.target ? nil : instance.release
        if !rollout.phase.isTrial, hasProven(instance, now: now) {
            rollout.failures.removeAll { $0.slot == instance.slot && $0.release == release }
            return
        }
        let failure = InstanceFailure(slot: instance.slot, release: release, at: now, reason: reason)
        rollout.failures = rollout.failures.suffix(Self.failuresKept - 1) + [failure]
    }

    private func hasProven(_ instance: InstanceState, now: Instant) -> Bool {
        guard instance.process.hasEnded else { return false }
        var starts = [instance.servedFrom].compactMap(\.self)
        if case .passing(let since) = instance.health { starts.append(since) }
        return starts.contains { $0.advanced(by: policy.minHealthy) <= now }
    }

    private mutating func finish(_ outcome: Outcome) {
        rollout.progress = nil
        switch outcome {
        case .stable, .rolledBack:
            rollout.phase = .steady
            rollout.stage = nil
            rollout.failures = []
        case .stopped(let reason): rollout.phase = .stopped(reason: reason)
        case .frozen(let reason): rollout.phase = .frozen(reason: reason)
        // A rollout goes on when somebody drives it again.
        case .degraded: break
        case .untried: rollout.phase = .rolling
        }
    }

    private mutating func update(_ key: InstanceKey, _ body: (inout InstanceState) -> Void) {
        guard let index = instances.firstIndex(where: { $0.key == key }) else { return }
        body(&instances[index])
    }
}
