import KilnRollout
import KilnSystem

/// What a run knows of the instances beside what is written down: how they look, how they answer, what is under way.
struct InstanceView: Sendable {
    /// A verdict that changed.
    enum News: Sendable {
        case healthy
        case unhealthy(reason: String)
    }

    /// When this run began, or could see again after it could not.
    private var began: BootInstant
    private(set) var observations: [InstanceID: InstanceObservation] = [:]
    private(set) var trackers: [InstanceID: HealthTracker] = [:]
    private var watchedSince: [InstanceID: BootInstant] = [:]
    private var drainingSince: [InstanceID: BootInstant] = [:]
    private var probes: [InstanceID: BootInstant] = [:]
    private var probing: Set<InstanceID> = []
    private var paces: [InstanceID: ProbePace] = [:]
    /// When those were started that had requests when this run first saw them, or were kept warm, and have been well since.
    private var servedFrom: [InstanceID: BootInstant] = [:]
    private var busy: Set<InstanceID> = []
    private var retries: [InstanceID: BootInstant] = [:]
    /// How often in a row what was asked of them failed.
    private var failures: [InstanceID: Int] = [:]
    private var keys: [InstanceID: InstanceKey] = [:]
    private var ids: [InstanceKey: InstanceID] = [:]
    /// What became of instances that never came up.
    private var unmade: [InstanceID: InstanceState.Process] = [:]
    private var troubles: [InstanceID: String] = [:]
    private var notedFailures: Set<InstanceID> = []
    /// Seen in this run, or made by it.
    private var met: Set<InstanceID> = []
    /// Whether something was done, or a look failed, since the last look.
    var isStale = true

    init(began: BootInstant) {
        self.began = began
    }

    /// Whether no operation is under way.
    var isIdle: Bool { busy.isEmpty }
    var busyCount: Int { busy.count }

    var nextProbe: BootInstant? {
        (probes.filter { !probing.contains($0.key) }.map(\.value) + retries.values).min()
    }

    func id(of key: InstanceKey) -> InstanceID? { ids[key] }

    /// Whether every instance that runs, and is to, has answered often enough for a verdict.
    func isKnown(of instances: [InstanceID: InstanceRecord]) -> Bool {
        instances.allSatisfy { id, record in
            guard case .running = observations[id]?.process, !record.isStopping else { return true }
            return trackers[id].map { $0.verdict != .unknown } ?? false
        }
    }

    mutating func take(
        _ seen: [InstanceObservation],
        recorded: [InstanceID: InstanceRecord],
        now: BootInstant
    ) {
        isStale = false
        observations = Dictionary(seen.map { ($0.spec.id, $0) }) { first, _ in first }
        for observation in seen {
            let id = observation.spec.id
            if case .draining = observation.traffic {
                drainingSince[id] = drainingSince[id] ?? now
            } else {
                drainingSince[id] = nil
            }
            // What ended while nobody watched, as in a reboot, says nothing about its release.
            if met.insert(id).inserted { meet(observation, recorded[id]) }
            guard case .running = observation.process, recorded[id]?.isStopping == false else {
                probes[id] = nil
                continue
            }
            if trackers[id] == nil {
                let content = observation.spec.release.content
                trackers[id] = HealthTracker(content.health)
                paces[id] = ProbePace(interval: content.probeInterval)
                watchedSince[id] = max(began, observation.started ?? began)
                probes[id] = now
            }
        }
        for id in Array(keys.keys) where recorded[id] == nil { forget(id) }
    }

    private mutating func meet(_ observation: InstanceObservation, _ record: InstanceRecord?) {
        if case .exited = observation.process { notedFailures.insert(observation.spec.id) }
        if observation.traffic == .ready || record?.asideIn != nil {
            servedFrom[observation.spec.id] = observation.started
        }
    }

    /// Nobody knows how what was never healthy did meanwhile: it gets that time in addition.
    mutating func discount(from start: BootInstant, to now: BootInstant) {
        began = now
        for (id, since) in watchedSince where trackers[id]?.wasHealthy != true {
            watchedSince[id] = min(now, since.advanced(by: max(since, start).duration(to: now)))
        }
    }

    mutating func take(_ result: ProbeResult, of id: InstanceID, now: BootInstant) -> News? {
        probing.remove(id)
        guard var tracker = trackers[id], probes[id] != nil else { return nil }
        let before = tracker.verdict
        var pace = paces[id] ?? ProbePace(interval: .seconds(1))
        if pace.counts(result, wasHealthy: tracker.wasHealthy, at: now) {
            tracker.record(result, at: now.instant)
        }
        trackers[id] = tracker
        probes[id] = now.advanced(by: pace.pause(after: result, wasHealthy: tracker.wasHealthy))
        paces[id] = pace
        switch (before, tracker.verdict) {
        case (.passing, .passing), (.failing, .failing), (_, .unknown): return nil
        case (_, .passing): return .healthy
        case (_, .failing(_, let reason)):
            servedFrom[id] = nil
            return .unhealthy(reason: reason)
        }
    }

    func hasTraffic(_ id: InstanceID) -> Bool { observations[id]?.traffic == .ready }

    /// The instances to ask now; they count as asked.
    mutating func dueProbes(now: BootInstant) -> [InstanceObservation] {
        let due = probes.filter { $0.value <= now && !probing.contains($0.key) }.keys.sorted()
        probing.formUnion(due)
        return due.compactMap { observations[$0] }
    }

    mutating func begin(_ id: InstanceID) {
        busy.insert(id)
        met.insert(id)
    }

    mutating func end(_ id: InstanceID, retryAt: BootInstant? = nil) {
        busy.remove(id)
        retries[id] = retryAt
        failures[id] = retryAt == nil ? nil : (failures[id] ?? 0) + 1
        isStale = true
    }

    mutating func couldNotMake(_ id: InstanceID, _ end: InstanceState.Process) {
        unmade[id] = end
    }

    /// Whether this is news: the same trouble with the same instance is told once.
    mutating func isFirstTrouble(_ id: InstanceID, _ failure: String) -> Bool {
        defer { troubles[id] = failure }
        return troubles[id] != failure
    }

    /// Nobody waits any more for what was asked of it.
    private func isStuck(_ id: InstanceID) -> Bool { failures[id].map { $0 >= FleetRun.patience } ?? false }

    /// Those that nobody waits for any more, each with what went wrong.
    var stuck: [InstanceID: String] { troubles.filter { isStuck($0.key) } }

    mutating func noteFailure(_ id: InstanceID) {
        notedFailures.insert(id)
    }

    mutating func key(of id: InstanceID) -> InstanceKey {
        if let key = keys[id] { return key }
        let key = InstanceKey(ids.count + 1)
        keys[id] = key
        ids[key] = id
        return key
    }

    private mutating func forget(_ id: InstanceID) {
        // Its key stays known: keys are never given twice.
        keys[id] = nil
        trackers[id] = nil
        watchedSince[id] = nil
        drainingSince[id] = nil
        probes[id] = nil
        paces[id] = nil
        servedFrom[id] = nil
        retries[id] = nil
        failures[id] = nil
        unmade[id] = nil
        troubles[id] = nil
        notedFailures.remove(id)
        met.remove(id)
    }

    /// The instance as the planner sees it.
    mutating func state(of record: InstanceRecord, now: BootInstant) -> InstanceState {
        let id = record.id
        let seen = observations[id]
        let tracker = trackers[id]
        let waits = retries[id].map { $0 > now } ?? false
        if !waits { retries[id] = nil }
        return InstanceState(
            key: key(of: id),
            slot: record.slot,
            release: record.release.key,
            process: process(of: id),
            health: seen == nil ? .unknown : tracker?.verdict ?? .unknown,
            traffic: traffic(of: id, now: now),
            weight: seen?.weight ?? InstanceState.fullWeight,
            watchedSince: (watchedSince[id] ?? now).instant,
            wasHealthy: tracker?.wasHealthy == true
                || (seen != nil && seen?.traffic != InstanceObservation.Traffic.none),
            servedFrom: servedFrom[id]?.instant,
            isBusy: busy.contains(id) || waits,
            isStuck: isStuck(id),
            isStopping: record.isStopping,
            isCondemned: record.condemned != nil,
            failureNoted: notedFailures.contains(id),
            madeIn: record.madeIn,
            asideIn: record.asideIn
        )
    }

    private func process(of id: InstanceID) -> InstanceState.Process {
        if let end = unmade[id] { return end }
        switch observations[id]?.process {
        case .running: return .running
        case .exited(let status):
            return .ended(reason: status.map { "exited with status \($0)" } ?? "ended")
        case .incomplete, nil: return .planned
        }
    }

    private func traffic(of id: InstanceID, now: BootInstant) -> InstanceState.Traffic {
        switch observations[id]?.traffic {
        case .ready: .ready
        case .draining(let sessions):
            .draining(sessions: sessions, since: (drainingSince[id] ?? now).instant)
        case .some(.none), nil: .none
        }
    }
}
