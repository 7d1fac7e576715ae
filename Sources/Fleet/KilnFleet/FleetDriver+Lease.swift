import KilnDefinition
import KilnDiagnostics
import KilnRollout
import KilnSystem

// One holder at a time.
extension FleetDriver {
    /// Refuses where a person's word does not apply.
    typealias Need = (FleetRecord) async throws -> Void

    /// Runs the body with the fleet's ledger under a lease, which is given back however the body ends.
    ///
    /// With a `need`, whoever has the lease is interrupted for it, unless the fleet does not meet it. It is asked again under
    /// the lease; where it is met no longer, the work that was interrupted for nothing is done here.
    func withLedger(
        _ fleet: FleetName,
        _ reason: String,
        _ options: Options,
        creating policy: FleetPolicy? = nil,
        interruptingFor need: Need? = nil,
        evenFrozen: Bool = false,
        _ body: (inout Ledger) async throws -> DeployOutcome
    ) async throws -> DeployOutcome {
        let (lease, hasInterrupted) = try await acquire(fleet, reason, options, need)
        do {
            guard
                var ledger = try await Ledger(
                    lease,
                    store: store,
                    clock: clock,
                    creating: policy,
                    asked: Asked(author: options.author, message: options.message)
                )
            else {
                throw FleetError.unknownFleet(fleet, known: try await store.fleets().map(\.name))
            }
            let outcome = try await Progress.track(Narrator.work(fleet), label: "\(reason) \(fleet)") {
                async let _ = hear(of: lease)
                if hasCustodyDue(ledger) { try await custody(&ledger) }
                if let why = ledger.record.rollout.freeze, !evenFrozen { throw FleetError.halted(fleet, why) }
                try checkExpected(ledger.record, options)
                do {
                    try await need?(ledger.record)
                } catch let error as FleetError where hasInterrupted {
                    tell(interruptedInVain: error)
                    return try await drive(&ledger, policyChanged: false)
                }
                return try await body(&ledger)
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
        _ options: Options,
        _ need: Need?
    ) async throws -> (Lease, hasInterrupted: Bool) {
        let deadline = clock.now.advanced(by: options.wait)
        let words = "kiln \(reason)" + (options.author.map { " (\($0))" } ?? "")
        var told: Lease?
        var hasInterrupted = false
        while true {
            // Listened for before the lease is asked for, so that nothing is missed in between.
            let news = store.leaseNews(of: fleet)
            let request = LeaseRequest(
                fleet: fleet,
                holder: holder,
                reason: reason,
                now: clock.now,
                time: clock.time,
                isAlive: isAlive
            )
            switch try await store.acquireLease(request) {
            case .granted(let lease): return (lease, hasInterrupted)
            case .held(let lease):
                if stop.isRequested { throw CancellationError() }
                if clock.now >= deadline { throw FleetError.leaseHeld(lease) }
                if lease.token != told?.token {
                    if let need {
                        guard let record = try await store.fleet(fleet) else {
                            throw FleetError.unknownFleet(fleet, known: try await store.fleets().map(\.name))
                        }
                        try await need(record)
                        hasInterrupted = !lease.isTending
                    }
                    if need != nil || lease.isTending { try await interruptHolder(of: lease, as: words) }
                    say(waitingFor: lease)
                }
                told = lease
                // Nobody tells that a holder died.
                let nextLook = clock.now.advanced(by: .milliseconds(500))
                try await clock.sleep(until: min(deadline, nextLook), orUntil: news)
            }
        }
    }

    /// A process that drives several fleets is told in the store to end one of its drives.
    private func hear(of lease: Lease) async {
        guard holder.isController else { return }
        while !stop.isRequested, !Task.isCancelled {
            let news = store.leaseNews(of: lease.fleet)
            if let current = try? await store.lease(of: lease.fleet), current.token == lease.token,
                current.isInterrupted == true
            {
                return stop.request(.leaving, by: current.interruptor)
            }
            try? await clock.sleep(until: clock.now.advanced(by: .seconds(1)), orUntil: news)
        }
    }

    private func tell(interruptedInVain error: FleetError) {
        let cause = "what was interrupted for it goes on here"
        Progress.report(
            .diagnostic(Diagnostic(.warning, code: error.code.rawValue, error.message, causes: [cause]))
        )
    }

    /// Noted before the holder is told: it sees by that that somebody takes over, and pauses nothing. It is told once: a second
    /// signal would end it at once, in the middle of what it does.
    private func interruptHolder(of lease: Lease, as who: String) async throws {
        let isNew = try await store.interruptLease(lease, by: who)
        if isNew, !lease.holder.isController { interrupt(lease.holder) }
    }

    private func say(waitingFor lease: Lease) {
        let message = "waiting for process \(lease.holder.pid), which changes fleet \(lease.fleet)"
        let since = "\(lease.reason), since \(WallClock.format(lease.acquired))"
        Progress.report(.diagnostic(Diagnostic(.note, code: "fleet.waiting", message, causes: [since])))
    }
}
