import KilnDefinition
import KilnRollout
import KilnSystem

// How it ended, written down.
extension BeforeRun {
    mutating func succeed(
        _ begun: Preparation.Begun,
        _ step: BeforeDefinition,
        _ lines: [String]
    ) async throws -> Ending? {
        let time = driver.clock.time
        var next = preparation
        next.begun = nil
        next.done = begun.index + 1
        if next.done == work.count { next.finished = time }
        let length = Duration.seconds(max(0, time - begun.time)).words
        try await ledger.write(
            [.putPreparation(release.number, next)] + output(lines, begun.instance)
                + [event("\(step.title) ended well after \(length)", begun.instance)]
        )
        try await remove(begun.instance)
        return nil
    }

    mutating func fail(_ begun: Preparation.Begun, _ what: String, _ lines: [String]) async throws -> Ending {
        let reason = "before its rollout, \(what)"
        var next = preparation
        next.begun = nil
        var record = ledger.record
        // Named until it is gone: what fails to be removed is removed by whoever comes next.
        record.pending?.failure = reason
        record.evidence = FailureEvidence(
            instance: begun.instance,
            release: release.number,
            reason: reason,
            logLines: lines,
            time: driver.clock.time
        )
        try await ledger.write(
            [
                .putPreparation(release.number, next), .putFleet(record),
                .quarantine(release.number, .init(reason: reason, time: driver.clock.time)),
            ] + output(lines, begun.instance) + [
                ledger.event(
                    .releaseQuarantined,
                    "release \(release.number) failed: \(reason)",
                    release: release.number
                )
            ]
        )
        try await remove(begun.instance)
        record = ledger.record
        record.pending = nil
        try await ledger.write([.putFleet(record)])
        return .failed(reason: reason)
    }

    /// What can be undone is ended and run again later; anything else is never cut off, and comes to its end by itself.
    mutating func pause(_ begun: Preparation.Begun, _ step: BeforeDefinition) async throws -> Ending {
        let what =
            await ledger.isLeft(by: driver.stop)
            ? "whoever drives the fleet next goes on with it" : "the rollout is paused"
        guard step.reversible else {
            try await notePause(step)
            let message = "\(what); \(step.title) cannot be undone, so it goes on to its end"
            try await tell(message, begun.instance)
            return .paused
        }
        try await remove(begun.instance)
        var next = preparation
        next.begun = nil
        try await ledger.write([.putPreparation(release.number, next)])
        try await notePause(step)
        try await tell(
            "\(what); \(step.title) was ended and is run again later",
            begun.instance
        )
        return .paused
    }

    mutating func leave(_ begun: Preparation.Begun, _ step: BeforeDefinition) async throws -> Ending {
        let reason =
            "nobody saw how \(step.title) ended, which was begun at \(WallClock.format(begun.time)) and cannot be undone"
        var record = ledger.record
        let wasTold = record.pending?.wasToldUnsure == true
        record.pending = PendingRelease(release.number, step, since: begun.time)
        record.pending?.unsure = reason
        // Whoever tends the fleet is no person who reads it.
        record.pending?.wasTold = wasTold || ledger.lease.reason != Lease.tending
        try await ledger.write([.putFleet(record), event(reason, begun.instance)])
        return .unsure(reason: reason)
    }

    mutating func lose(_ begun: Preparation.Begun, _ step: BeforeDefinition) async throws -> Ending {
        var next = preparation
        next.begun = nil
        try await ledger.write([.putPreparation(release.number, next)])
        throw FleetError(
            .platform,
            "nobody saw how \(step.title) ended, which runs before the rollout of release \(release.number)",
            causes: ["its supervisor or its records are gone"],
            hint: "kiln resume \(ledger.name) runs it again"
        )
    }

    mutating func notePause(_ step: BeforeDefinition) async throws {
        // Whoever drives the fleet next goes on with it unasked.
        if await ledger.isLeft(by: driver.stop) { return }
        var record = ledger.record
        var pending = record.pending ?? PendingRelease(release.number, step, since: driver.clock.time)
        pending.pause()
        record.pending = pending
        if record.rollout.isUnfinished { record.rollout.pause() }
        try await ledger.write([.putFleet(record)])
    }

    func remove(_ id: InstanceID) async throws {
        let (platform, fleet, token) = (platform, ledger.name, ledger.lease.token)
        try await ledger.keepingLease {
            try await platform.destroy(id, of: fleet, token: token)
        }
    }

    func output(_ lines: [String], _ id: InstanceID) -> [FleetEdit] {
        lines.map { event("| \($0)", id) }
    }

    func event(_ message: String, _ id: InstanceID) -> FleetEdit {
        ledger.event(
            .rolloutBefore,
            "release \(release.number): \(message)",
            instance: id,
            release: release.number
        )
    }

    mutating func tell(_ message: String, _ id: InstanceID) async throws {
        try await ledger.write([event(message, id)])
    }
}
