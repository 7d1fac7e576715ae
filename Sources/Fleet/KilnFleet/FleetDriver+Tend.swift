package import KilnDefinition
package import KilnRollout
import KilnSystem

/// What somebody who watches a fleet knows and a driver that just came does not.
package struct Tending: Sendable, Hashable {
    /// Instances to replace although they may be well, each with the reason.
    package var condemned: [InstanceID: String]
    /// They are only old: what they stand on is not suspected.
    package var isOfAge: Bool
    /// Instances that ended while they were watched, each with how.
    package var ended: [InstanceID: String]
    /// Places that lost an instance lately: one that loses them again and again is filled later and later.
    package var failures: [InstanceFailure]
    /// The condemned drifted; with a length they are kept in quarantine for it.
    package var drift: DriftResponse?

    package enum DriftResponse: Sendable, Hashable {
        case replace
        case quarantine(seconds: Int64)
    }

    package init(
        condemned: [InstanceID: String] = [:],
        drift: DriftResponse? = nil,
        isOfAge: Bool = false,
        ended: [InstanceID: String] = [:],
        failures: [InstanceFailure] = []
    ) {
        self.condemned = condemned
        self.drift = drift
        self.isOfAge = isOfAge
        self.ended = ended
        self.failures = failures
    }
}

// What is done without anybody asking for it.
extension FleetDriver {
    /// Does what is due: goes on with what was begun, replaces what died or is condemned, restores what the instances share.
    ///
    /// What a person said stays said: a paused rollout stays paused, a frozen or stopped fleet is left as it is. Somebody else
    /// who changes the fleet is not waited for.
    package func tend(_ fleet: FleetName, _ tending: Tending = Tending()) async throws -> DeployOutcome {
        let options = Options(wait: .zero)
        return try await withLedger(fleet, Lease.tending, options, evenFrozen: true) { ledger in
            let record = ledger.record
            if let why = record.rollout.freeze { return .halted(reason: "the fleet is frozen: \(why)") }
            if record.rollout.isPaused {
                // What runs is to go on, and does so only behind a balancer that does.
                if case .instances(let platform) = role {
                    try await ledger.converge(platform)
                    try await ledger.write(ledger.renewCertificates(platform))
                }
                return .halted(reason: "the rollout is paused")
            }
            if !tending.condemned.isEmpty {
                if case .instances(let platform) = role, !tending.isOfAge {
                    try await ledger.retireAltered(platform)
                }
                let fresh = tending.condemned.filter { ledger.instances[$0.key]?.condemned == nil }
                if case .quarantine(let seconds)? = tending.drift {
                    try await quarantine(fresh, for: seconds, &ledger)
                } else {
                    try await condemn(
                        fresh,
                        as: tending.drift == nil ? .instanceCondemned : .instanceDrifted,
                        &ledger
                    )
                }
            }
            try await note(tending.ended, &ledger)
            if let pending = record.pending, pending.goesOn,
                let ending = try await takeUpPending(options, &ledger)
            {
                return ending
            }
            return try await driveAndIsolate(&ledger, after: tending.failures)
        }
    }

    /// Drives, and leaves nothing in quarantine that has requests or a network: the rollout may be over a moment before.
    func driveAndIsolate(
        _ ledger: inout Ledger,
        after failures: [InstanceFailure] = []
    ) async throws -> DeployOutcome {
        let outcome = try await drive(&ledger, policyChanged: false, after: failures)
        let isDue = ledger.instances.values.contains { $0.debug?.awaitsIsolation == true && !$0.isStopping }
        if isDue { try await custody(&ledger) }
        return outcome
    }

    /// Writes down what only a person should deal with, and changes nothing.
    package func alert(_ fleet: FleetName, _ message: String) async throws {
        _ = try await withLedger(fleet, Lease.tending, Options(wait: .zero), evenFrozen: true) { ledger in
            try await ledger.write([ledger.event(.fleetAlert, message)])
            return .halted(reason: message)
        }
    }

    /// The last words of what ended, read before it is removed.
    private func note(_ ended: [InstanceID: String], _ ledger: inout Ledger) async throws {
        let moments = await moments(of: ended, ledger)
        for (id, reason) in ended.sorted(by: { $0.key < $1.key }) {
            guard let instance = ledger.instances[id], !instance.isStopping else { continue }
            let message = "release \(instance.release): instance \(id) failed: \(reason)"
            // A drive that failed after it had written this is asked for it again.
            if try await isWritten(message, of: id, ledger) { continue }
            let lines = await lastWords(of: id, ledger)
            var record = ledger.record
            record.evidence = FailureEvidence(
                instance: id,
                release: instance.release,
                reason: reason,
                logLines: lines,
                time: clock.time
            )
            try await ledger.write([
                .putFleet(record),
                ledger.event(
                    .instanceFailed,
                    message,
                    instance: id,
                    release: instance.release,
                    moment: moments[id]
                ),
            ])
        }
    }

    private func isWritten(_ message: String, of id: InstanceID, _ ledger: Ledger) async throws -> Bool {
        try await store.events(of: ledger.name, after: 0, limit: 200).contains {
            $0.kind == .instanceFailed && $0.instance == id && $0.message == message
        }
    }

    /// When they ended, where that was noted: they were noticed later.
    private func moments(of ended: [InstanceID: String], _ ledger: Ledger) async -> [InstanceID: Int64] {
        guard !ended.isEmpty, case .instances(let platform) = role,
            let seen = try? await platform.observe(ledger.name)
        else { return [:] }
        return Dictionary(seen.compactMap { look in look.ended.map { (look.spec.id, $0) } }) { $1 }
    }

    private func lastWords(of id: InstanceID, _ ledger: Ledger) async -> [String] {
        guard case .instances(let platform) = role else { return [] }
        return (try? await platform.logLines(id, of: ledger.name, last: 20)) ?? []
    }

    /// Of a fleet that heals; a rollout counts its own.
    func recall(_ failures: [InstanceFailure], _ ledger: inout Ledger) async throws {
        guard ledger.record.rollout.phase == .steady, !failures.isEmpty else { return }
        var record = ledger.record
        record.rollout.failures = failures
        try await ledger.write([.putFleet(record)])
    }
}
