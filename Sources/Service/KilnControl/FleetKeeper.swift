import KilnDefinition
import KilnDrift
import KilnFleet
import KilnRollout
import KilnSystem

/// What the controller knows of one fleet, and what it decides from that.
struct FleetKeeper: Sendable {
    enum Activity: Sendable {
        case none
        case looking
        /// Waits for its turn.
        case queued(Tending)
        case driving(StopSignal)
    }

    private static let longestPause = 60
    /// A person who interrupts has something to say.
    static let courtesy = Duration.seconds(3)

    var record: FleetRecord
    var instances: [InstanceRecord]
    var activity = Activity.none
    var health = HealthWatch()
    private var hasLooked = false
    /// Whether it was looked at, or could not be.
    private(set) var wasReached = false
    private var slots = SlotHistory()
    private var hadTraffic: Set<InstanceID> = []
    private var wasRunning: Set<InstanceID> = []
    private var toldEnded: Set<InstanceID> = []
    /// Those of the newest decision, which count as told once that was carried out.
    private var telling: Set<InstanceID> = []
    /// Nothing is driven before.
    private var heldUntil: BootInstant?
    /// Whether that is only so that a drive that achieves nothing is not repeated at once.
    private var isPaced = false
    /// Those to blame for the last drive.
    private var answered: Set<InstanceID> = []
    /// Drives since the fleet was last found as it should be.
    private var drives = 0
    /// The trouble that was told last, until it is over.
    private var trouble: String?
    private var drift = DriftWatch()
    /// When an instance last was to go for its age, or the fleet was first looked at.
    private var agedOut: BootInstant?

    /// Whether a process that has tools joined to an instance still runs.
    private let isAlive: @Sendable (LeaseHolder) -> Bool

    init(
        _ record: FleetRecord,
        _ instances: [InstanceRecord],
        isAlive: @escaping @Sendable (LeaseHolder) -> Bool = { $0.isAlive }
    ) {
        self.isAlive = isAlive
        self.record = record
        self.instances = instances
    }

    var name: FleetName { record.name }

    /// Whether driving it is measuring until a person speaks, which may take days.
    var measures: Bool { record.isComparedWhileWaiting(isBalanced: record.policy.listen != nil) }

    /// What to do after a look; nil is nothing.
    mutating func decide(
        _ seen: [InstanceObservation],
        hasNewCertificates: Bool = false,
        now: BootInstant,
        time: Int64
    ) -> Tending? {
        let look = FleetLook(
            record,
            instances,
            seen: seen,
            unwell: health.unwell,
            hadTraffic: hadTraffic,
            isFirst: !hasLooked,
            hasNewCertificates: hasNewCertificates,
            isOver: isOver(at: time)
        )
        (hasLooked, wasReached) = (true, true)
        health.take(seen, isBalanced: look.isBalanced, now: now)
        remember(seen, now)
        let due = look.due()
        for due in due where due.isFailure {
            guard let id = due.instance, let slot = due.slot else { continue }
            if due.isEnd, hasProven(seen.first { $0.spec.id == id }, look.isBalanced, now) {
                slots.forgive(id, slot: slot)
            } else {
                slots.note(id, slot: slot, due.reason.words, now: now)
            }
        }
        if let heldUntil, now < heldUntil, !(isPaced && isNews(due)) { return nil }
        guard due.isEmpty else { return tending(due, now) }
        if let aged = aged(now, time) { return Tending(condemned: aged, isOfAge: true) }
        drives = 0
        heldUntil = nil
        return nil
    }

    private func isOver(at time: Int64) -> Set<InstanceID> {
        Set(instances.filter { $0.debug?.isOver(at: time, isAlive) ?? false }.map(\.id))
    }

    /// Whether it served for as long as makes an instance available: its end says little about what it is made of.
    private func hasProven(_ seen: InstanceObservation?, _ isBalanced: Bool, _ now: BootInstant) -> Bool {
        guard let seen, let started = seen.started else { return false }
        let served = isBalanced ? hadTraffic : wasRunning
        return served.contains(seen.spec.id)
            && started.advanced(by: record.policy.rollout.minHealthy) <= now
    }

    /// Whether an instance is gone that was there when the fleet was last driven.
    private func isNews(_ due: [Due]) -> Bool {
        due.contains { due in due.isEnd && due.instance.map { !answered.contains($0) } ?? false }
    }

    /// Waits while nothing is due but what failed, in places that lose their instances again and again.
    private mutating func tending(_ due: [Due], _ now: BootInstant) -> Tending? {
        let isWaiting = due.allSatisfy { due in
            due.isFailure && due.slot.map { slots.waits($0, now: now) } ?? false
        }
        if isWaiting { return nil }
        answered = Set(due.filter(\.isFailure).compactMap(\.instance))
        var ended: [InstanceID: String] = [:]
        for due in due {
            guard case .ended = due.reason, let id = due.instance, wasRunning.contains(id),
                !toldEnded.contains(id)
            else { continue }
            ended[id] = due.reason.words
        }
        telling = Set(ended.keys)
        return Tending(ended: ended, failures: slots.failures)
    }

    private mutating func remember(_ seen: [InstanceObservation], _ now: BootInstant) {
        let known = Set(instances.map(\.id))
        for observation in seen {
            if case .running = observation.process { wasRunning.insert(observation.spec.id) }
        }
        if seen.contains(where: { $0.traffic != .none }) {
            hadTraffic = Set(seen.filter { $0.traffic != .none }.map(\.spec.id))
        }
        hadTraffic.formIntersection(known)
        wasRunning.formIntersection(known)
        toldEnded.formIntersection(known)
        slots.forget(allBut: known, now: now)
    }

    private mutating func aged(_ now: BootInstant, _ time: Int64) -> [InstanceID: String]? {
        let last = agedOut ?? now
        agedOut = last
        guard let maxAge = record.policy.maxAge, record.rollout.phase == .steady, !record.rollout.isHalted,
            let oldest = AgeRule.overdue(
                instances,
                maxAge: maxAge,
                now: time,
                since: last.duration(to: now)
            )
        else { return nil }
        agedOut = now
        return [oldest.id: "older than \(DurationText.text(maxAge))"]
    }

    // MARK: Drives

    /// After a drive that ended without an error, whatever it achieved: one that achieves nothing is not repeated at once.
    mutating func drove(_ outcome: DeployOutcome, now: BootInstant) {
        activity = .none
        toldEnded.formUnion(telling)
        telling = []
        health.forget()
        drives += 1
        isPaced = false
        switch outcome {
        case .left, .paused: heldUntil = now.advanced(by: Self.courtesy)
        // The store is free for a moment, and measuring goes on.
        case .waiting where measures: heldUntil = now.advanced(by: Self.courtesy)
        case .degraded, .unchanged, .halted: heldUntil = now.advanced(by: pause(after: drives))
        default:
            heldUntil = drives > 1 ? now.advanced(by: pause(after: drives - 1)) : nil
            isPaced = true
        }
    }

    /// Whether the trouble is news.
    mutating func failed(_ message: String, now: BootInstant) -> Bool {
        activity = .none
        telling = []
        wasReached = true
        drives += 1
        heldUntil = now.advanced(by: pause(after: drives))
        isPaced = false
        defer { trouble = message }
        return trouble != message
    }

    /// Somebody else changes the fleet, or wants to.
    mutating func giveWay(for time: Duration, now: BootInstant) {
        activity = .none
        telling = []
        heldUntil = now.advanced(by: time)
        isPaced = false
    }

    /// What was told and is over by now; nil when nothing was.
    mutating func relief() -> String? {
        guard trouble != nil, drives == 0 else { return nil }
        trouble = nil
        return "the fleet is as it should be again"
    }

    private func pause(after drives: Int) -> Duration {
        .seconds(min(Self.longestPause, 1 << min(max(0, drives - 1), 6)))
    }

    // MARK: Drift

    /// Whether nothing is done with it, or about to be.
    var isQuiet: Bool {
        switch activity {
        case .none, .looking: true
        case .queued, .driving: false
        }
    }

    var driftDue: BootInstant { drift.due }

    /// Only of a fleet at rest: whoever changes it makes differences of his own.
    func wantsInspection(now: BootInstant) -> Bool {
        guard isQuiet, hasLooked, !record.rollout.isHalted, record.rollout.phase == .steady else {
            return false
        }
        return drift.due <= now
    }

    mutating func inspected(now: BootInstant, next interval: Duration) {
        drift.inspected(now: now, next: interval)
    }

    mutating func beginsInspection() { drift.begins() }

    /// Whether that the fleet cannot be looked at is news; nil once it can.
    mutating func inspectionFailed(_ message: String?) -> Bool { drift.hasNewTrouble(message) }

    /// When it is to be looked at because an instance wrote to its root.
    mutating func touched(now: BootInstant) -> BootInstant { drift.touched(now: now) }

    enum DriftAnswer: Sendable, Hashable {
        case nothing
        case tend(Tending)
        /// To be told now.
        case alert(String)
    }

    /// Whether it was not told before.
    mutating func tells(_ alert: String) -> Bool { drift.tells(alert) }

    mutating func lostAlert() { drift.lostAlert() }

    /// Places that were filled again and again wait, and so does what comes back although it was repaired.
    mutating func answer(_ report: DriftReport, now: BootInstant) -> DriftAnswer {
        let standing = instances.filter { !$0.isStopping && $0.condemned == nil }
        let policy = record.policy.drift
        let ids = Set(standing.map(\.id))
        switch DriftVerdict(report, standing: ids, isToldOnly: policy.respond == .alert) {
        case .nothing:
            drift.isOver()
            return .nothing
        case .alert(let message):
            if drift.isNews(message) { return .alert(message) }
            return drift.mayRepair(report.repairable, now: now) ? .tend(Tending()) : .nothing
        case .replace(let drifted):
            drift.isNews(nil)
            var condemned: [InstanceID: String] = [:]
            for instance in standing {
                guard let reason = drifted[instance.id] else { continue }
                slots.note(instance.id, slot: instance.slot, reason, now: now)
                if !slots.waits(instance.slot, now: now) { condemned[instance.id] = reason }
            }
            if !condemned.isEmpty {
                let response: Tending.DriftResponse =
                    policy.respond == .quarantine
                    ? .quarantine(seconds: max(1, policy.keep.components.seconds)) : .replace
                return .tend(Tending(condemned: condemned, drift: response, failures: slots.failures))
            }
            return drift.mayRepair(report.repairable, now: now) ? .tend(Tending()) : .nothing
        }
    }
}

extension Due.Reason {
    /// Why an instance is replaced, for people.
    var words: String {
        switch self {
        case .ended(let status?): "exited with status \(status)"
        case .ended(nil): "ended"
        case .unwell(let reason): reason
        case .unsupervised: "its supervisor is gone"
        case .missing: "is not there"
        case .withoutTraffic: "gets no requests"
        case .condemned: "is to be replaced"
        case .leaving: "is leaving"
        case .debugged: "was debugged"
        case .surplus: "is one too many"
        case .stranger: "nobody wrote it down"
        case .tooFew: "instances are missing"
        case .unattended: "nobody goes on with what was begun"
        case .balancer: "the balancer is gone"
        case .certificate: "a listener has a new certificate"
        }
    }
}
