// What people ask for.
extension RolloutState {
    /// Starts towards a release: a new one, an earlier one, or another one while a rollout is under way, whose
    /// instances then are old ones. One that `isProven`, since it was stable before, takes over without steps; health,
    /// the budget and the bake time still hold. `isIrreversible` says that the stable release may not bear what was done
    /// for this one.
    package mutating func begin(
        _ release: ReleaseKey,
        isProven: Bool = false,
        now: Instant,
        isIrreversible: Bool = false
    ) {
        turn(to: release, release == stable ? .steady : .rolling, now)
        if phase == .rolling { stage = isProven ? .past : Stage() }
        self.isIrreversible = isIrreversible && phase == .rolling
    }

    /// Starts to remove everything.
    package mutating func beginStopping(reason: String, now: Instant) {
        turn(to: nil, .stopping(reason: reason), now)
    }

    mutating func beginRollback(to release: ReleaseKey, reason: String, now: Instant) {
        turn(to: release, .rollingBack(reason: reason), now)
    }

    private mutating func turn(to release: ReleaseKey?, _ next: Phase, _ now: Instant) {
        target = release
        phase = next
        endPause()
        progress = ProgressMark(at: now)
        failures = []
        stage = nil
        generation += 1
        isIrreversible = false
    }

    /// Leaves the rollout where it is; `byPerson` until a person says how it goes on.
    package mutating func pause(byPerson: Bool = false) {
        isPaused = true
        if byPerson { isPausedByPerson = true }
    }

    private mutating func endPause() {
        isPaused = false
        isPausedByPerson = false
    }

    /// Goes on after a pause, a crash or a reboot. What nobody watched counts for nothing: deadlines, steps and the bake
    /// time start anew.
    package mutating func resume(now: Instant) {
        endPause()
        if case .baking = phase { phase = .baking(since: now) }
        stage?.filled = nil
        stage?.reached = nil
        progress = isUnfinished ? ProgressMark(at: now) : nil
        for index in failures.indices { failures[index].at = now }
    }

    /// Ends the wait of the step that the target is at, or with `full` of all steps. Health, the budget and the bake time
    /// still hold. Also ends a pause. False when nothing waits.
    package mutating func promote(full: Bool, now: Instant) -> Bool {
        guard phase == .rolling, stage != nil, stage != .past else { return false }
        if isPaused { resume(now: now) }
        if full { stage = .past } else { stage?.isPromoted = true }
        progress = ProgressMark(at: now)
        return true
    }

    /// Goes back to the stable release, whatever the rollout is doing: paused, promoted, frozen. The release is not to blame.
    /// False when there is nothing to go back from.
    package mutating func abort(reason: String, now: Instant) -> Bool {
        switch phase {
        case .rolling, .baking, .frozen: break
        case .steady, .rollingBack, .stopping, .stopped: return false
        }
        guard target != nil, target != stable else { return false }
        freeze = nil
        if let stable {
            beginRollback(to: stable, reason: reason, now: now)
        } else {
            endPause()
            progress = nil
            phase = .frozen(reason: "\(reason); there is no stable release to go back to")
        }
        return true
    }

    /// Decides nothing any more, not even replacements, until the fleet is thawed.
    package mutating func freeze(reason: String) {
        freeze = reason
    }

    package mutating func thaw(now: Instant) {
        freeze = nil
        resume(now: now)
    }

    /// Time in which nothing could be seen counts for no deadline: what moved meanwhile could not be noted.
    package mutating func discount(from start: Instant, to now: Instant) {
        progress?.at.moveOn(pastGapFrom: start, to: now)
        // A step that was reached only waits; one that was not waits by the progress deadline too.
        if stage?.reached == nil { stage?.filled?.moveOn(pastGapFrom: start, to: now) }
    }

    /// Gives a change of the fleet's wanted size or of its condemned instances the full progress deadline, and each step
    /// towards it after that.
    package mutating func allowTime(now: Instant) {
        if progress != nil { progress = ProgressMark(at: now) }
    }
}

extension Instant {
    /// As far from `now` as if the gap had not been; never past `now`.
    fileprivate mutating func moveOn(pastGapFrom start: Instant, to now: Instant) {
        self = min(now, advanced(by: max(self, start).duration(to: now)))
    }
}
