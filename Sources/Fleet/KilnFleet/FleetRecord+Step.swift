import KilnRollout

// Where a rollout stands, by what is written down alone.
extension FleetRecord {
    /// Whether the step that the release is at goes on only when a person says so.
    package func awaitsPromotion(isBalanced: Bool) -> Bool {
        guard !rollout.isHalted, let (step, stage, _) = place(isBalanced: isBalanced), !stage.isPromoted
        else {
            return false
        }
        return stage.reached != nil && (step.pause == .manual || stage.hold != nil)
    }

    /// Whether it is compared with the stable release meanwhile: whoever keeps the fleet goes on measuring until a person speaks.
    package func isComparedWhileWaiting(isBalanced: Bool) -> Bool {
        awaitsPromotion(isBalanced: isBalanced) && place(isBalanced: isBalanced)?.step.analyzes == true
    }

    /// The step that the release is at, and how many there are.
    func place(isBalanced: Bool) -> (step: RolloutStep, stage: Stage, steps: Int)? {
        guard let planned = try? policy.rolloutPolicy(isExclusive: false) else { return nil }
        let state = FleetState(
            wanted: policy.instances,
            policy: planned,
            isBalanced: isBalanced,
            rollout: rollout
        )
        guard let step = RolloutPlanner().step(state, now: .zero), let stage = rollout.stage else {
            return nil
        }
        return (step, stage, planned.steps(for: policy.instances, isBalanced: isBalanced).count)
    }
}

// What cannot be gone back from.
extension FleetRecord {
    /// Whether the stable release may not bear what ran since it became that.
    var isPastReturn: Bool { hasPassedReturn == true && rollout.stable != nil }

    /// Work that cannot be undone begins: also what is on trial already does not go back by itself any more.
    mutating func passReturn() {
        hasPassedReturn = true
        switch rollout.phase {
        case .rolling, .baking: rollout.isIrreversible = isPastReturn
        case .steady, .rollingBack, .stopping, .stopped, .frozen: break
        }
    }
}
