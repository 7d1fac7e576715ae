package import KilnDefinition
import KilnDiagnostics
import KilnRollout
import KilnSystem

// What people say in the middle of a rollout. Whoever drives it is asked to come to a good end first.
extension FleetDriver {
    /// Leaves the rollout where it is; what runs goes on, and nothing is replaced.
    package func pause(_ fleet: FleetName, options: Options = Options()) async throws -> DeployOutcome {
        try await withLedger(fleet, "pause", options, interrupting: true, evenFrozen: true) { ledger in
            var record = ledger.record
            guard record.rollout.isUnfinished else {
                let hint =
                    "no rollout is under way; kiln freeze \(fleet) also keeps what dies from being replaced"
                throw FleetError.nothing(to: "pause", of: fleet, hint: hint)
            }
            let target = record.rollout.target?.releaseNumber
            if !record.rollout.isPaused {
                record.rollout.pause()
                let event = ledger.event(
                    .rolloutPaused,
                    "the rollout is paused; what runs goes on",
                    release: target
                )
                try await ledger.write([.putFleet(record), event])
            }
            return .halted(reason: "the rollout\(target.map { " to release \($0)" } ?? "") is paused")
        }
    }

    /// Ends the wait of the step that a release is at, or of all its steps, and drives it on.
    package func promote(
        _ fleet: FleetName,
        full: Bool = false,
        options: Options = Options()
    ) async throws -> DeployOutcome {
        try await withLedger(fleet, "promote", options, interrupting: true) { ledger in
            var record = ledger.record
            try await ledger.load(
                [record.rollout.target, record.rollout.stable].compactMap { $0?.releaseNumber }
            )
            let target = record.rollout.target?.releaseNumber
            guard try hasStep(ledger), record.rollout.promote(full: full, now: clock.now.instant) else {
                let hint = "kiln status \(fleet) shows what it does; only steps of a rollout are promoted"
                throw FleetError.nothing(to: "promote", of: fleet, hint: hint)
            }
            let what = full ? "all its steps" : "its step"
            let message = "release \(target.map(String.init(describing:)) ?? "?") is promoted past \(what)"
            let event = ledger.event(.rolloutPromoted, message, release: target)
            try await ledger.write([.putFleet(record), event])
            return try await drive(&ledger, policyChanged: false)
        }
    }

    private func hasStep(_ ledger: Ledger) throws -> Bool {
        let record = ledger.record
        let target = record.rollout.target.flatMap { ledger.content(of: $0.releaseNumber) }
        let state = FleetState(
            wanted: record.policy.instances,
            policy: try rolloutPolicy(ledger),
            isBalanced: record.policy.listen != nil && target?.balancedPort != nil,
            rollout: record.rollout
        )
        return planner.step(state, now: clock.now.instant) != nil
    }

    /// Goes back to the stable release, whatever the rollout is doing.
    package func abort(_ fleet: FleetName, options: Options = Options()) async throws -> DeployOutcome {
        try await withLedger(fleet, "abort", options, interrupting: true, evenFrozen: true) { ledger in
            var record = ledger.record
            let target = record.rollout.target?.releaseNumber
            guard record.rollout.abort(reason: "aborted by a person", now: clock.now.instant) else {
                if case .rollingBack = record.rollout.phase {
                    try await thaw(&ledger)
                    return try await drive(&ledger, policyChanged: false)
                }
                let hint = "no rollout is under way; kiln rollback \(fleet) goes back to an earlier release"
                throw FleetError.nothing(to: "abort", of: fleet, hint: hint)
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
        try await withLedger(fleet, "freeze", options, interrupting: true, evenFrozen: true) { ledger in
            var record = ledger.record
            record.rollout.freeze(reason: why)
            let message = "the fleet is frozen: \(why)"
            try await ledger.write([.putFleet(record), ledger.event(.fleetFrozen, message)])
            return .halted(reason: message)
        }
    }
}
