import KilnDefinition
import KilnDiagnostics
import KilnOCI
import KilnRollout
import KilnSystem

// What is written down before anything is done.
extension FleetDriver {
    /// Exclusive state of the old release counts as much as the new one's: both are there during the rollout.
    func rolloutPolicy(_ ledger: Ledger) throws -> RolloutPolicy {
        let running = Set(ledger.instances.values.map(\.release))
        let target = ledger.record.rollout.target.map { [$0.releaseNumber] } ?? []
        let isExclusive = running.union(target).contains { ledger.content(of: $0)?.isExclusive == true }
        do {
            return try ledger.record.policy.rolloutPolicy(isExclusive: isExclusive)
        } catch {
            throw FleetError.policy(error, of: ledger.name)
        }
    }

    /// The release of this content: the one that has it, or the next number.
    func admit(
        _ content: ReleaseContent,
        _ options: Options,
        _ ledger: inout Ledger
    ) async throws -> ReleaseNumber {
        let digest = try content.digest()
        if let known = ledger.releases.values.first(where: { $0.digest == digest }) {
            try await allow(known, options, &ledger)
            return known.number
        }
        let number = ReleaseNumber(rawValue: (ledger.releases.keys.max()?.rawValue ?? 0) + 1)
        let release = Release(fleet: ledger.name, number: number, content: content, created: clock.time)
        let version = content.imageVersion.map { " \($0)" } ?? ""
        let environment = options.environment.map { ", made for \($0)" } ?? ""
        let image = "\(content.imageName)\(version) (\(content.image.short))"
        let remark = options.remark.map { ", \($0)" } ?? ""
        let config =
            options.origins.isEmpty
            ? "" : ", configured from " + options.origins.map(\.description).joined(separator: ", ")
        let message = "release \(number) is image \(image)\(environment)\(config)\(remark)"
        var record = ReleaseRecord(release: release, digest: digest)
        record.origins = options.origins
        try await ledger.write([
            .addRelease(record),
            ledger.event(.releaseMade, message, release: number),
        ])
        return number
    }

    func allow(_ release: ReleaseEntry, _ options: Options, _ ledger: inout Ledger) async throws {
        guard release.quarantine != nil else { return }
        guard options.force else { throw FleetError.quarantined(release, of: ledger.name) }
        let number = release.number
        let message = "release \(number) is deployed although it failed before"
        try await ledger.write([
            .liftQuarantine(number), ledger.event(.quarantineLifted, message, release: number),
        ])
    }

    /// Requests would reach nobody after such a way back, where they reach somebody now.
    func refuseUnreached(_ release: ReleaseEntry, _ options: Options, _ ledger: inout Ledger) async throws {
        guard case .instances = role, !options.force, let listen = ledger.record.policy.listen,
            let current = ledger.record.rollout.target?.releaseNumber
        else { return }
        try await ledger.load([current, release.number])
        guard let old = ledger.content(of: current), let new = ledger.content(of: release.number),
            old.isReached(by: listen), !new.isReached(by: listen)
        else { return }
        throw FleetError.unreached(release, of: ledger.name, listen)
    }

    /// Takes the policy over; what runs is not replaced for it.
    func apply(_ policy: FleetPolicy, _ ledger: inout Ledger) async throws -> Bool {
        guard policy != ledger.record.policy else { return false }
        try policy.check(for: nil, of: ledger.name)
        // What is written down counts as done from then on.
        let settings = policy.settings(of: ledger.name)
        if settings != ledger.record.policy.settings(of: ledger.name) { try await role.check(settings) }
        var record = ledger.record
        let before = record.policy.instances
        record.policy = policy
        record.rollout.allowTime(now: clock.now.instant)
        let message =
            before == policy.instances
            ? "the fleet's policy is changed"
            : "the fleet's policy is changed: \(policy.instances) instances instead of \(before)"
        try await ledger.write([.putFleet(record), ledger.event(.policyChanged, message)])
        return true
    }

    /// Makes the fleet belong to the definition, and remembers what its release was deployed for.
    func claim(_ release: ReleaseNumber, _ options: Options, _ ledger: inout Ledger) async throws {
        var record = ledger.record
        var events: [FleetEdit] = []
        if let origin = options.origin, origin != record.origin {
            record.origin = origin
            events = [ledger.event(.policyChanged, "the fleet belongs to \(origin)")]
        }
        if let environment = options.environment {
            record.deployed = (record.deployed ?? [:]).merging([environment.description: release]) { $1 }
        }
        if record != ledger.record { try await ledger.write([.putFleet(record)] + events) }
    }

    /// Begins a rollout to the release, unless that is where the fleet is or is going.
    func aim(
        at number: ReleaseNumber,
        isProven: Bool = false,
        _ ledger: inout Ledger
    ) async throws {
        var record = ledger.record
        let isGoing: Bool =
            switch record.rollout.phase {
            case .frozen, .stopped, .stopping: false
            case .steady, .rolling, .baking, .rollingBack: true
            }
        if record.pending?.release == number { record.pending = nil }
        if record.rollout.target == number.key, isGoing {
            if record != ledger.record { try await ledger.write([.putFleet(record)]) }
            return
        }
        let from = record.rollout.target?.releaseNumber
        try await ledger.load([number])
        record.rollout.begin(
            number.key,
            isProven: isProven,
            now: clock.now.instant,
            isIrreversible: record.isPastReturn
        )
        record.evidence = nil
        let rollout = RolloutRecord(
            number: (ledger.rollout?.number ?? 0) + 1,
            from: from,
            to: number,
            started: clock.time,
            author: ledger.asked.author,
            message: ledger.asked.message
        )
        let message =
            switch from {
            case nil: "rolling out release \(number)"
            case number: "rolling out release \(number) again"
            case .some(let from): "rolling from release \(from) to release \(number)"
            }
        try await ledger.write(
            superseding(ledger) + [
                .putFleet(record), .putRollout(rollout),
                ledger.event(.rolloutStarted, message, release: number),
            ]
        )
    }

    /// Ends what a person froze.
    func unfreeze(_ ledger: inout Ledger) async throws {
        guard ledger.record.rollout.freeze != nil else { return }
        var record = ledger.record
        record.rollout.thaw(now: clock.now.instant)
        try await ledger.write([
            .putFleet(record), ledger.event(.rolloutResumed, "the fleet is no longer frozen"),
        ])
    }

    /// Begins anew what a frozen fleet was about: its release, or its end.
    func thaw(_ ledger: inout Ledger) async throws {
        try await unfreeze(&ledger)
        guard case .frozen(let reason) = ledger.record.rollout.phase else { return }
        if let target = ledger.record.rollout.target?.releaseNumber {
            if ledger.releases[target]?.quarantine == nil { try await aim(at: target, &ledger) }
            return
        }
        var record = ledger.record
        record.rollout.beginStopping(reason: reason, now: clock.now.instant)
        try await ledger.write([.putFleet(record), ledger.event(.rolloutResumed, "stopping goes on")])
    }

    /// Goes on after a person's pause.
    func unpause(_ ledger: inout Ledger) async throws {
        guard ledger.record.rollout.isPaused else { return }
        var record = ledger.record
        record.rollout.resume(now: clock.now.instant)
        try await ledger.write([.putFleet(record), resumption(ledger)])
    }

    private func resumption(_ ledger: Ledger) -> FleetEdit {
        let target = ledger.record.rollout.target?.releaseNumber
        return ledger.event(.rolloutResumed, "the rollout goes on", release: target)
    }

    /// Ends the history entry of a rollout that another one replaces.
    func superseding(_ ledger: Ledger) -> [FleetEdit] {
        guard var last = ledger.rollout, !last.isEnded, !last.isSuperseded else { return [] }
        last.isSuperseded = true
        last.finished = clock.time
        return [.putRollout(last)]
    }

    /// Goes on with what is written down; moments of an earlier run mean nothing to this one.
    func takeUp(_ ledger: inout Ledger) async throws {
        var record = ledger.record
        let wasPaused = record.rollout.isPaused
        record.rollout.resume(now: clock.now.instant)
        guard record != ledger.record else { return }
        try await ledger.write([.putFleet(record)] + (wasPaused ? [resumption(ledger)] : []))
    }

    /// Writes down the instances that an engine has made, so that some of them can be condemned.
    func takeStock(_ ledger: inout Ledger) async throws {
        guard case .releases(let target) = role else { return }
        let known = Set(ledger.instances.keys)
        let seen = try await target.observe(ledger.name)?.instances ?? []
        let new = seen.compactMap { instance -> FleetEdit? in
            let id = InstanceID(instance.id.description)
            guard !known.contains(id), instance.health != .leaving, let release = instance.release else {
                return nil
            }
            let record = InstanceRecord(id: id, slot: 0, release: release.releaseNumber, created: clock.time)
            return .putInstance(record)
        }
        try await ledger.write(new)
    }

    /// What is gone by now needs no replacing.
    func condemn(
        _ condemned: [InstanceID: String],
        as kind: FleetEvent.Kind = .instanceCondemned,
        _ ledger: inout Ledger
    ) async throws {
        var edits: [FleetEdit] = []
        for (id, reason) in condemned.sorted(by: { $0.key < $1.key }) {
            guard let instance = ledger.instances[id], instance.debug == nil else { continue }
            edits += instance.condemnation(reason, as: kind, ledger)
        }
        try await ledger.write(edits)
    }

    /// The same for instances that are kept in quarantine once others serve in their place.
    func quarantine(
        _ drifted: [InstanceID: String],
        for seconds: Int64,
        _ ledger: inout Ledger
    ) async throws {
        var edits: [FleetEdit] = []
        for (id, reason) in drifted.sorted(by: { $0.key < $1.key }) {
            guard var instance = ledger.instances[id], instance.debug == nil else { continue }
            instance.debug = DebugHold(quarantine: reason, seconds: seconds, now: clock.time)
            edits += instance.condemnation(reason, as: .instanceDrifted, ledger)
        }
        try await ledger.write(edits)
    }

    /// The release with this number; without one, of those made before the one that runs the one that was stable last.
    func earlier(_ number: ReleaseNumber?, _ ledger: Ledger) throws -> ReleaseEntry? {
        if let number {
            guard let release = ledger.releases[number] else {
                throw FleetError.unknownRelease(number, of: ledger.name)
            }
            guard hasImage(release.image) else { throw FleetError.imageGone(release, of: ledger.name) }
            return release
        }
        let current = ledger.record.rollout.target?.releaseNumber
        return ledger.releases.values
            .filter { record in
                guard record.stable != nil, record.quarantine == nil, hasImage(record.image) else {
                    return false
                }
                return current.map { record.number < $0 } ?? true
            }
            .max { ($0.stable ?? 0, $0.number) < ($1.stable ?? 0, $1.number) }
    }
}

extension InstanceRecord {
    /// Writes down that it is to be replaced, whether it is well or not.
    func condemnation(
        _ reason: String,
        as kind: FleetEvent.Kind = .instanceCondemned,
        _ ledger: Ledger
    ) -> [FleetEdit] {
        var condemned = self
        condemned.condemned = reason
        let message = "release \(release): instance \(id) is to be replaced: \(reason)"
        return [
            .putInstance(condemned),
            ledger.event(kind, message, instance: id, release: release),
        ]
    }
}
