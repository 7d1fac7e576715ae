// What an engine is told next, once everything that follows from what it shows is written down.
extension TargetJudge {
    func tell(_ state: TargetState, now: Instant) -> [TargetAction] {
        let rollout = state.fleet.rollout
        if let refusal = state.fleet.refusal, refusal.until > now { return [] }
        if case .stopping = rollout.phase { return state.engine == nil ? [] : [.remove] }
        guard let submission = state.wantedSubmission,
            !state.fleet.quarantined.contains(submission.release)
        else { return [] }
        let told: TargetAction =
            rollout.phase.isWayBack || submission.release == rollout.stable
            ? .revert(submission) : .submit(submission)
        guard let engine = state.engine else { return [told] }
        guard state.isTold else { return make(told, engine, state.abilities) }
        switch engine.activity {
        case .canceled, .failed, .reverted: return [told]
        case .canceling, .reverting: return []
        case .paused: return [.resume]
        case .moving, .restoring, .done: break
        }
        if engine.wanted != state.fleet.wanted { return [.scale(state.fleet.wanted)] }
        return retirement(engine, state)
    }

    /// Nothing moves while people are at work: an engine that cannot stand still has to end what it does.
    func hold(_ state: TargetState) -> [TargetAction] {
        switch state.engine?.activity {
        case .moving: [state.abilities.pauses ? .pause : .cancel]
        default: []
        }
    }

    /// Never two at once, where an engine cannot turn from one to another. Its own way back is waited for on Kiln's way back,
    /// and ended for anything else.
    private func make(
        _ told: TargetAction,
        _ engine: EngineState,
        _ abilities: EngineAbilities
    ) -> [TargetAction] {
        guard engine.activity.isUnderWay, !abilities.rollsOver else { return [told] }
        switch (engine.activity, told) {
        case (.canceling, _), (.reverting, .revert): return []
        default: return [.cancel]
        }
    }

    /// One at a time, and what is well only while nothing else is missing.
    private func retirement(_ engine: EngineState, _ state: TargetState) -> [TargetAction] {
        let condemned = engine.instances.filter {
            state.condemned.contains($0.id) && $0.health != .leaving
        }.sorted { $0.id < $1.id }
        if let unwell = condemned.first(where: { $0.health != .available }) { return [.retire(unwell.id)] }
        let isWhole =
            engine.instances.allSatisfy { $0.health == .available }
            && engine.instances.count == state.fleet.wanted
        guard isWhole, engine.activity == .done, let first = condemned.first else { return [] }
        return [.retire(first.id)]
    }
}
