import KilnDefinition
import KilnRollout
import KilnSystem

// One-shot work before a rollout.
extension FleetDriver {
    /// Does what is left of the release's work; nil once its rollout may begin.
    ///
    /// Each command runs once for a release, however often that is deployed or gone back to.
    func prepare(
        _ number: ReleaseNumber,
        _ options: Options,
        _ ledger: inout Ledger
    ) async throws -> DeployOutcome? {
        try await clearFailed(&ledger)
        if let pending = ledger.record.pending {
            if pending.release != number {
                try await refuseCuttingOff(pending, ledger)
                try await giveUp(pending, &ledger)
            } else if pending.isPausedByPerson {
                let reason = "the work before it is paused: kiln resume \(ledger.name)"
                return .waiting(number, reason: reason)
            }
        }
        try await ledger.load([number])
        guard let release = ledger.release(number), let work = release.content.before, !work.isEmpty,
            ledger.releases[number]?.preparation?.finished == nil
        else {
            if ledger.record.pending != nil { try await removeOneShots(ledger) }
            return nil
        }
        guard case .instances(let platform) = role else { throw FleetError.noWorkBefore(ledger.name) }
        try await ledger.converge(platform)
        var run = BeforeRun(self, on: platform, ledger, release, work, mayRepeat: options.repeatsUnseen)
        let ending: BeforeRun.Ending
        do {
            ending = try await run.run()
        } catch let error as BeforeRun.Unstartable {
            ending = try await run.fail(error.begun, "could not be started: \(error.reason)", [])
        }
        ledger = run.ledger
        let serving = ledger.record.rollout.target?.releaseNumber
        switch ending {
        case .done: return nil
        case .paused: return await ledger.isLeft(by: stop) ? .left(number) : .paused(number)
        case .failed(let reason):
            let failure = DeployOutcome.Failure(reason: reason, evidence: ledger.record.evidence)
            return .unready(number, serving: serving, failure)
        case .unsure(let reason): return .unsure(number, serving: serving, reason: reason)
        }
    }

    /// Goes on with a release whose work was cut off, paused, or left to a person; nil when there is none, or its rollout
    /// began.
    func takeUpPending(_ options: Options, _ ledger: inout Ledger) async throws -> DeployOutcome? {
        try await clearFailed(&ledger)
        guard let pending = ledger.record.pending else { return nil }
        if pending.isPaused {
            var record = ledger.record
            record.pending?.resume()
            try await ledger.write([.putFleet(record)])
        }
        if let ending = try await prepare(pending.release, options, &ledger) { return ending }
        try await aim(at: pending.release, &ledger)
        return nil
    }

    /// nil when no work is under way or to come.
    func pausePending(_ ledger: inout Ledger) async throws -> DeployOutcome? {
        guard var pending = ledger.record.pending else { return nil }
        if pending.isReversible { try await removeOneShots(ledger) }
        if !pending.isPausedByPerson {
            pending.pause(byPerson: true)
            var record = ledger.record
            record.pending = pending
            if record.rollout.isUnfinished { record.rollout.pause(byPerson: true) }
            let message = "the work before release \(pending.release) is paused"
            try await ledger.write([
                .putFleet(record), ledger.event(.rolloutPaused, message, release: pending.release),
            ])
        }
        let rest = pending.isReversible ? "" : "; \(pending.work) cannot be undone and goes on to its end"
        return .halted(reason: "the rollout to release \(pending.release) is paused before it began\(rest)")
    }

    /// Ends the work, whatever it is at; nil when there is none.
    func abortPending(_ ledger: inout Ledger) async throws -> DeployOutcome? {
        guard let pending = ledger.record.pending else { return nil }
        try await giveUp(pending, &ledger)
        let serving = ledger.record.rollout.target.map { "; release \($0) runs on" } ?? ""
        return .halted(
            reason: "the rollout to release \(pending.release) is given up before it began\(serving)"
        )
    }

    /// What was begun stays written down where it cannot be undone: nobody runs it again unasked.
    func giveUp(_ pending: PendingRelease, _ ledger: inout Ledger) async throws {
        try await removeOneShots(ledger)
        var record = ledger.record
        record.pending = nil
        var edits: [FleetEdit] = [.putFleet(record)]
        if pending.isReversible, var preparation = ledger.releases[pending.release]?.preparation {
            preparation.begun = nil
            edits.append(.putPreparation(pending.release, preparation))
        }
        let message = "the rollout to release \(pending.release) is given up before it began"
        try await ledger.write(edits + [ledger.event(.rolloutAborted, message, release: pending.release)])
    }

    /// Only a person who asks for that, or for the fleet's end, cuts off what cannot be undone.
    private func refuseCuttingOff(_ pending: PendingRelease, _ ledger: Ledger) async throws {
        guard !pending.isReversible, case .instances(let platform) = role else { return }
        let isThere = try await platform.oneShots(of: ledger.name).contains { shot in
            switch shot.process {
            case .running, .exited(status: .some): shot.spec.release.number == pending.release
            case .exited(status: nil), .incomplete: false
            }
        }
        if isThere { throw FleetError.underWay(pending, of: ledger.name) }
    }

    /// Removes what is left of work whose failure is written down.
    private func clearFailed(_ ledger: inout Ledger) async throws {
        guard ledger.record.pending?.failure != nil else { return }
        try await removeOneShots(ledger)
        var record = ledger.record
        record.pending = nil
        try await ledger.write([.putFleet(record)])
    }

    /// Ends and removes one-shot work that runs, or was left behind.
    func removeOneShots(_ ledger: Ledger, except kept: InstanceID? = nil) async throws {
        guard case .instances(let platform) = role else { return }
        for shot in try await platform.oneShots(of: ledger.name) where shot.spec.id != kept {
            let (id, fleet, token) = (shot.spec.id, ledger.name, ledger.lease.token)
            try await ledger.keepingLease { try await platform.destroy(id, of: fleet, token: token) }
        }
    }
}
