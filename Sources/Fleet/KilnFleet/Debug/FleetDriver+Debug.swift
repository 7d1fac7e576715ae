package import KilnDefinition
import KilnDiagnostics
import KilnRollout
import KilnSystem

// A person looks at an instance: condemned, out of traffic, and destroyed in the end.
extension FleetDriver {
    /// Takes the instance out of traffic and keeps it for a session with tools, also while a rollout is paused or the fleet is
    /// frozen. Its replacement is whoever keeps the fleet's; only where nothing else serves it comes first, and is waited for.
    package func debug(
        _ id: InstanceID,
        _ wish: DebugWish,
        in fleet: FleetName,
        options: Options = Options()
    ) async throws -> DeployOutcome {
        let need: Need = { [store] record in
            guard try await store.instances(of: record.name).contains(where: { $0.id == id }) else {
                throw await unknown(id, record.name)
            }
        }
        return try await withLedger(fleet, "debug", options, interruptingFor: need, evenFrozen: true) {
            ledger in
            guard case .instances(let platform) = role else {
                throw FleetError.cannotDebug(id, "the engine of fleet \(fleet) keeps its instances")
            }
            guard var instance = ledger.instances[id] else { throw await unknown(id, fleet) }
            if instance.isStopping { throw FleetError.cannotDebug(id, "it is being removed") }
            if var hold = instance.debug {
                if hold.isAwaited || (hold.session != nil && !hold.isAbandoned(isAlive)) {
                    throw FleetError.debugged(id, hold)
                }
                hold.join(wish, by: ledger.asked, now: clock.time)
                instance.debug = hold
                try await ledger.write(debugEdits(instance, hold, "again", ledger))
            } else {
                let awaits = try await mustAwait(instance, wish, ledger, platform)
                let hold = DebugHold(wish, by: ledger.asked, awaits: awaits, now: clock.time)
                instance.debug = hold
                instance.condemned = hold.words
                try await ledger.write(debugEdits(instance, hold, "", ledger))
                if awaits, let ending = try await awaitOthers(for: id, &ledger) { return ending }
            }
            if let why = try await custody(&ledger)[id] { throw FleetError.stuck(id, why) }
            guard let hold = ledger.instances[id]?.debug else { return .debugged(id, until: nil) }
            return .debugged(id, until: hold.until)
        }
    }

    /// Ends a session: tells how it ended, and destroys the instance unless it is kept.
    package func endDebug(
        _ id: InstanceID,
        _ end: DebugEnd,
        in fleet: FleetName,
        options: Options = Options()
    ) async throws -> DeployOutcome {
        let anything: Need = { _ in }
        return try await withLedger(fleet, "debug", options, interruptingFor: anything, evenFrozen: true) {
            ledger in
            guard let instance = ledger.instances[id], let hold = instance.debug, hold.session == end.session
            else { return .debugged(id, until: ledger.instances[id]?.debug?.until) }
            let how = end.reason ?? end.status.map { "with status \($0)" } ?? "with the instance"
            try await ledger.write(ledger.endOfSession(instance, how))
            try await endTools(id, ledger)
            if let why = try await custody(&ledger)[id] { throw FleetError.stuck(id, why) }
            return .debugged(id, until: ledger.instances[id]?.debug?.until)
        }
    }

    /// Does what is due of instances that people look at, and nothing else: what is out of time goes, what has traffic loses it.
    /// Tells of which that did not succeed, however often it was tried.
    @discardableResult
    func custody(_ ledger: inout Ledger) async throws -> [InstanceID: String] {
        guard case .instances(let platform) = role else { return [:] }
        try await ledger.load(Set(ledger.instances.values.map(\.release)))
        let policy = try rolloutPolicy(ledger)
        let run = FleetRun(ledger, self, on: platform, policy: policy, scope: .custody)
        (_, ledger) = try await run.run()
        return await run.view.stuck
    }

    /// Whether anything of them is due by what is written down.
    func hasCustodyDue(_ ledger: Ledger) -> Bool {
        ledger.instances.values.contains { instance in
            guard let hold = instance.debug else { return false }
            return (instance.isStopping && !hold.isAwaited) || hold.awaitsIsolation
                || hold.isOver(at: clock.time, isAlive)
        }
    }

    func endTools(_ id: InstanceID, _ ledger: Ledger) async throws {
        guard case .instances(let platform) = role else { return }
        try await ledger.endTools(at: id, platform)
    }

    private func debugEdits(
        _ instance: InstanceRecord,
        _ hold: DebugHold,
        _ again: String,
        _ ledger: Ledger
    ) -> [FleetEdit] {
        var record = ledger.record
        record.rollout.allowTime(now: clock.now.instant)
        let name = "release \(instance.release): instance \(instance.id)"
        let tools = hold.tools.map { " with tools of \($0)" } ?? ""
        let limit = Duration.seconds(hold.until - clock.time).words
        let what =
            again.isEmpty
            ? "is condemned, leaves the traffic and is debugged\(tools)"
            : "is debugged \(again)\(tools)"
        let message = "\(name) \(what), for \(limit) at most"
        let event = ledger.event(
            .instanceDebugged,
            message,
            instance: instance.id,
            release: instance.release
        )
        return [.putFleet(record), .putInstance(instance), event]
    }

    /// Drives the fleet until others serve in its place; an ending when that did not come to be.
    private func awaitOthers(for id: InstanceID, _ ledger: inout Ledger) async throws -> DeployOutcome? {
        let outcome = try await drive(&ledger, policyChanged: false, awaiting: id)
        guard var instance = ledger.instances[id] else { return outcome }
        guard let hold = instance.debug else { return outcome }
        guard hold.isAwaited else { return nil }
        instance.debug = nil
        let message =
            "release \(instance.release): instance \(id) is not debugged, since nothing serves in its place yet; it is replaced"
        try await ledger.write([
            .putInstance(instance),
            ledger.event(.debugEnded, message, instance: id, release: instance.release),
        ])
        return outcome
    }

    /// Whether nothing else serves, so that its replacement has to come first; throws where none can come.
    private func mustAwait(
        _ instance: InstanceRecord,
        _ wish: DebugWish,
        _ ledger: Ledger,
        _ platform: any InstancePlatform
    ) async throws -> Bool {
        let fleet = ledger.name
        let seen = try await platform.observe(fleet)
        let own = seen.first { $0.spec.id == instance.id }
        guard let own, case .running = own.process else {
            throw FleetError.cannotDebug(instance.id, "it does not run")
        }
        if wish.isAtOnce { return false }
        let others = seen.filter { other in
            guard let record = ledger.instances[other.spec.id], other.spec.id != instance.id else {
                return false
            }
            return !record.isStopping && record.debug == nil
        }
        guard await serves(own, ledger, platform) else { return false }
        for other in others where await serves(other, ledger, platform) { return false }
        let rollout = ledger.record.rollout
        let why: String? =
            if rollout.freeze != nil { "the fleet is frozen" } else if rollout.isPaused {
                "its rollout is paused"
            } else if rollout.target == nil || rollout.phase.isOver || ledger.record.policy.instances == 0 {
                "nothing is made in this fleet now"
            } else if try rolloutPolicy(ledger).budget(for: ledger.record.policy.instances).surge == 0 {
                "the fleet has no room for one more"
            } else { nil }
        if let why { throw FleetError.lastOne(instance.id, of: fleet, why) }
        return true
    }

    private func serves(
        _ seen: InstanceObservation,
        _ ledger: Ledger,
        _ platform: any InstancePlatform
    ) async -> Bool {
        guard case .running = seen.process else { return false }
        let isBalanced = seen.spec.release.content.isReached(by: ledger.record.policy.listen)
        if isBalanced, seen.traffic != .ready { return false }
        return await platform.probe(seen) == .passed
    }

    private func unknown(_ id: InstanceID, _ fleet: FleetName) async -> FleetError {
        if case .instances(let platform) = role,
            let works = try? await platform.oneShots(of: fleet), works.contains(where: { $0.spec.id == id })
        {
            return FleetError.cannotDebug(
                id,
                "it is one-shot work, which nobody else may touch",
                hint: "kiln logs \(fleet) shows what it says; it ends by itself"
            )
        }
        let known = (try? await store.instances(of: fleet).map(\.id)) ?? []
        return FleetError.noInstance(id, of: fleet, known: known)
    }
}

extension RolloutState.Phase {
    /// Whether nothing is made in it.
    fileprivate var isOver: Bool {
        switch self {
        case .steady, .rolling, .baking, .rollingBack: false
        case .stopping, .stopped, .frozen: true
        }
    }
}

extension Ledger {
    /// Writes down that nobody has tools at the instance any more.
    func endOfSession(_ instance: InstanceRecord, _ how: String) -> [FleetEdit] {
        var instance = instance
        let event = endSession(of: &instance, how)
        return [.putInstance(instance), event]
    }

    func endSession(of instance: inout InstanceRecord, _ how: String) -> FleetEdit {
        let length = instance.debug?.leave(now: clock.time) ?? 0
        let hold = instance.debug
        var rest = "it is destroyed"
        if let hold, hold.isAwaited {
            // Nothing serves in its place yet: it is replaced like everything that is condemned.
            instance.debug = nil
            rest = "it is replaced"
        } else if let hold, hold.until > clock.time {
            rest = "it is kept for another \(Duration.seconds(hold.until - clock.time).words)"
        }
        let what = "the tools at instance \(instance.id) ended after \(Duration.seconds(length).words) \(how)"
        return .addEvent(
            FleetEvent(
                time: clock.time,
                fleet: name,
                kind: .debugEnded,
                message: "release \(instance.release): \(what); \(rest)",
                instance: instance.id,
                release: instance.release,
                author: hold?.author,
                why: hold?.why,
                moment: clock.milliseconds
            )
        )
    }
}
