package import KilnDefinition
import KilnDiagnostics
import KilnRollout
import KilnSystem

// What people say in the middle of a rollout. Whoever drives it is asked to come to a good end first.
extension FleetDriver {
    /// Leaves the rollout where it is; what runs goes on, and nothing is replaced.
    package func pause(_ fleet: FleetName, options: Options = Options()) async throws -> DeployOutcome {
        let need: Need = { record in
            guard !record.rollout.isUnfinished, record.pending == nil else { return }
            let hint =
                "no rollout is under way; kiln freeze \(fleet) also keeps what dies from being replaced"
            throw FleetError.nothing(to: "pause", of: fleet, hint: hint)
        }
        return try await withLedger(
            fleet,
            "pause",
            options,
            interruptingFor: need,
            evenFrozen: true
        ) { ledger in
            if let outcome = try await pausePending(&ledger) { return outcome }
            var record = ledger.record
            let target = record.rollout.target?.releaseNumber
            if !record.rollout.isPausedByPerson {
                record.rollout.pause(byPerson: true)
                let event = ledger.event(
                    .rolloutPaused,
                    "the rollout is paused; what runs goes on",
                    release: target
                )
                try await ledger.write([.putFleet(record), event])
            }
            try await hold(ledger)
            return .halted(reason: "the rollout\(target.map { " to release \($0)" } ?? "") is paused")
        }
    }

    /// An engine goes on by itself, also while nobody drives the fleet: it has to be told.
    private func hold(_ ledger: Ledger) async throws {
        guard case .releases(let target) = role else { return }
        var run = TargetRun(ledger, self, on: target, policy: try rolloutPolicy(ledger))
        try await run.hold()
    }

    /// Ends the wait of the step that a release is at, or of all its steps, and drives it on.
    package func promote(
        _ fleet: FleetName,
        full: Bool = false,
        options: Options = Options()
    ) async throws -> DeployOutcome {
        try await withLedger(fleet, "promote", options, interruptingFor: needStep) { ledger in
            var record = ledger.record
            let target = record.rollout.target?.releaseNumber
            guard record.rollout.promote(full: full, now: clock.now.instant) else {
                throw nothingToPromote(fleet)
            }
            let what = full ? "all its steps" : "its step"
            let message = "release \(target.map(String.init(describing:)) ?? "?") is promoted past \(what)"
            let event = ledger.event(.rolloutPromoted, message, release: target)
            try await ledger.write([.putFleet(record), event])
            return try await drive(&ledger, policyChanged: false)
        }
    }

    /// A release that is at a step before it takes over.
    private func needStep(_ record: FleetRecord) async throws {
        if let why = record.rollout.freeze { throw FleetError.halted(record.name, why) }
        let target = try await content(record.rollout.target, of: record.name)
        let stable = try await content(record.rollout.stable, of: record.name)
        let isExclusive = [target, stable].contains { $0?.isExclusive == true }
        guard let policy = try? record.policy.rolloutPolicy(isExclusive: isExclusive) else { return }
        let state = FleetState(
            wanted: record.policy.instances,
            policy: policy,
            isBalanced: target?.isReached(by: record.policy.listen) ?? false,
            rollout: record.rollout
        )
        guard planner.step(state, now: clock.now.instant) != nil else {
            throw nothingToPromote(record.name)
        }
    }

    private func content(_ release: ReleaseKey?, of fleet: FleetName) async throws -> ReleaseContent? {
        guard let release else { return nil }
        return try await store.release(release.releaseNumber, of: fleet)?.content
    }

    private func nothingToPromote(_ fleet: FleetName) -> FleetError {
        let hint = "kiln status \(fleet) shows what it does; only steps of a rollout are promoted"
        return FleetError.nothing(to: "promote", of: fleet, hint: hint)
    }

    /// Goes back to the stable release, whatever the rollout is doing.
    package func abort(_ fleet: FleetName, options: Options = Options()) async throws -> DeployOutcome {
        let (reason, now) = ("aborted by a person", clock.now.instant)
        let need: Need = { record in
            var rollout = record.rollout
            guard record.pending == nil, !rollout.phase.isWayBack,
                !rollout.abort(reason: reason, now: now)
            else { return }
            let hint = "no rollout is under way; kiln rollback \(fleet) goes back to an earlier release"
            throw FleetError.nothing(to: "abort", of: fleet, hint: hint)
        }
        return try await withLedger(
            fleet,
            "abort",
            options,
            interruptingFor: need,
            evenFrozen: true
        ) { ledger in
            if let outcome = try await abortPending(&ledger) { return outcome }
            var record = ledger.record
            let target = record.rollout.target?.releaseNumber
            guard record.rollout.abort(reason: reason, now: clock.now.instant) else {
                // It is on its way back already.
                try await thaw(&ledger)
                try await unpause(&ledger)
                return try await drive(&ledger, policyChanged: false)
            }
            let message = "the rollout\(target.map { " to release \($0)" } ?? "") is aborted"
            let event = ledger.event(.rolloutAborted, message, release: target)
            try await ledger.write([.putFleet(record), event])
            return try await drive(&ledger, policyChanged: false)
        }
    }

    /// Keeps everything as it is, also what dies, until the fleet is resumed.
    package func freeze(
        _ fleet: FleetName,
        why: String,
        options: Options = Options()
    ) async throws -> DeployOutcome {
        let need: Need = { _ in }
        return try await withLedger(
            fleet,
            "freeze",
            options,
            interruptingFor: need,
            evenFrozen: true
        ) { ledger in
            var record = ledger.record
            record.rollout.freeze(reason: why)
            let message = "the fleet is frozen: \(why)"
            try await ledger.write([.putFleet(record), ledger.event(.fleetFrozen, message)])
            try await hold(ledger)
            return .halted(reason: message)
        }
    }
}
