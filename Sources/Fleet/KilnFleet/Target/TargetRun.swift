import KilnDefinition
import KilnRollout
import KilnSystem

/// One stretch of work under one lease on a fleet whose steps an engine decides: observes, judges, writes down, tells the
/// engine one thing at a time, until there is an outcome or a stop is requested.
struct TargetRun: Sendable {
    private static let interval = FleetRun.observeInterval

    private let target: any ReleaseTarget
    private let clock: any FleetClock
    private let stop: StopSignal
    private let judge = TargetJudge()
    private let policy: RolloutPolicy
    private var ledger: Ledger
    private var engine: EngineState?
    private var shortage = Shortage()
    private var outcome: Outcome?
    private var refusal: Refusal?
    private var refusals = 0
    private var sight: Sight
    private var renewDue: BootInstant

    init(_ ledger: Ledger, _ driver: FleetDriver, on target: any ReleaseTarget, policy: RolloutPolicy) {
        self.ledger = ledger
        self.target = target
        self.policy = policy
        clock = driver.clock
        stop = driver.stop
        sight = Sight(began: driver.clock.now)
        renewDue = driver.clock.now.advanced(by: Lease.renewal)
    }

    mutating func run() async throws -> (FleetRun.Ending, Ledger) {
        while true {
            if clock.now >= renewDue { try await renew() }
            let isSeen = try await look()
            if stop.isRequested || Task.isCancelled {
                if let outcome { return (.outcome(outcome), ledger) }
                if await ledger.isLeft(by: stop) { return (.left, ledger) }
                try await pause()
                return (.stopped, ledger)
            }
            if isSeen {
                let action = try await decide()
                if let outcome, action == nil || refusals >= FleetRun.patience {
                    return (.outcome(outcome), ledger)
                }
                if let action {
                    try await perform(action)
                } else if judge.isSettled(state, now: clock.now.instant) {
                    return (.settled, ledger)
                }
            }
            try? await clock.sleep(until: clock.now.advanced(by: Self.interval))
        }
    }

    /// Has the engine stand still, where that is what is written down; what it does by then is not waited for.
    mutating func hold() async throws {
        guard ledger.record.rollout.isHalted else { return }
        while try await !look() {
            if clock.now >= renewDue { try await renew() }
            try await clock.sleep(until: clock.now.advanced(by: Self.interval))
        }
        if let action = judge.judge(state, now: clock.now.instant).first { try await call(action) }
    }

    private var state: TargetState {
        let record = ledger.record
        return TargetState(
            fleet: FleetState(
                wanted: record.policy.instances,
                policy: policy,
                isBalanced: record.policy.listen != nil,
                rollout: record.rollout,
                quarantined: Set(
                    ledger.releases.values.filter { $0.quarantine != nil }.map(\.number.key)
                ),
                refusal: refusal
            ),
            engine: engine,
            abilities: target.abilities,
            condemned: Set(
                ledger.instances.values.filter { $0.condemned != nil }
                    .map { EngineInstanceID($0.id.description) }
            ),
            shortage: shortage.since(record.rollout.progress)
        )
    }

    /// False when nothing could be seen; trouble that lasts ends the run.
    private mutating func look() async throws -> Bool {
        do {
            engine = try await target.observe(ledger.name)
            shortage.note(engine, now: clock.now.instant)
        } catch {
            sight.failed()
            if error is CancellationError || sight.failures >= FleetRun.patience { throw error }
            if sight.failures == 1 {
                let message = "could not look at the instances, trying again: \(FleetRun.words(error))"
                try await ledger.write([ledger.event(.platformTrouble, message)])
            }
            return false
        }
        var record = ledger.record
        if let start = sight.succeeded(at: clock.now) {
            record.rollout.discount(from: start.instant, to: clock.now.instant)
        }
        // The engine has the instances; only those to be replaced are written down, for as long as they are there.
        let there = Set(engine?.instances.map(\.id.description) ?? [])
        let gone = ledger.instances.values.filter {
            !there.contains($0.id.description) || $0.condemned == nil
        }
        .map(\.id).sorted()
        var edits = gone.map(FleetEdit.removeInstance)
        if record != ledger.record { edits.append(.putFleet(record)) }
        try await ledger.write(edits)
        return true
    }

    /// Writes down what is judged until there is only something to tell the engine, and gives that.
    private mutating func decide() async throws -> TargetAction? {
        for _ in 0..<1000 {
            var state = state
            let now = clock.now.instant
            let actions = judge.judge(state, now: now)
            let changes = actions.compactMap { if case .change(let change) = $0 { change } else { nil } }
            if changes.isEmpty { return actions.first }
            var edits: [FleetEdit] = []
            var record = ledger.record
            for change in changes {
                if case .quarantine(let release, let reason) = change {
                    record.evidence = await evidence(of: release.releaseNumber, reason) ?? record.evidence
                }
                edits += ledger.edits(for: change, state.fleet)
                state.fleet.apply(change, now: now)
                if case .finish(let outcome) = change { self.outcome = outcome }
            }
            record.rollout = state.fleet.rollout
            try await ledger.write([.putFleet(record)] + edits)
            // An engine goes on by itself with what failed, until it is told to stand still.
            guard let outcome else { continue }
            if case .frozen = outcome { return judge.judge(self.state, now: now).first }
            return nil
        }
        throw FleetError(.platform, "fleet \(ledger.name): the judge does not come to an end")
    }

    /// The last words of an instance of the release that is unwell.
    private func evidence(of release: ReleaseNumber, _ reason: String) async -> FailureEvidence? {
        let own = engine?.instances.filter { $0.release == release.key && $0.health != .available } ?? []
        guard let instance = own.max(by: { ($0.ends, $1.id) < ($1.ends, $0.id) }) else { return nil }
        let lines = (try? await target.logLines(instance.id, of: ledger.name, last: 20)) ?? []
        return FailureEvidence(
            instance: InstanceID(instance.id.description),
            release: release,
            reason: reason,
            logLines: lines,
            time: clock.time
        )
    }

    /// One call. What is refused is tried again later, each time after twice as long.
    private mutating func perform(_ action: TargetAction) async throws {
        // A long call must not outlast the lease.
        try await renew()
        do {
            try await call(action)
            (refusal, refusals) = (nil, 0)
        } catch let error as CancellationError {
            throw error
        } catch {
            // A platform that refuses may do so because another driver took over.
            try await renew()
            refusals += 1
            let delay = Duration.seconds(1 << min(refusals - 1, 5))
            let reason = FleetRun.words(error)
            refusal = Refusal(until: clock.now.advanced(by: delay).instant, reason: reason)
            guard refusals == 1 else { return }
            let message = "the platform refused to \(action.word), trying again: \(reason)"
            return try await ledger.write([ledger.event(.platformTrouble, message)])
        }
        if let (kind, message, release) = action.news {
            try await ledger.write([ledger.event(kind, message, release: release)])
        }
    }

    private func call(_ action: TargetAction) async throws {
        let (fleet, token) = (ledger.name, ledger.lease.token)
        switch action {
        case .change: break
        case .submit(let submission): try await target.submit(order(submission), token: token)
        case .revert(let submission): try await target.revert(to: order(submission), token: token)
        case .pause: try await target.pause(fleet, token: token)
        case .resume: try await target.resume(fleet, token: token)
        case .cancel: try await target.cancel(fleet, token: token)
        case .scale(let instances): try await target.scale(fleet, to: instances, token: token)
        case .retire(let id): try await target.retire(id, of: fleet, token: token)
        case .remove: try await target.remove(fleet, token: token)
        }
    }

    private func order(_ submission: Submission) throws -> ReleaseOrder {
        let number = submission.release.releaseNumber
        guard let release = ledger.release(number) else {
            throw FleetError.unknownRelease(number, of: ledger.name)
        }
        let policy = ledger.record.policy
        return ReleaseOrder(
            release: release,
            submission: submission,
            policy: EnginePolicy(self.policy, wanted: policy.instances),
            settings: FleetSettings(fleet: ledger.name, listen: policy.listen, isNeeded: policy.isNeeded)
        )
    }

    private mutating func renew() async throws {
        let expires = clock.now.advanced(by: Lease.duration)
        try await ledger.store.renewLease(ledger.lease, until: expires)
        ledger.renewed(until: expires)
        renewDue = clock.now.advanced(by: Lease.renewal)
    }

    /// Written down first: whoever drives the fleet next keeps the engine where it is.
    private mutating func pause() async throws {
        let edits = ledger.pauseEdits()
        guard !edits.isEmpty else { return }
        try await ledger.write(edits)
        if let action = judge.judge(state, now: clock.now.instant).first { try? await call(action) }
    }
}

extension TargetAction {
    fileprivate var word: String {
        switch self {
        case .change: "change"
        case .submit(let submission): "take release \(submission.release)"
        case .revert(let submission): "go back to release \(submission.release)"
        case .pause: "pause"
        case .resume: "go on"
        case .cancel: "end its rollout"
        case .scale(let instances): "scale to \(instances) instances"
        case .retire(let id): "replace instance \(id)"
        case .remove: "remove the fleet"
        }
    }

    /// What people want to read of it.
    fileprivate var news: (FleetEvent.Kind, message: String, release: ReleaseNumber?)? {
        switch self {
        case .submit(let submission):
            (
                .releaseSubmitted, "release \(submission.release) is submitted",
                submission.release.releaseNumber
            )
        case .revert(let submission):
            (
                .releaseSubmitted, "release \(submission.release) is submitted again",
                submission.release.releaseNumber
            )
        case .retire(let id): (.instanceLeaving, "instance \(id) is replaced", nil)
        case .change, .pause, .resume, .cancel, .scale, .remove: nil
        }
    }
}
