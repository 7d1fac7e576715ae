// From one step to the next, until the target takes over.
extension RolloutPlanner {
    /// What follows at the target's step; nil when nothing does.
    func steps(_ census: Census) -> [Change]? {
        guard let step = census.step, let stage = census.fleet.rollout.stage else { return nil }
        guard census.hasStepInstances else {
            return stage.filled == nil ? nil : [.loseStep(isSetback: isSetback(census))]
        }
        guard let filled = stage.filled else { return [.fillStep] }
        guard let reached = stage.reached else {
            return isBaselineReady(census, since: filled) ? [.reachStep] : nil
        }
        if stage.isPromoted { return [.nextStep] }
        guard stage.hold == nil, case .time(let pause) = step.pause, reached.advanced(by: pause) <= census.now
        else { return nil }
        guard step.analyzes else { return [.nextStep] }
        switch census.fleet.analysis {
        case .success: return [.nextStep]
        case .inconclusive(let reason): return [.hold(reason: reason)]
        case .failed, nil: return nil
        }
    }

    /// When the wait of the step that was reached is over; nil when a person or nothing ends it.
    func stepEnd(_ census: Census) -> Instant? {
        guard let reached = census.fleet.rollout.stage?.reached, case .time(let pause)? = census.step?.pause
        else { return nil }
        return reached.advanced(by: pause)
    }

    /// Why the release fails at its step, if it does.
    func failedStep(_ census: Census) -> String? {
        guard let step = census.step, let stage = census.fleet.rollout.stage else { return nil }
        if stage.reached != nil, step.analyzes, case .failed(let reason) = census.fleet.analysis {
            return "worse than the stable release: \(reason)"
        }
        guard stage.setbacks >= Self.failureLimit else { return nil }
        return "its instances were unwell \(stage.setbacks) times at \(step.share) % of the requests"
    }

    /// Whether what the target is compared with is there, or was waited for long enough.
    private func isBaselineReady(_ census: Census, since filled: Instant) -> Bool {
        let ready = census.held.count {
            census.isBaseline(census.fleet.instances[$0]) && census.conditions[$0] == .available
        }
        return ready >= census.baselineWanted
            || filled.advanced(by: census.fleet.policy.progressDeadline) <= census.now
    }

    /// What ended is counted as a failure of its own.
    private func isSetback(_ census: Census) -> Bool {
        census.kept.contains { census.conditions[$0] >= .faltering }
    }

    /// Where the target is on the way to taking over; nil once it does.
    package func step(_ fleet: FleetState, now: Instant) -> RolloutStep? {
        Census(fleet, now: now).step
    }

    /// What the fleet waits for that only a person can end; nil when nothing does, or something else is to come first.
    package func waitsForPerson(_ fleet: FleetState, now: Instant) -> String? {
        let census = Census(fleet, now: now)
        guard !fleet.rollout.isHalted, let step = census.step, let stage = fleet.rollout.stage,
            stage.reached != nil, census.hasStepInstances, !stage.isPromoted,
            !hasCustodyWork(fleet, now: now)
        else { return nil }
        var isManual = false
        if case .manual = step.pause { isManual = true }
        // A person is asked once there is something to go by.
        if stage.hold == nil, step.analyzes, fleet.analysis == nil { return nil }
        guard isManual || stage.hold != nil, isRestReady(census, stage) else { return nil }
        return (stage.hold ?? place(step, census)) + rest(step, census)
    }

    /// Whether what is beside the target is as the step says, or was waited for long enough.
    private func isRestReady(_ census: Census, _ stage: Stage) -> Bool {
        let deadline = census.fleet.policy.progressDeadline
        return census.isRestWhole || stage.filled.map { $0.advanced(by: deadline) <= census.now } ?? false
    }

    private func place(_ step: RolloutStep, _ census: Census) -> String {
        if step.share > 0 { return "\(step.share) % of the requests go to the new release" }
        let isServing =
            census.fleet.isBalanced
            && census.kept.contains { index in
                census.fleet.instances[index].traffic == .ready
            }
        return isServing
            ? "the new set is ready and gets requests, since the old one does not serve"
            : "the new set is ready and gets no requests yet"
    }

    /// What is missing of the stable release.
    private func rest(_ step: RolloutStep, _ census: Census) -> String {
        census.heldAvailable >= step.others
            ? "" : "; \(census.heldAvailable) of \(step.others) instances of the stable release serve"
    }
}
