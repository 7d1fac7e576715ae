import KilnDefinition
package import KilnRollout
package import KilnSystem

/// One stretch of work on a fleet under one lease: observes, asks the planner, writes down, carries out, until the
/// planner has come to an outcome or a stop is requested.
actor FleetRun {
    enum Ending: Sendable {
        case outcome(Outcome)
        /// All is as it shall be, and was when the run began.
        case settled
        case stopped
        /// Stopped without a pause.
        case left
        /// A person has to say how it goes on.
        case waiting(reason: String)
    }

    enum Report: Sendable {
        case timer(BootInstant)
        case stopRequested
        /// An instance of the fleet ended, or nobody will tell of that.
        case ended(isTold: Bool)
        case done(Operation, InstanceID, Failure?)
        case probed(InstanceID, ProbeResult)
    }

    /// Why a call of the platform did not succeed.
    struct Failure: Sendable {
        let reason: String
        let isOfRelease: Bool
    }

    enum Operation: Sendable {
        case create
        /// With its part in the requests, and whether it had one before.
        case route(weight: Int, again: Bool)
        case drain
        case detach
        case destroy
    }

    /// What of the fleet is looked after.
    enum Scope: Sendable, Hashable {
        case fleet
        /// Until this instance may be taken out of traffic.
        case until(InstanceID)
        /// Instances that people look at, and nothing else.
        case custody
    }

    static let observeInterval = Duration.seconds(1)
    static let convergeInterval = Duration.seconds(10)
    /// So many failures in a row of one thing, spaced by its interval, end a run.
    static let patience = 10
    /// The longest that a drive only measures: whoever collects what the store does not need waits for it.
    static let longestWatch = Duration.seconds(1800)

    let platform: any InstancePlatform
    let clock: any FleetClock
    let stop: StopSignal
    let planner: RolloutPlanner
    let makeSuffix: @Sendable () -> String
    let policy: RolloutPolicy
    let scope: Scope
    let isAlive: @Sendable (LeaseHolder) -> Bool
    var ledger: Ledger
    var view: InstanceView
    var outcome: Outcome?
    var refusal: Refusal?
    var relented: Instant?
    var refusals = 0
    var comparing: StepComparison?
    /// Enough was measured to say something, while a person is waited for.
    var hasMeasured = false
    /// Instances in quarantine that could not be cut off.
    var notIsolated: Set<InstanceID> = []
    private let began: BootInstant
    private var timerDue: BootInstant?
    private var renewDue: BootInstant
    private var observeDue: BootInstant
    private var convergeDue: BootInstant
    private var sight: Sight
    private var hasConverged = false
    private var convergeFailures = 0

    init(
        _ ledger: Ledger,
        _ driver: FleetDriver,
        on platform: any InstancePlatform,
        policy: RolloutPolicy,
        scope: Scope = .fleet
    ) {
        self.ledger = ledger
        self.policy = policy
        self.scope = scope
        isAlive = driver.isAlive
        self.platform = platform
        clock = driver.clock
        stop = driver.stop
        planner = driver.planner
        makeSuffix = driver.makeSuffix
        let now = driver.clock.now
        began = now
        view = InstanceView(began: now)
        sight = Sight(began: now)
        renewDue = now.advanced(by: Lease.renewal)
        observeDue = now
        convergeDue = now
    }

    /// Children that are still at work when the run ends by an error are cancelled and waited for.
    func run() async throws -> (Ending, Ledger) {
        try await withThrowingTaskGroup(of: Report.self) { group in
            defer { group.cancelAll() }
            let stop = stop
            group.addTask {
                await stop.wait()
                return .stopRequested
            }
            let ends = platform.ends()
            awaitEnd(among: ends, &group)
            while true {
                if let ending = try await step(&group) { return (ending, ledger) }
                // A cancelled task cannot sleep; what is under way ends by itself.
                if !Task.isCancelled { startTimer(&group) }
                guard let report = try await group.next() else { return (.stopped, ledger) }
                if case .ended(isTold: true) = report { awaitEnd(among: ends, &group) }
                try await take(report)
            }
        }
    }

    /// One look and the decisions that follow from it; an ending once nothing is under way any more.
    ///
    /// Nothing is decided on an old look: what is not seen would count as gone.
    private func step(_ group: inout ThrowingTaskGroup<Report, any Error>) async throws -> Ending? {
        try await keepUp()
        if let outcome { return view.isIdle ? .outcome(outcome) : nil }
        if stop.isRequested || Task.isCancelled {
            guard view.isIdle else { return nil }
            if scope == .custody { return .left }
            if await ledger.isLeft(by: stop) { return .left }
            try await pause()
            return .stopped
        }
        guard !view.isStale else {
            startProbes(&group)
            return nil
        }
        if scope == .custody { return try await stepInCustody(&group) }
        try await compare()
        let actions = try await decide()
        if hasTaken { return view.isIdle ? .left : nil }
        if outcome != nil { return view.isIdle ? outcome.map { .outcome($0) } : nil }
        try await begin(actions, in: &group)
        startProbes(&group)
        if isSettled { return .settled }
        guard actions.isEmpty, view.isIdle else { return nil }
        let now = clock.now
        let state = state(now: now)
        guard let reason = planner.waitsForPerson(state, now: now.instant) else { return nil }
        // Nobody waits for the end of a drive that a controller began by itself: it measures, and the next one does.
        let measures = ledger.lease.isTending && planner.comparison(state, now: now.instant) != nil
        if measures, !hasMeasured, began.duration(to: now) < Self.longestWatch { return nil }
        return .waiting(reason: reason)
    }

    /// Renews the lease, restores what the fleet's instances share, and looks at the instances, each when it is due.
    private func keepUp() async throws {
        let now = clock.now
        if now >= renewDue {
            try await renew()
            renewDue = now.advanced(by: Lease.renewal)
        }
        if now >= convergeDue, view.isIdle, scope != .custody {
            try await converge()
            convergeDue = clock.now.advanced(by: Self.convergeInterval)
        }
        if now >= observeDue || (view.isStale && sight.failures == 0) {
            try await observe()
            observeDue = clock.now.advanced(by: Self.observeInterval)
        }
    }

    /// The first one has to succeed: without a network and a balancer no instance can come up.
    private func converge() async throws {
        do {
            try await ledger.converge(platform)
            hasConverged = true
            convergeFailures = 0
            try await write(ledger.renewCertificates(platform))
        } catch {
            guard hasConverged else { throw error }
            convergeFailures += 1
            try await bear(error, "restore the network and the balancer", failures: convergeFailures)
        }
    }

    private func observe() async throws {
        let observations: [InstanceObservation]
        do {
            observations = try await platform.observe(ledger.name)
        } catch {
            view.isStale = true
            sight.failed()
            return try await bear(error, "look at the instances", failures: sight.failures)
        }
        try await regainSight()
        for stranger in observations where ledger.instances[stranger.spec.id] == nil {
            try await write(adoption(of: stranger))
        }
        try await write(observations.flatMap { orphaning(of: $0) })
        try await endAbandoned()
        try await isolate(observations)
        view.take(observations, recorded: ledger.instances, now: clock.now)
    }

    /// No deadline runs while nothing can be seen.
    private func regainSight() async throws {
        let now = clock.now
        guard let start = sight.succeeded(at: now) else { return }
        view.discount(from: start, to: now)
        var record = ledger.record
        record.rollout.discount(from: start.instant, to: now.instant)
        if record != ledger.record { try await write([.putFleet(record)]) }
    }

    /// Trouble that may pass is told once and tried again, so many times in a row.
    private func bear(_ error: any Error, _ what: String, failures: Int) async throws {
        if error is CancellationError || failures >= Self.patience { throw error }
        // A platform that refuses may do so because another driver took over.
        try await renew()
        guard failures == 1 else { return }
        let message = "could not \(what), trying again: \(Self.words(error))"
        try await write([ledger.event(.platformTrouble, message)])
    }

    private var isSettled: Bool {
        view.isIdle && view.isKnown(of: ledger.instances)
            && planner.isSettled(state(now: clock.now), now: clock.now.instant)
    }

    private func startTimer(_ group: inout ThrowingTaskGroup<Report, any Error>) {
        let now = clock.now
        var due = min(renewDue, observeDue)
        if let moment = nextMoment(now) { due = min(due, moment) }
        due = max(due, now)
        if let timerDue, timerDue <= due, timerDue > now { return }
        timerDue = due
        let clock = clock
        group.addTask {
            try? await clock.sleep(until: due)
            return .timer(due)
        }
    }

    /// When there is something to decide, or to ask; never once the run only waits for what is under way.
    private func nextMoment(_ now: BootInstant) -> BootInstant? {
        guard outcome == nil, !stop.isRequested else { return nil }
        // Of other instances nothing is decided, so that no moment of theirs counts.
        let state = state(now: now)
        if scope == .custody { return planner.custodyMoment(state, now: now.instant)?.bootInstant }
        let decision = planner.nextMoment(state, now: now.instant)?.bootInstant
        return [decision, view.nextProbe, comparing?.due].compactMap(\.self).min()
    }

    private func startProbes(_ group: inout ThrowingTaskGroup<Report, any Error>) {
        let platform = platform
        for observation in view.dueProbes(now: clock.now) {
            group.addTask { .probed(observation.spec.id, await platform.probe(observation)) }
        }
    }

    private func awaitEnd(
        among ends: AsyncStream<FleetName>,
        _ group: inout ThrowingTaskGroup<Report, any Error>
    ) {
        let fleet = ledger.name
        group.addTask {
            for await ended in ends where ended == fleet { return .ended(isTold: true) }
            return .ended(isTold: false)
        }
    }

    private func take(_ report: Report) async throws {
        switch report {
        case .ended(let isTold): if isTold { observeDue = clock.now }
        case .timer(let due): if due == timerDue { timerDue = nil }
        case .stopRequested: break
        case .probed(let id, let result):
            if let news = view.take(result, of: id, now: clock.now) { try await note(news, of: id) }
        case .done(let operation, let id, let failure): try await finish(operation, id, failure)
        }
    }

    /// All or nothing, in the store and in the ledger.
    func write(_ edits: [FleetEdit]) async throws {
        guard !edits.isEmpty else { return }
        let explained = ledger.explained(edits)
        ledger.adopt(explained, try await ledger.store.commit(explained, under: ledger.lease))
    }

    func renew() async throws {
        let expires = clock.now.advanced(by: Lease.duration)
        try await ledger.store.renewLease(ledger.lease, until: expires)
        ledger.renewed(until: expires)
    }

    private func pause() async throws { try await write(ledger.pauseEdits()) }
}

extension BootInstant {
    package var instant: Instant { Instant(nanoseconds: nanoseconds) }
}

extension Instant {
    package var bootInstant: BootInstant { BootInstant(nanoseconds: nanoseconds) }
}
