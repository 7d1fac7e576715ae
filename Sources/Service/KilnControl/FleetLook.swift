package import KilnFleet
import KilnRollout

/// Something of a fleet that is not as it should be, or was begun and nobody goes on with it.
package struct Due: Sendable, Hashable {
    package enum Reason: Sendable, Hashable {
        /// Written down, and not (wholly) there.
        case missing
        case ended(status: Int32?)
        case unsupervised
        /// Runs, and gets no requests although it should.
        case withoutTraffic
        case unwell(reason: String)
        case condemned
        case leaving
        /// A person looked at it, and its time is up; or it has requests all the same.
        case debugged
        /// Of another release, or in a place that there shall not be.
        case surplus
        /// There, and nobody wrote it down.
        case stranger
        case tooFew
        case unattended
        /// Nobody gets requests any more: the balancer is gone.
        case balancer
        /// The machine's files hold another certificate of a listener than the one that it shows.
        case certificate
    }

    package let reason: Reason
    package let instance: InstanceID?
    /// The place that the instance fills.
    package let slot: Int?

    package init(_ reason: Reason, _ instance: InstanceID? = nil, slot: Int? = nil) {
        self.reason = reason
        self.instance = instance
        self.slot = slot
    }

    /// Whether the instance ended, or lost its supervisor, from one moment to the next.
    var isEnd: Bool {
        switch reason {
        case .ended, .unsupervised: true
        default: false
        }
    }

    /// Whether the instance is to blame, so that its place is filled later when this happens again and again.
    var isFailure: Bool {
        switch reason {
        case .ended, .unwell, .unsupervised: true
        default: false
        }
    }
}

/// What is recorded and what is seen of a fleet at one moment. Pure: says what is due and does nothing.
///
/// It may say too much, since whoever drives the fleet looks again; it must never say too little.
package struct FleetLook: Sendable {
    private let record: FleetRecord
    private let instances: [InstanceRecord]
    private let observations: [InstanceObservation]
    private let unwell: [InstanceID: String]
    private let hadTraffic: Set<InstanceID>
    private let isFirst: Bool
    private let hasNewCertificates: Bool
    /// Instances that people look at: they count for nothing.
    private let taken: [InstanceRecord]
    private let isOver: Set<InstanceID>

    /// `unwell` are verdicts of the controller's own probes, `hadTraffic` those that got requests when it looked last;
    /// `isFirst` is for a controller that just came, `isOver` are instances that people looked at and whose time is up.
    package init(
        _ record: FleetRecord,
        _ instances: [InstanceRecord],
        seen observations: [InstanceObservation],
        unwell: [InstanceID: String] = [:],
        hadTraffic: Set<InstanceID> = [],
        isFirst: Bool = false,
        hasNewCertificates: Bool = false,
        isOver: Set<InstanceID> = []
    ) {
        self.record = record
        self.instances = instances.filter { !$0.isTaken }
        taken = instances.filter(\.isTaken)
        self.isOver = isOver
        self.observations = observations
        self.unwell = unwell
        self.hadTraffic = hadTraffic
        self.isFirst = isFirst
        self.hasNewCertificates = hasNewCertificates
    }

    /// Nothing of a fleet that people keep as it is, but for a balancer that died: what runs is to go on.
    package func due() -> [Due] { custody + others }

    /// Whatever the fleet does, and also while people keep it as it is.
    private var custody: [Due] {
        taken.filter { instance in
            let seen = seen(instance.id)
            let hasEnded = if case .exited = seen?.process { true } else { false }
            let hasTraffic = seen.map { $0.traffic != .none } ?? false
            return instance.isStopping || isOver.contains(instance.id) || hasEnded || hasTraffic
                || instance.debug?.awaitsIsolation == true
        }.map { Due(.debugged, $0.id, slot: $0.slot) }
    }

    private var others: [Due] {
        let rollout = record.rollout
        if rollout.freeze != nil { return [] }
        if rollout.isPaused { return lostBalancer + certificates }
        if record.pending?.goesOn == true { return [Due(.unattended)] }
        switch rollout.phase {
        case .frozen: return lostBalancer + certificates
        case .stopped: return strangers + instances.map { Due(.leaving, $0.id, slot: $0.slot) }
        case .baking, .rollingBack, .stopping: return [Due(.unattended)]
        case .rolling where isUntried: return []
        case .rolling where record.isComparedWhileWaiting(isBalanced: isBalanced): return [Due(.unattended)]
        case .rolling where record.awaitsPromotion(isBalanced: isBalanced) && !isFirst:
            return strangers + instances.compactMap(trouble) + lostBalancer + certificates
        case .rolling: return [Due(.unattended)]
        case .steady:
            let unattended = rollout.progress == nil ? [] : [Due(.unattended)]
            return unattended + strangers + instances.compactMap { trouble($0) ?? misplaced($0) } + shortage
                + certificates
        }
    }

    /// Whether requests reach the instances through a balancer.
    package var isBalanced: Bool {
        guard record.policy.listen != nil else { return false }
        let target = record.rollout.target?.releaseNumber
        let running = observations.first { $0.spec.release.number == target } ?? observations.first
        return running?.spec.release.content.isReached(by: record.policy.listen) ?? false
    }

    /// Of a release that was deployed with no instances wanted.
    private var isUntried: Bool {
        record.policy.instances == 0 && record.rollout.progress == nil && instances.isEmpty
            && observations.isEmpty
    }

    private var strangers: [Due] {
        let known = Set((instances + taken).map(\.id))
        return observations.filter { !known.contains($0.spec.id) }.map { Due(.stranger, $0.spec.id) }
    }

    private func seen(_ id: InstanceID) -> InstanceObservation? {
        observations.first { $0.spec.id == id }
    }

    private func trouble(_ instance: InstanceRecord) -> Due? {
        func due(_ reason: Due.Reason) -> Due { Due(reason, instance.id, slot: instance.slot) }
        if instance.isStopping { return due(.leaving) }
        let seen = seen(instance.id)
        switch seen?.process {
        case .incomplete, nil: return due(.missing)
        case .exited(let status): return due(.ended(status: status))
        case .running: break
        }
        if instance.condemned != nil { return due(.condemned) }
        if seen?.isSupervised == false { return due(.unsupervised) }
        return unwell[instance.id].map { due(.unwell(reason: $0)) }
    }

    /// Of a steady fleet.
    private func misplaced(_ instance: InstanceRecord) -> Due? {
        let isFirstInSlot = instances.first { $0.slot == instance.slot }?.id == instance.id
        guard instance.release == record.rollout.target?.releaseNumber,
            instance.slot < record.policy.instances, isFirstInSlot
        else { return Due(.surplus, instance.id, slot: instance.slot) }
        guard isBalanced else { return nil }
        switch seen(instance.id)?.traffic {
        case .ready: return nil
        case .draining:
            return Due(.unwell(reason: "the balancer's check fails"), instance.id, slot: instance.slot)
        case .some(.none), nil: return Due(.withoutTraffic, instance.id, slot: instance.slot)
        }
    }

    private var shortage: [Due] {
        guard record.rollout.target != nil else { return [] }
        return instances.count < record.policy.instances ? [Due(.tooFew)] : []
    }

    private var certificates: [Due] { hasNewCertificates ? [Due(.certificate)] : [] }

    private var lostBalancer: [Due] {
        guard record.policy.listen != nil else { return [] }
        let running = observations.filter { observation in
            if case .running = observation.process { hadTraffic.contains(observation.spec.id) } else { false }
        }
        let isLost = !running.isEmpty && running.allSatisfy { $0.traffic == .none }
        return isLost ? [Due(.balancer)] : []
    }
}
