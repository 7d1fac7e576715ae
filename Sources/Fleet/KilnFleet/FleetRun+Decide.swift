import KilnDefinition
import KilnRollout
import KilnSystem

// From what is known to what is decided and written down.
extension FleetRun {
    func state(now: BootInstant) -> FleetState {
        let record = ledger.record
        let instances = ledger.instances.values.sorted { ($0.slot, $0.id) < ($1.slot, $1.id) }
        let target = record.rollout.target.flatMap { ledger.content(of: $0.releaseNumber) }
        return FleetState(
            wanted: record.policy.instances,
            policy: policy,
            isBalanced: target?.isReached(by: record.policy.listen) ?? false,
            rollout: record.rollout,
            quarantined: Set(
                ledger.releases.values.filter { $0.quarantine != nil }.map(\.number.key)
            ),
            instances: instances.map { record in
                var state = view.state(of: record, now: now)
                state.custody = record.debug?.custody(now: now, time: clock.time)
                return state
            },
            refusal: refusal,
            relented: relented,
            analysis: comparing.flatMap { $0.isOf(record.rollout) ? $0.run.verdict : nil }
        )
    }

    /// Writes down what the planner decides until it has only work left, and returns that.
    func decide() async throws -> [Action] {
        for _ in 0..<1000 {
            let now = clock.now
            var state = state(now: now)
            let actions =
                scope == .custody
                ? planner.custody(state, now: now.instant) : planner.plan(state, now: now.instant)
            let changes = actions.compactMap { if case .change(let change) = $0 { change } else { nil } }
            if changes.isEmpty { return actions }
            var edits: [FleetEdit] = []
            var record = ledger.record
            for change in changes {
                // What fails on the way back is not why it is taken.
                if case .noteFailure(let key, let reason) = change, !state.rollout.phase.isWayBack {
                    record.evidence = await evidence(of: key, reason) ?? record.evidence
                }
                edits += self.edits(for: change, state)
                state.apply(change, now: now.instant)
            }
            record.rollout = state.rollout
            if changes.contains(where: { if case .markStable = $0 { true } else { false } }) {
                record.hasPassedReturn = nil
            }
            try await write([.putFleet(record)] + edits)
            settle(changes)
            if outcome != nil { return [] }
        }
        throw FleetError(.platform, "fleet \(ledger.name): the planner does not come to an end")
    }

    private func settle(_ changes: [Change]) {
        for change in changes {
            switch change {
            case .noteFailure(let key, _): if let id = view.id(of: key) { view.noteFailure(id) }
            case .finish(let outcome): self.outcome = outcome
            default: break
            }
        }
    }

    /// The failed instance's last words, read before it is removed.
    private func evidence(of key: InstanceKey, _ reason: String) async -> FailureEvidence? {
        guard let id = view.id(of: key), let instance = ledger.instances[id] else { return nil }
        let lines = (try? await platform.logLines(id, of: ledger.name, last: 20)) ?? []
        return FailureEvidence(
            instance: id,
            release: instance.release,
            reason: reason,
            logLines: lines,
            time: clock.time
        )
    }

    private func edits(for change: Change, _ state: FleetState) -> [FleetEdit] {
        switch change {
        case .stop(let key): stopEdits(key, state)
        case .setAside(let key): asideEdits(key, state)
        case .take(let key): takeEdits(key)
        case .noteFailure(let key, let reason): failureEdits(key, reason)
        case .fillStep, .endTrial: []
        case .reachStep, .nextStep, .hold, .loseStep: stepEdits(change, state)
        case .markStable, .quarantine, .startBake, .beginRollback, .beginStopping, .finish, .startClock,
            .noteProgress:
            ledger.edits(for: change, state)
        }
    }

    private func stopEdits(_ key: InstanceKey, _ state: FleetState) -> [FleetEdit] {
        guard let id = view.id(of: key), var instance = ledger.instances[id] else { return [] }
        let ending = cutOff(&instance, isGone: state.instances.first { $0.key == key }?.process != .running)
        instance.isStopping = true
        let known = state.instances.first { $0.key == key }
        let hasEnded = if case .ended = known?.process { true } else { false }
        let hasTraffic = known?.traffic != InstanceState.Traffic.none && known?.process == .running
        let what = hasTraffic ? "gets no new requests" : hasEnded ? "has ended and is removed" : "is removed"
        let message = "release \(instance.release): instance \(id) \(what)"
        return ending + [
            .putInstance(instance),
            ledger.event(.instanceLeaving, message, instance: id, release: instance.release),
        ]
    }

    private func asideEdits(_ key: InstanceKey, _ state: FleetState) -> [FleetEdit] {
        guard let id = view.id(of: key), var instance = ledger.instances[id] else { return [] }
        instance.asideIn = state.rollout.generation
        let message = "release \(instance.release): instance \(id) is kept warm, without requests"
        return [
            .putInstance(instance),
            ledger.event(.instanceLeaving, message, instance: id, release: instance.release),
        ]
    }

    private func stepEdits(_ change: Change, _ state: FleetState) -> [FleetEdit] {
        let target = state.rollout.target?.releaseNumber
        let name = target.map { "release \($0)" } ?? "the release"
        let share = planner.step(state, now: clock.now.instant).map { $0.share } ?? 0
        let message =
            switch change {
            case .reachStep where share > 0: "\(name) gets \(share) % of the requests"
            case .reachStep: "all instances of \(name) are ready"
            case .nextStep where share > 0: "\(name) did well at \(share) % of the requests\(compared(state))"
            case .nextStep: "\(name) gets the requests"
            case .hold(let reason): "\(name) waits for a person: \(reason)"
            default: "\(name) lost an instance of its step"
            }
        return [ledger.event(.rolloutStep, message, release: target)]
    }

    /// What was counted at the step, to follow a sentence; nothing when nothing was.
    private func compared(_ state: FleetState) -> String {
        guard let comparing, comparing.isOf(state.rollout), comparing.run.measurements > 0 else { return "" }
        let (canary, baseline) = (comparing.run.canary, comparing.run.baseline)
        return ": " + Analysis.comparison(canary: canary, baseline: baseline)
    }

    private func failureEdits(_ key: InstanceKey, _ reason: String) -> [FleetEdit] {
        guard let id = view.id(of: key), let instance = ledger.instances[id] else { return [] }
        let message = "release \(instance.release): instance \(id) failed: \(reason)"
        return [
            ledger.event(
                .instanceFailed,
                message,
                instance: id,
                release: instance.release,
                moment: view.observations[id]?.ended
            )
        ]
    }

    /// An instance that lost its supervisor may serve on, and nobody would keep what it says or tell of its end.
    func orphaning(of seen: InstanceObservation) -> [FleetEdit] {
        guard case .running = seen.process, !seen.isSupervised, let record = ledger.instances[seen.spec.id],
            !record.isStopping, record.condemned == nil
        else { return [] }
        return record.condemnation("its supervisor is gone", ledger)
    }

    /// It may be what serves, where the catalog was lost or restored: it is replaced like what drifted. In a stopped fleet
    /// nothing takes its place, so it goes if nobody is served by it.
    func adoption(of stranger: InstanceObservation) -> [FleetEdit] {
        let spec = stranger.spec
        let isStopped = if case .stopped = ledger.record.rollout.phase { true } else { false }
        let goes = isStopped && stranger.traffic == InstanceObservation.Traffic.none
        let record = InstanceRecord(
            id: spec.id,
            slot: spec.slot,
            release: spec.release.number,
            created: clock.time,
            isStopping: goes,
            condemned: "nobody wrote it down"
        )
        let message =
            "instance \(spec.id) is here and nobody wrote it down; it is \(goes ? "removed" : "replaced")"
        return [
            .putInstance(record),
            ledger.event(.instanceFound, message, instance: spec.id, release: spec.release.number),
        ]
    }
}

extension Outcome {
    var words: String {
        switch self {
        case .stable(let release): "the fleet runs release \(release)"
        case .rolledBack(let release, let reason): "rolled back to release \(release): \(reason)"
        case .stopped(let reason): "stopped: \(reason)"
        case .frozen(let reason): "left as it is: \(reason)"
        case .degraded(let reason): "incomplete: \(reason)"
        case .untried(let release): "the fleet is of release \(release), with no instances wanted"
        }
    }
}

extension Duration {
    /// `90s`, `5m`, `250ms`.
    var words: String {
        let nanoseconds = inNanoseconds
        if nanoseconds % 1_000_000_000 != 0 { return "\(nanoseconds / 1_000_000)ms" }
        let seconds = nanoseconds / 1_000_000_000
        return seconds >= 120 && seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds)s"
    }
}
