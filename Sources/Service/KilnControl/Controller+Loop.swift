import KilnDefinition
import KilnDiagnostics
import KilnDrift
import KilnFleet
import KilnSystem

// The controller's work, one event at a time.
extension Controller {
    func tick(in group: inout DiscardingTaskGroup) async {
        scheduleTick(in: &group)
        if isEnding { return }
        await reload()
        for fleet in keepers.keys.sorted() { wantLook(at: fleet) }
        startInspection(in: &group)
    }

    private func scheduleTick(in group: inout DiscardingTaskGroup) {
        let now = clock.now
        // In step with the first, so that what is due every second is due at once.
        let next = max((nextTick ?? now).advanced(by: settings.lookInterval), now)
        nextTick = next
        let (clock, post) = (clock, post)
        group.addTask {
            try? await clock.sleep(until: next)
            post?.yield(.tick)
        }
    }

    /// Reads what is recorded, where that moved.
    private func reload() async {
        do {
            let revision = try await store.revision()
            guard revision != self.revision else { return }
            var found: [(FleetRecord, [InstanceRecord])] = []
            for record in try await store.fleets() {
                found.append((record, try await store.instances(of: record.name)))
            }
            adopt(found)
            self.revision = revision
            storeTrouble = nil
        } catch is CancellationError {
        } catch {
            let diagnostics = error.asDiagnostics
            if storeTrouble != diagnostics.first?.message { tell(diagnostics) }
            storeTrouble = diagnostics.first?.message
        }
    }

    /// All at once: while it was read, somebody may have come to change a fleet, whose keeper knows.
    private func adopt(_ found: [(FleetRecord, [InstanceRecord])]) {
        var kept: [FleetName: FleetKeeper] = [:]
        for (record, instances) in found {
            var keeper = keepers[record.name] ?? FleetKeeper(record, instances)
            keeper.record = record
            keeper.instances = instances
            kept[record.name] = keeper
        }
        // What is being done with a fleet that is gone ends by itself.
        for (fleet, keeper) in keepers where kept[fleet] == nil {
            if case .driving = keeper.activity { kept[fleet] = keeper }
        }
        keepers = kept
        driveQueue.removeAll { kept[$0] == nil }
        // Nobody waits for a fleet that was destroyed before it was looked at.
        if starting == nil { starting = Set(kept.keys) } else { starting?.formIntersection(kept.keys) }
    }

    // MARK: Looking

    /// Something has just changed it: what was read before says little.
    func lookAgain(at fleet: FleetName) async {
        if isEnding { return }
        await reload()
        if case .looking = keepers[fleet]?.activity { missed.insert(fleet) }
        wantLook(at: fleet)
    }

    func wantLook(at fleet: FleetName) {
        guard case .some(.none) = keepers[fleet]?.activity, !hasGuest(fleet), !isEnding else { return }
        keepers[fleet]?.activity = .looking
        lookQueue.append(fleet)
    }

    func startLooks(in group: inout DiscardingTaskGroup) {
        while looks < settings.lookLimit, !lookQueue.isEmpty {
            let fleet = lookQueue.removeFirst()
            looks += 1
            let (platform, post, began) = (platform, post, clock.now)
            let settings = keepers[fleet]?.record.policy.settings(of: fleet)
            group.addTask {
                let result = await Self.result {
                    let instances = try await platform.observe(fleet)
                    let hasNews =
                        if let settings { await platform.hasNewCertificates(settings) } else { false }
                    return Seen(instances: instances, hasNewCertificates: hasNews)
                }
                post?.yield(.looked(fleet, result, began))
            }
        }
    }

    func looked(
        at fleet: FleetName,
        _ result: Result<Seen, any Error>,
        in group: inout DiscardingTaskGroup
    ) {
        looks -= 1
        guard case .looking = keepers[fleet]?.activity else { return }
        keepers[fleet]?.activity = .none
        if isEnding || hasGuest(fleet) { return }
        switch result {
        case .failure(let error): failed(fleet, error)
        case .success(let seen):
            let tending = keepers[fleet]?.decide(
                seen.instances,
                hasNewCertificates: seen.hasNewCertificates,
                now: clock.now,
                time: clock.time
            )
            startProbes(of: fleet, in: &group)
            let wasMissed = missed.remove(fleet) != nil
            if let tending { return queue(fleet, tending) }
            starting?.remove(fleet)
            if let relief = keepers[fleet]?.relief() { tell(fleet, relief) }
            if wasMissed { wantLook(at: fleet) }
        }
    }

    private func startProbes(of fleet: FleetName, in group: inout DiscardingTaskGroup) {
        let (platform, post) = (platform, post)
        for observation in keepers[fleet]?.health.due(now: clock.now) ?? [] {
            group.addTask {
                let answer = await platform.probe(observation)
                post?.yield(.probed(fleet, observation.spec.id, answer))
            }
        }
    }

    // MARK: Driving

    func queue(_ fleet: FleetName, _ tending: Tending) {
        keepers[fleet]?.activity = .queued(tending)
        driveQueue.append(fleet)
    }

    func startDrives(in group: inout DiscardingTaskGroup) {
        // Measuring keeps no other fleet from being healed.
        while drives - measuring.count < settings.driveLimit, let index = nextToDrive {
            let fleet = driveQueue.remove(at: index)
            guard case .queued(let tending) = keepers[fleet]?.activity else { continue }
            let stop = StopSignal()
            keepers[fleet]?.activity = .driving(stop)
            drives += 1
            if keepers[fleet]?.measures == true {
                measuring.insert(fleet)
                starting?.remove(fleet)
            }
            let post = post
            group.addTask {
                let result = await Self.result { try await self.tend(fleet, tending, stop) }
                post?.yield(.drove(fleet, result))
            }
        }
    }

    /// At the start a fleet waits for those that it needs. When all wait for one another, the first goes.
    private var nextToDrive: Int? {
        guard let starting, !starting.isEmpty else { return driveQueue.isEmpty ? nil : 0 }
        let free = driveQueue.firstIndex { fleet in
            let needs = keepers[fleet]?.record.policy.needs ?? []
            return starting.isDisjoint(with: needs)
        }
        let areAllQueued = drives == 0 && looks == 0 && lookQueue.isEmpty && !driveQueue.isEmpty
        return free ?? (areAllQueued ? 0 : nil)
    }

    private nonisolated func tend(
        _ fleet: FleetName,
        _ tending: Tending,
        _ stop: StopSignal
    ) async throws -> DeployOutcome? {
        if try await isTaken(fleet) { return nil }
        let driver = driver(stop)
        return try await locked(stop) { try await driver.tend(fleet, tending) }
    }

    func drove(_ fleet: FleetName, _ result: Result<DeployOutcome?, any Error>) {
        drives -= 1
        measuring.remove(fleet)
        starting?.remove(fleet)
        let now = clock.now
        switch result {
        case .success(nil): keepers[fleet]?.giveWay(for: settings.lookInterval, now: now)
        case .success(let outcome?): keepers[fleet]?.drove(outcome, now: now)
        case .failure(let error as FleetError)
        where [.leaseHeld, .leaseLost, .unknownFleet].contains(error.code):
            keepers[fleet]?.giveWay(for: settings.lookInterval, now: now)
        case .failure(let error): failed(fleet, error)
        }
    }

    /// Trouble is told once, until it is over or another one.
    private func failed(_ fleet: FleetName, _ error: any Error) {
        starting?.remove(fleet)
        if error is CancellationError {
            keepers[fleet]?.giveWay(for: .zero, now: clock.now)
            return
        }
        let diagnostics = error.asDiagnostics
        let words = diagnostics.flatMap { [$0.message] + $0.causes }.joined(separator: ": ")
        if keepers[fleet]?.failed(words, now: clock.now) == true { tell(diagnostics) }
    }

    // MARK: Telling

    func tell(_ fleet: FleetName, _ line: String) {
        Progress.report(.output(WorkID("fleet/\(fleet)"), line: line))
    }

    func tell(_ diagnostics: [Diagnostic]) {
        for diagnostic in diagnostics { Progress.report(.diagnostic(diagnostic)) }
    }

    static nonisolated func result<Success: Sendable>(
        _ body: () async throws -> Success
    ) async -> Result<Success, any Error> {
        do { return .success(try await body()) } catch { return .failure(error) }
    }
}
