import KilnDefinition
import KilnDiagnostics
import KilnRollout
import KilnSystem

// One holder at a time.
extension FleetDriver {
    /// Runs the body with the fleet's ledger under a lease, which is given back however the body ends.
    func withLedger(
        _ fleet: FleetName,
        _ reason: String,
        _ options: Options,
        creating policy: FleetPolicy? = nil,
        interrupting: Bool = false,
        evenFrozen: Bool = false,
        _ body: (inout Ledger) async throws -> DeployOutcome
    ) async throws -> DeployOutcome {
        let lease = try await acquire(fleet, reason, wait: options.wait, interrupting: interrupting)
        do {
            guard
                var ledger = try await Ledger(lease, store: store, clock: clock, creating: policy)
            else {
                throw FleetError.unknownFleet(fleet, known: try await store.fleets().map(\.name))
            }
            if let why = ledger.record.rollout.freeze, !evenFrozen { throw FleetError.halted(fleet, why) }
            let outcome = try await Progress.track(Narrator.work(fleet), label: "\(reason) \(fleet)") {
                try await body(&ledger)
            }
            try await store.releaseLease(lease)
            return outcome
        } catch {
            try? await store.releaseLease(lease)
            throw error
        }
    }

    private func acquire(
        _ fleet: FleetName,
        _ reason: String,
        wait: Duration,
        interrupting: Bool
    ) async throws -> Lease {
        let deadline = clock.now.advanced(by: wait)
        var told: Lease?
        while true {
            let request = LeaseRequest(
                fleet: fleet,
                holder: holder,
                reason: reason,
                now: clock.now,
                time: clock.time,
                isAlive: isAlive
            )
            switch try await store.acquireLease(request) {
            case .granted(let lease): return lease
            case .held(let lease):
                if stop.isRequested { throw CancellationError() }
                if clock.now >= deadline { throw FleetError.leaseHeld(lease) }
                if lease.token != told?.token {
                    if interrupting { interrupt(lease.holder) }
                    say(waitingFor: lease)
                }
                told = lease
                try await clock.sleep(until: min(deadline, clock.now.advanced(by: .milliseconds(500))))
            }
        }
    }

    private func say(waitingFor lease: Lease) {
        let message = "waiting for process \(lease.holder.pid), which changes fleet \(lease.fleet)"
        let since = "\(lease.reason), since \(WallClock.format(lease.acquired))"
        Progress.report(.diagnostic(Diagnostic(.note, code: "fleet.waiting", message, causes: [since])))
    }
}
