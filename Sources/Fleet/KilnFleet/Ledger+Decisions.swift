import KilnRollout

// What is written down of a decision beside the fleet's own record.
extension Ledger {
    /// Of a decision that is about the release and the rollout; nothing for one that is about an instance.
    func edits(for change: Change, _ state: FleetState) -> [FleetEdit] {
        switch change {
        case .markStable(let release):
            [
                .markStable(release.releaseNumber, at: clock.time),
                event(.releaseStable, "release \(release) is stable", release: release.releaseNumber),
            ]
        case .quarantine(let release, let reason):
            [
                .quarantine(release.releaseNumber, .init(reason: reason, time: clock.time)),
                event(
                    .releaseQuarantined,
                    "release \(release) failed: \(reason)",
                    release: release.releaseNumber
                ),
            ]
        case .startBake:
            [
                event(
                    .rolloutBaking,
                    "all instances are available; watching them for \(state.policy.bake.words)",
                    release: state.rollout.target?.releaseNumber
                )
            ]
        case .beginRollback(let release, _):
            [
                event(
                    .rolloutRollingBack,
                    "going back to release \(release)",
                    release: release.releaseNumber
                )
            ]
        case .beginStopping: [event(.rolloutRollingBack, "nothing to go back to: stopping")]
        case .finish(let outcome): finishEdits(outcome)
        case .startClock where state.rollout.phase == .steady:
            [event(.healing, "restoring the fleet to \(state.wanted) instances")]
        default: []
        }
    }

    private func finishEdits(_ outcome: Outcome) -> [FleetEdit] {
        var edits: [FleetEdit] = []
        if var rollout, !rollout.isEnded, !rollout.isSuperseded {
            rollout.outcome = outcome
            rollout.finished = clock.time
            edits.append(.putRollout(rollout))
        }
        return edits + [event(.rolloutFinished, outcome.words)]
    }

    /// Leaves an unfinished rollout where it is; what runs goes on.
    func pauseEdits() -> [FleetEdit] {
        guard record.rollout.isUnfinished else { return [] }
        var record = record
        record.rollout.pause()
        let target = record.rollout.target?.releaseNumber
        let what = target.map { "release \($0)" } ?? "the fleet"
        let message = "the rollout of \(what) is paused; what runs goes on"
        return [.putFleet(record), event(.rolloutPaused, message, release: target)]
    }
}
