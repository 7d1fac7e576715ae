package import KilnDefinition
import KilnDiagnostics
package import KilnOCI
package import KilnRollout
import KilnSystem

/// Changes fleets: takes the lease, begins what was asked for, and drives it to an outcome.
///
/// Any call may be cut off at any moment, by a kill or a power loss: the next one goes on from what is written down.
package struct FleetDriver: Sendable {
    package struct Options: Sendable, Hashable {
        /// Deploys a quarantined release all the same.
        package var force: Bool
        /// How long to wait for another command that changes the fleet.
        package var wait: Duration
        /// Whose values a deploy has; told with a release that it makes.
        package var environment: EnvironmentName?
        /// Told with a release that the deploy makes, for those who look back.
        package var remark: String?
        /// What stores the content's configuration was taken from; kept and told with a release that the deploy makes.
        package var origins: [ConfigOrigin] = []
        /// The definition that the fleet belongs to from now on.
        package var origin: FleetOrigin?
        /// Whether the fleet may belong to another definition that is still there.
        package var takesOver = false
        /// What was there when the change was planned; nil where nothing was.
        package var expected: FleetExpectation?
        /// A person asks to run again what cannot be undone and was begun, though nobody saw how it ended.
        package var repeatsUnseen = false
        /// Who asks for the change, and why: kept with its events, and with the rollout that it begins.
        package var author: String?
        package var message: String?

        package init(force: Bool = false, wait: Duration = .seconds(900)) {
            self.force = force
            self.wait = wait
        }
    }

    let store: any FleetStore
    let role: PlatformRole
    let clock: any FleetClock
    let holder: LeaseHolder
    let isAlive: @Sendable (LeaseHolder) -> Bool
    var stop: StopSignal
    let planner: RolloutPlanner
    let makeSuffix: @Sendable () -> String
    /// Asks the holder of a lease to come to a good end, so that a person's word is heard at once.
    let interrupt: @Sendable (LeaseHolder) -> Void
    /// Whether a definition that fleets belong to is still where it was.
    let isThere: @Sendable (FleetOrigin) -> Bool
    /// Whether an image is whole in the store: only a release of such a one can run again.
    package var hasImage: @Sendable (Digest) -> Bool

    package init(
        store: any FleetStore,
        platform: any InstancePlatform,
        clock: any FleetClock = SystemFleetClock(),
        holder: LeaseHolder = .current,
        isAlive: @escaping @Sendable (LeaseHolder) -> Bool = { $0.isAlive },
        stop: StopSignal = StopSignal(),
        planner: RolloutPlanner = RolloutPlanner(),
        makeSuffix: @escaping @Sendable () -> String = { InstanceID.randomSuffix() },
        interrupt: @escaping @Sendable (LeaseHolder) -> Void = { $0.interrupt() },
        isThere: @escaping @Sendable (FleetOrigin) -> Bool = { $0.isThere },
        hasImage: @escaping @Sendable (Digest) -> Bool = { _ in true }
    ) {
        self.store = store
        role = .instances(platform)
        self.clock = clock
        self.holder = holder
        self.isAlive = isAlive
        self.stop = stop
        self.planner = planner
        self.makeSuffix = makeSuffix
        self.interrupt = interrupt
        self.isThere = isThere
        self.hasImage = hasImage
    }

    /// Where an engine decides the steps.
    package init(
        store: any FleetStore,
        target: any ReleaseTarget,
        clock: any FleetClock = SystemFleetClock(),
        holder: LeaseHolder = .current,
        isAlive: @escaping @Sendable (LeaseHolder) -> Bool = { $0.isAlive },
        stop: StopSignal = StopSignal(),
        interrupt: @escaping @Sendable (LeaseHolder) -> Void = { $0.interrupt() }
    ) {
        self.store = store
        role = .releases(target)
        self.clock = clock
        self.holder = holder
        self.isAlive = isAlive
        self.stop = stop
        self.interrupt = interrupt
        planner = RolloutPlanner()
        makeSuffix = { InstanceID.randomSuffix() }
        isThere = { $0.isThere }
        hasImage = { _ in true }
    }

    /// Makes the fleet run this content under this policy.
    ///
    /// The same content is the same release; one that failed before is refused unless forced. The gate is asked when
    /// there is none yet.
    package func deploy(
        _ content: ReleaseContent,
        to fleet: FleetName,
        policy: FleetPolicy,
        gate: ReleaseGate = { _ in },
        options: Options = Options()
    ) async throws -> DeployOutcome {
        try await examine(content, policy, for: fleet, gate: gate, options: options)
        return try await withLedger(fleet, "deploy", options, creating: policy) { ledger in
            try refuseForeign(ledger.record, options)
            let release = try await admit(content, options, &ledger)
            let changed = try await apply(policy, &ledger)
            try await claim(release, options, &ledger)
            if let ending = try await prepare(release, options, &ledger) { return ending }
            try await aim(at: release, &ledger)
            return try await drive(&ledger, policyChanged: changed)
        }
    }

    /// Makes the fleet run another release: this one, or of those before the one that runs the one that was stable last.
    /// Only one whose image is there can run. One that was stable takes over without the steps of a new release.
    package func rollback(
        _ fleet: FleetName,
        to number: ReleaseNumber? = nil,
        options: Options = Options()
    ) async throws -> DeployOutcome {
        try await withLedger(fleet, "rollback", options) { ledger in
            guard let release = try earlier(number, ledger) else {
                throw FleetError(
                    .noEarlierRelease,
                    "fleet \(fleet) has no earlier release that was stable and is not quarantined",
                    hint: "kiln releases \(fleet) lists its releases; --to N takes any of them",
                    status: .usage
                )
            }
            try await refuseUnreached(release, options, &ledger)
            try await allow(release, options, &ledger)
            if let ending = try await prepare(release.number, options, &ledger) { return ending }
            try await aim(at: release.number, isProven: release.stable != nil, &ledger)
            return try await drive(&ledger, policyChanged: false)
        }
    }

    /// Converges to what is written down: finishes what a crash or a pause cut off, replaces what died, and tries again
    /// what was frozen, unless its release is quarantined.
    package func resume(_ fleet: FleetName, options: Options = Options()) async throws -> DeployOutcome {
        try await withLedger(fleet, "resume", options, evenFrozen: true) { ledger in
            try await unfreeze(&ledger)
            try await unpause(&ledger)
            // What is to come goes before what a frozen fleet was about.
            if let ending = try await takeUpPending(options, &ledger) { return ending }
            try await thaw(&ledger)
            return try await drive(&ledger, policyChanged: false)
        }
    }

    /// Changes how many instances there are, and nothing else.
    package func scale(
        _ fleet: FleetName,
        to instances: Int,
        options: Options = Options()
    ) async throws -> DeployOutcome {
        try await withLedger(fleet, "scale", options) { ledger in
            var policy = ledger.record.policy
            policy.instances = instances
            let changed = try await apply(policy, &ledger)
            return try await drive(&ledger, policyChanged: changed)
        }
    }

    /// Replaces these instances of the fleet, which differ from their release, each with how. With `quarantine` they are kept for
    /// so many seconds, cut off and frozen.
    package func replace(
        _ condemned: [InstanceID: String],
        quarantine: Int64? = nil,
        in fleet: FleetName,
        options: Options = Options()
    ) async throws -> DeployOutcome {
        try await withLedger(fleet, "replace", options) { ledger in
            if case .instances(let platform) = role {
                try await ledger.retireAltered(platform)
            }
            try await takeStock(&ledger)
            if let quarantine {
                try await self.quarantine(condemned, for: quarantine, &ledger)
            } else {
                try await condemn(condemned, as: .instanceDrifted, &ledger)
            }
            return try await driveAndIsolate(&ledger)
        }
    }

    /// Replaces every instance by a fresh one of the release that the fleet is of.
    package func recycle(_ fleet: FleetName, options: Options = Options()) async throws -> DeployOutcome {
        try await withLedger(fleet, "recycle", options) { ledger in
            try await takeStock(&ledger)
            let old = ledger.instances.values.filter { !$0.isStopping && $0.condemned == nil }
            try await condemn(Dictionary(uniqueKeysWithValues: old.map { ($0.id, "recycled") }), &ledger)
            return try await drive(&ledger, policyChanged: false)
        }
    }

    /// Removes every instance, then what the fleet's instances shared, then the fleet. Releases and events stay.
    package func destroy(
        _ fleet: FleetName,
        volumes: Bool,
        options: Options = Options()
    ) async throws -> DeployOutcome {
        try await withLedger(fleet, "destroy", options) { ledger in
            if let pending = ledger.record.pending { try await giveUp(pending, &ledger) }
            var record = ledger.record
            record.rollout.beginStopping(reason: "destroyed", now: clock.now.instant)
            record.evidence = nil
            let held = ledger.instances.values.filter { $0.debug != nil }.map { instance in
                var instance = instance
                instance.debug?.until = clock.time
                return FleetEdit.putInstance(instance)
            }
            try await ledger.write([.putFleet(record)] + held + superseding(ledger))
            let outcome = try await drive(&ledger, policyChanged: false)
            guard case .stopped = outcome else { return outcome }
            if case .instances(let platform) = role {
                try await removeOneShots(ledger)
                let token = ledger.lease.token
                try await ledger.keepingLease {
                    try await platform.removeFleet(fleet, volumes: volumes, token: token)
                }
            }
            let event = ledger.event(.fleetDestroyed, "fleet \(fleet) is destroyed")
            // Work that was done to volumes that are gone is done again to the next ones.
            try await ledger.write((volumes ? [.removePreparations] : []) + [.removeFleet, event])
            return outcome
        }
    }

    /// Runs the planner's plan to its end. A rollout that a person paused goes on by a person's word alone: what was written
    /// down counts from then on.
    ///
    /// `failures` are those that the caller saw while nobody drove; their places wait before they are filled again.
    func drive(
        _ ledger: inout Ledger,
        policyChanged: Bool,
        after failures: [InstanceFailure] = [],
        awaiting taken: InstanceID? = nil
    ) async throws -> DeployOutcome {
        let rollout = ledger.record.rollout
        if rollout.isPausedByPerson {
            let what =
                policyChanged ? "the changed policy counts once the rollout goes on" : "the rollout is paused"
            return .waiting(rollout.target?.releaseNumber, reason: "\(what): kiln resume \(ledger.name)")
        }
        try await ledger.load([rollout.target, rollout.stable].compactMap { $0?.releaseNumber })
        try await ledger.load(Set(ledger.instances.values.map(\.release)))
        let policy = try rolloutPolicy(ledger)
        try await takeUp(&ledger)
        try await recall(failures, &ledger)
        let ending: FleetRun.Ending
        let failed = ledger.rollout?.to
        switch role {
        case .instances(let platform):
            let scope = taken.map { FleetRun.Scope.until($0) } ?? .fleet
            let run = FleetRun(ledger, self, on: platform, policy: policy, scope: scope)
            (ending, ledger) = try await run.run()
        case .releases(let target):
            guard policy.strategy == .rolling else { throw FleetError.engineDecides(of: ledger.name) }
            var run = TargetRun(ledger, self, on: target, policy: policy)
            (ending, ledger) = try await run.run()
        }
        return outcome(of: ending, ledger, failed: failed, policyChanged: policyChanged)
    }

    private func outcome(
        of ending: FleetRun.Ending,
        _ ledger: Ledger,
        failed: ReleaseNumber?,
        policyChanged: Bool
    ) -> DeployOutcome {
        let target = ledger.record.rollout.target?.releaseNumber
        func failure(_ reason: String, of release: ReleaseNumber? = nil) -> DeployOutcome.Failure {
            let isBlamed = (release ?? failed).map { ledger.releases[$0]?.quarantine != nil } ?? false
            return DeployOutcome.Failure(
                reason: reason,
                evidence: ledger.record.evidence,
                isBlamed: isBlamed
            )
        }
        switch ending {
        case .stopped: return .paused(target)
        case .left: return .left(target)
        case .waiting(let reason): return .waiting(target, reason: reason)
        case .settled:
            switch ledger.record.rollout.phase {
            case .frozen(let reason): return .frozen(failure(reason))
            case .stopped(let reason): return .stopped(failure(reason))
            default: return .unchanged(target, policyChanged: policyChanged)
            }
        case .outcome(.stable(let release)): return .stable(release.releaseNumber)
        case .outcome(.rolledBack(let release, let reason)):
            let bad = failed ?? ledger.record.evidence?.release ?? release.releaseNumber
            return .rolledBack(to: release.releaseNumber, failed: bad, failure(reason, of: bad))
        case .outcome(.stopped(let reason)): return .stopped(failure(reason))
        case .outcome(.frozen(let reason)): return .frozen(failure(reason))
        case .outcome(.degraded(let reason)): return .degraded(failure(reason))
        case .outcome(.untried(let release)): return .untried(release.releaseNumber)
        }
    }
}

extension InstanceID {
    /// Four letters or digits, without those that are mistaken for one another.
    package static func randomSuffix() -> String {
        let alphabet = Array("23456789abcdefghjkmnpqrstuvwxyz")
        return String((0..<4).map { _ in alphabet[Int.random(in: alphabet.indices)] })
    }
}
