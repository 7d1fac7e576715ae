package import KilnDefinition
import KilnRollout
import KilnSystem

/// Answers what is asked about fleets; changes nothing and needs no lease.
package struct FleetReader: Sendable {
    let store: any FleetStore
    let role: PlatformRole
    private let clock: any FleetClock
    private let isAlive: @Sendable (LeaseHolder) -> Bool

    package init(
        store: any FleetStore,
        platform: any InstancePlatform,
        clock: any FleetClock = SystemFleetClock(),
        isAlive: @escaping @Sendable (LeaseHolder) -> Bool = { $0.isAlive }
    ) {
        self.store = store
        role = .instances(platform)
        self.clock = clock
        self.isAlive = isAlive
    }

    /// Where an engine decides the steps.
    package init(
        store: any FleetStore,
        target: any ReleaseTarget,
        clock: any FleetClock = SystemFleetClock(),
        isAlive: @escaping @Sendable (LeaseHolder) -> Bool = { $0.isAlive }
    ) {
        self.store = store
        role = .releases(target)
        self.clock = clock
        self.isAlive = isAlive
    }

    /// All fleets, by name.
    package func statuses() async throws -> [FleetStatus] {
        try await store.fleets().map(atOnce: Self.looksAtOnce) { try await status(of: $0) }
    }

    /// Most of a look is waiting for balancers and instances to answer.
    static let looksAtOnce = 8

    package func status(of name: FleetName) async throws -> FleetStatus {
        guard let record = try await store.fleet(name) else {
            throw FleetError.unknownFleet(name, known: try await store.fleets().map(\.name))
        }
        return try await status(of: record)
    }

    /// Why one instance, which may be gone by now, is as it is.
    package func explanation(of instance: InstanceID, in name: FleetName) async throws -> InstanceExplanation
    {
        try await checkKnown(name)
        let events = try await store.events(of: name, after: 0, limit: Self.historyRead)
        let status = try await store.fleet(name) == nil ? nil : try await status(of: name)
        let seen = status?.instances.first { $0.id == instance }
        guard let answer = InstanceExplanation(instance, seen, status, events: events) else {
            throw FleetError.unknownInstance(instance, of: name, known: status?.instances.map(\.id) ?? [])
        }
        return answer
    }

    private static let historyRead = 10_000

    /// Newest first.
    package func releases(of name: FleetName) async throws -> [ReleaseSummary] {
        let fleet = try await store.fleet(name)
        let releases = try await store.releaseEntries(of: name)
        try await checkKnown(name)
        let instances = try await store.instances(of: name)
        let rollouts = try await store.rollouts(of: name, limit: Self.rolloutsRead)
        return releases.reversed().map { release in
            let rollout = rollouts.first { $0.to == release.number }
            return ReleaseSummary(
                number: release.number,
                digest: release.digest,
                image: release.imageName,
                imageVersion: release.imageVersion,
                imageDigest: release.image,
                created: release.created,
                stable: release.stable,
                quarantined: release.quarantine?.time,
                quarantineReason: release.quarantine?.reason,
                origins: release.origins,
                isCurrent: fleet?.rollout.target == release.number.key,
                instances: instances.count { $0.release == release.number },
                deployed: rollout?.started,
                author: rollout?.author,
                message: rollout?.message
            )
        }
    }

    private static let rolloutsRead = 1000

    /// The newest events above `after`, oldest first.
    package func events(of fleet: FleetName?, after: Int64 = 0, limit: Int = 100) async throws -> [FleetEvent]
    {
        if let fleet { try await checkKnown(fleet) }
        return try await store.events(of: fleet, after: after, limit: limit)
    }

    /// What became of fleets since then, in seconds since 1970; those that are gone have no rollouts any more.
    package func reports(of fleet: FleetName?, since start: Int64) async throws -> [FleetReport] {
        if let fleet { try await checkKnown(fleet) }
        let names = if let fleet { [fleet] } else { try await store.fleets().map(\.name) }
        var reports: [FleetReport] = []
        for name in names {
            let target = try await store.fleet(name)?.rollout.target?.releaseNumber
            let release = try await store.releaseEntries(of: name).first { $0.number == target }
            reports.append(
                FleetReport(
                    name,
                    rollouts: try await store.rollouts(of: name, limit: Self.historyRead),
                    events: try await store.events(of: name, after: 0, limit: Self.historyRead),
                    since: start,
                    patches: try await patches(of: release)
                )
            )
        }
        return reports
    }

    /// Those that are written down, whether they are there yet or not; asks nothing of them.
    package func instances(of name: FleetName) async throws -> [InstanceID] {
        try await checkKnown(name)
        return try await store.instances(of: name).map(\.id)
    }

    /// A fleet that is gone is known by its releases.
    private func checkKnown(_ name: FleetName) async throws {
        if try await store.fleet(name) != nil { return }
        if try await !store.releaseEntries(of: name).isEmpty { return }
        throw FleetError.unknownFleet(name, known: try await store.fleets().map(\.name))
    }

    func status(of record: FleetRecord) async throws -> FleetStatus {
        let name = record.name
        let rollout = try await store.rollouts(of: name, limit: 1).first
        let (instances, engine) = try await look(at: record, since: rollout?.started ?? record.created)
        let target = record.rollout.target?.releaseNumber
        let releases = try await store.releaseEntries(of: name)
        let release = releases.first { $0.number == target }
        let (phase, reason) = record.rollout.phase.status
        let certificates = await certificates(of: record.policy.settings(of: name))
        let facts = FleetFacts(
            record: record,
            instances: instances,
            releases: releases,
            rollout: rollout,
            lease: try await holder(of: name),
            events: try await store.events(of: name, after: 0, limit: Self.eventsRead),
            engine: engine
        )
        return FleetStatus(
            fleet: name,
            phase: phase,
            reason: reason,
            isPaused: record.rollout.isPaused,
            freeze: record.rollout.freeze,
            waits: Self.waits(record),
            pending: record.pending,
            comparison: record.comparison.flatMap { $0.isOf(record.rollout) ? $0.summary : nil },
            awaitsPromotion: record.awaitsPromotion(isBalanced: record.policy.listen != nil),
            release: target,
            stable: record.rollout.stable?.releaseNumber,
            image: release?.imageName,
            imageVersion: release?.imageVersion,
            imageDigest: release?.image,
            wanted: record.policy.instances,
            serving: instances.count {
                !$0.isTaken && $0.health == "healthy"
                    && (record.policy.listen == nil || $0.traffic == "ready")
            },
            listen: record.policy.listen,
            certificates: certificates.isEmpty ? nil : certificates,
            instances: instances,
            rollout: facts.rollout,
            lastFailure: record.evidence,
            change: facts.lease.map {
                FleetStatus.Change(reason: $0.reason, pid: $0.holder.pid, since: $0.acquired)
            },
            patches: try await patches(of: release),
            undelivered: facts.events.count {
                $0.kind == .webhookGivenUp && $0.time > clock.time - Self.dayLength
            },
            engine: engine,
            explanation: Explainer(facts: facts, now: clock.now.instant, time: clock.time).explanation
        )
    }

    private func patches(of release: ReleaseEntry?) async throws -> PatchSummary? {
        guard let release else { return nil }
        return try await store.patchState(of: release.image)?.summary
    }

    /// Enough of what happened to say what led to what is.
    private static let eventsRead = 300
    private static let dayLength: Int64 = 86_400

    /// Words for the step that the release is at, or for the time that it is watched.
    private static func waits(_ record: FleetRecord) -> String? {
        guard !record.rollout.isHalted else { return nil }
        if case .baking = record.rollout.phase {
            return "watched for \(record.policy.rollout.bake.words), then stable"
        }
        guard let (step, stage, steps) = record.place(isBalanced: record.policy.listen != nil) else {
            return nil
        }
        let what = step.share == 0 ? "a whole new set" : "\(step.share) % of the requests"
        let place = step.share == 0 ? what : "step \(stage.step + 1) of \(steps): \(what)"
        if let hold = stage.hold { return "\(place); held: \(hold)" }
        switch step.pause {
        case .manual: return "\(place), until it is promoted"
        case .time(.zero): return place
        case .time(let time): return "\(place), for \(time.words)"
        }
    }

    private func holder(of name: FleetName) async throws -> Lease? {
        guard let lease = try await store.lease(of: name),
            lease.isHeld(now: clock.now, bootID: BootInstant.bootID, isAlive: isAlive)
        else { return nil }
        return lease
    }
}

extension RolloutState.Phase {
    fileprivate var status: (FleetStatus.Phase, reason: String?) {
        switch self {
        case .steady: (.steady, nil)
        case .rolling: (.rolling, nil)
        case .baking: (.baking, nil)
        case .rollingBack(let reason): (.rollingBack, reason)
        case .stopping(let reason): (.stopping, reason)
        case .stopped(let reason): (.stopped, reason)
        case .frozen(let reason): (.frozen, reason)
        }
    }
}
