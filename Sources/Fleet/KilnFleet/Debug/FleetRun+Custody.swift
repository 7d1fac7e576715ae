import KilnRollout
import KilnSystem

// What a run does with instances that people look at.
extension FleetRun {
    /// Until each is out of traffic, and those whose time is up are gone. What is under way elsewhere stays as it is.
    func stepInCustody(_ group: inout ThrowingTaskGroup<Report, any Error>) async throws -> Ending? {
        let actions = try await decide()
        try await begin(actions, in: &group)
        let now = clock.now
        let hasWork = planner.hasCustodyWork(state(now: now), now: now.instant)
        guard view.isIdle, !hasWork else { return nil }
        if ledger.instances.values.contains(where: { $0.debug?.awaitsIsolation == true }) {
            try await isolate(platform.observe(ledger.name))
        }
        return .left
    }

    /// Whether what the run waits for came to be.
    var hasTaken: Bool {
        guard case .until(let id) = scope else { return false }
        return ledger.instances[id]?.debug?.isAwaited != true
    }

    func takeEdits(_ key: InstanceKey) -> [FleetEdit] {
        guard let id = view.id(of: key), var instance = ledger.instances[id] else { return [] }
        instance.debug?.take(now: clock.time)
        let message =
            "release \(instance.release): instance \(id) gets no new requests, since others serve in its place"
        return [
            .putInstance(instance),
            ledger.event(.instanceLeaving, message, instance: id, release: instance.release),
        ]
    }

    /// A session that the end of its instance cuts off.
    func cutOff(_ instance: inout InstanceRecord, isGone: Bool) -> [FleetEdit] {
        guard instance.debug?.session != nil else { return [] }
        return [ledger.endSession(of: &instance, isGone ? "with the instance" : "at the time limit")]
    }

    /// What is in quarantine and out of traffic is cut off and frozen, once.
    func isolate(_ observations: [InstanceObservation]) async throws {
        for seen in observations where seen.traffic == .none {
            guard case .running = seen.process, var instance = ledger.instances[seen.spec.id],
                instance.debug?.awaitsIsolation == true, !instance.isStopping
            else { continue }
            do {
                try await ledger.isolate(seen.spec.id, platform)
            } catch {
                try await bear(error, withoutIsolating: instance)
                continue
            }
            instance.debug?.isIsolated = true
            let until = WallClock.format(instance.debug?.until ?? clock.time)
            let message =
                "release \(instance.release): instance \(instance.id) is in quarantine: cut off from the network and frozen, until \(until)"
            try await write([
                .putInstance(instance),
                ledger.event(.instanceLeaving, message, instance: instance.id, release: instance.release),
            ])
        }
    }

    /// One instance that cannot be cut off is tried again, and keeps nobody from caring for the others. Told once.
    private func bear(_ error: any Error, withoutIsolating instance: InstanceRecord) async throws {
        if error is CancellationError { throw error }
        // A platform that refuses may do so because another driver took over.
        try await renew()
        guard notIsolated.insert(instance.id).inserted else { return }
        let message = "could not cut instance \(instance.id) off, trying again: \(Self.words(error))"
        try await write([
            ledger.event(.platformTrouble, message, instance: instance.id, release: instance.release)
        ])
    }

    /// A session whose command is gone: killed, or with the boot.
    func endAbandoned() async throws {
        for instance in ledger.instances.values.sorted(by: { $0.id < $1.id }) {
            guard let hold = instance.debug, !instance.isStopping, hold.isAbandoned(isAlive) else { continue }
            try await write(ledger.endOfSession(instance, "when their command died"))
            try await ledger.endTools(at: instance.id, platform)
        }
    }
}
