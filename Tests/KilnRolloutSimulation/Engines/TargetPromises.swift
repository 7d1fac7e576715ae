import KilnRollout

// What must hold where an engine decides the steps, computed here anew.
extension TargetWorld {
    func check(_ change: Change, _ state: TargetState) {
        switch change {
        case .markStable(let release):
            let behaviour = scenario.releases[release.number]
            if !behaviour.isGood, fleet.wanted > 0 {
                broken = "release \(release), which is \(behaviour), is stable"
            }
            let truth = engine.state?.instances ?? []
            let right = truth.filter { $0.release == release && $0.health != .leaving }
            if scenario.staleness == 0, right.count != fleet.wanted {
                broken = "stable with \(right.count) of \(fleet.wanted)"
            }
            if scenario.bake > 0 {
                guard case .baking(let since) = fleet.rollout.phase,
                    since.advanced(by: .seconds(scenario.bake)) <= now
                else {
                    broken = "stable without its bake time"
                    return
                }
            }
        case .quarantine(let release, let reason):
            if release == fleet.rollout.stable { broken = "the stable release is quarantined: \(reason)" }
            if scenario.hurtsNothing, scenario.releases[release.number].isGood {
                broken = "\(release) is quarantined, and nothing is wrong with it: \(reason)"
            }
        case .beginRollback(let release, _):
            if release != fleet.rollout.stable {
                broken = "goes back to \(release), which is not the stable one"
            }
        default: break
        }
    }

    func check(_ action: TargetAction, _ state: TargetState) {
        if fleet.rollout.isPaused || fleet.rollout.freeze != nil {
            switch action {
            case .pause, .cancel: break
            default: broken = "\(action) while people are at work"
            }
        }
        guard case .submit(let submission) = action else { return checkWayBack(action, state) }
        checkTold(submission, state)
    }

    private func checkWayBack(_ action: TargetAction, _ state: TargetState) {
        if case .revert(let submission) = action { checkTold(submission, state) }
        if case .retire(let id) = action, !condemned.contains(id) { broken = "\(id) is retired for nothing" }
    }

    private func checkTold(_ submission: Submission, _ state: TargetState) {
        if fleet.quarantined.contains(submission.release) {
            broken = "the quarantined release \(submission.release) is submitted"
        }
        if submission.generation != fleet.rollout.generation || submission.release != fleet.rollout.target {
            broken = "submits what nobody asked for"
        }
        guard !engine.abilities.rollsOver, let shown = state.engine else { return }
        switch shown.activity {
        case .moving, .paused, .canceling, .reverting: broken = "two refreshes at once"
        default: break
        }
    }

    /// At rest everything is of one release that did not fail, or nothing is there.
    func checkAtRest() throws {
        func fail(_ what: String) throws { throw Broken(what: "at the end: \(what), \(fleet.rollout.phase)") }
        guard judge.isSettled(state, now: now) || isUntried else {
            return try fail("it does not come to rest")
        }
        switch fleet.rollout.phase {
        case .stopped:
            if engine.state != nil { try fail("something is left") }
        case .frozen:
            if scenario.releases.contains(where: \.isGood) {
                try fail("left to people, who did all they could")
            }
        default:
            guard let target = fleet.rollout.target, let shown = engine.state else {
                return try fail("nothing is there")
            }
            if fleet.quarantined.contains(target) { try fail("a release that failed is the target") }
            if fleet.wanted > 0, !scenario.releases[target.number].isGood { try fail("a bad release runs") }
            let right = shown.instances.filter { $0.release == target && $0.health == .available }
            if right.count != fleet.wanted || shown.instances.count != fleet.wanted {
                try fail("\(right.count) of \(fleet.wanted) run the target, \(shown.instances.count) in all")
            }
        }
    }

    /// With no instances wanted nothing can prove itself.
    private var isUntried: Bool {
        fleet.wanted == 0 && outcomes.contains { if case .untried = $0 { true } else { false } }
    }
}
