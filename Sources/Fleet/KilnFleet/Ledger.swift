import KilnDefinition
import KilnOCI
import KilnRollout
import KilnSystem

/// What is written down of one fleet, held in memory by the lease's holder and changed only together with the store.
struct Ledger: Sendable {
    let store: any FleetStore
    let clock: any FleetClock
    private(set) var lease: Lease
    private(set) var record: FleetRecord
    private(set) var releases: [ReleaseNumber: ReleaseEntry]
    /// Those that were loaded or added.
    private var contents: [ReleaseNumber: Release] = [:]
    private(set) var instances: [InstanceID: InstanceRecord]
    /// The rollout under way or paused, or the last one.
    private(set) var rollout: RolloutRecord?
    private var causes = EventCauses()
    /// Who asked for what is done, and why.
    let asked: Asked

    /// Events that are read to know what led to the next ones.
    private static let eventsRead = 200

    /// Reads the fleet; a fleet that does not exist yet gets `policy`, and nil without one.
    init?(
        _ lease: Lease,
        store: any FleetStore,
        clock: any FleetClock,
        creating policy: FleetPolicy?,
        asked: Asked = Asked()
    ) async throws {
        self.store = store
        self.clock = clock
        self.lease = lease
        self.asked = asked
        let fleet = lease.fleet
        let known = try await store.fleet(fleet)
        guard let record = known ?? policy.map({ FleetRecord(name: fleet, policy: $0, created: clock.time) })
        else { return nil }
        self.record = record
        releases = Dictionary(
            uniqueKeysWithValues: try await store.releaseEntries(of: fleet).map { ($0.number, $0) }
        )
        instances = Dictionary(uniqueKeysWithValues: try await store.instances(of: fleet).map { ($0.id, $0) })
        rollout = try await store.rollouts(of: fleet, limit: 1).first
        for event in try await store.events(of: fleet, after: 0, limit: Self.eventsRead) {
            causes.note(event, at: .written(event.sequence))
        }
        if known == nil {
            try await write([.putFleet(record), event(.fleetCreated, "fleet \(fleet) is made")])
        }
    }

    var name: FleetName { record.name }

    /// All or nothing, here and in the store.
    mutating func write(_ edits: [FleetEdit]) async throws {
        guard !edits.isEmpty else { return }
        let explained = explained(edits)
        adopt(explained, try await store.commit(explained, under: lease))
    }

    /// The same edits, their events with what led to them, and with who asked for them.
    func explained(_ edits: [FleetEdit]) -> [FleetEdit] {
        var causes = causes
        var count = 0
        return edits.map { edit in
            guard case .addEvent(var event, nil) = edit else { return edit }
            defer { count += 1 }
            let cause = causes.cause(of: event)
            causes.note(event, at: .committed(count))
            if event.kind.isAsked { (event.author, event.why) = (asked.author, asked.message) }
            return .addEvent(event, cause: cause)
        }
    }

    /// Takes over what the store has taken, and what it has numbered the events.
    mutating func adopt(_ edits: [FleetEdit], _ sequences: [Int64]) {
        var sequences = sequences[...]
        for edit in edits {
            adopt(edit)
            guard case .addEvent(let event, _) = edit, let sequence = sequences.popFirst() else { continue }
            causes.note(event, at: .written(sequence))
        }
    }

    mutating func renewed(until expires: BootInstant) {
        lease.expires = expires
    }

    /// Whether a stop that was asked for leaves everything as it is written down: somebody else goes on with it, because the
    /// controller ends, or a person gave another word. Any other stop is a pause.
    func isLeft(by stop: StopSignal) async -> Bool {
        if let manner = stop.manner, manner != .pausing { return true }
        guard stop.isRequested, let newest = try? await store.lease(of: name) else { return false }
        return newest.token == lease.token && newest.isInterrupted == true
    }

    func event(
        _ kind: FleetEvent.Kind,
        _ message: String,
        instance: InstanceID? = nil,
        release: ReleaseNumber? = nil,
        moment: Int64? = nil
    ) -> FleetEdit {
        .addEvent(
            FleetEvent(
                time: clock.time,
                fleet: name,
                kind: kind,
                message: message,
                instance: instance,
                release: release,
                moment: moment ?? clock.milliseconds
            )
        )
    }

    /// Reads what instances of these releases are made of.
    mutating func load(_ numbers: some Sequence<ReleaseNumber>) async throws {
        for number in numbers where contents[number] == nil {
            contents[number] = try await store.release(number, of: name)
        }
    }

    /// Of those that were loaded or added.
    func release(_ number: ReleaseNumber) -> Release? { contents[number] }

    func content(of number: ReleaseNumber) -> ReleaseContent? { contents[number]?.content }

    private mutating func adopt(_ edit: FleetEdit) {
        switch edit {
        case .putFleet(let record): self.record = record
        case .removeFleet: instances = [:]
        case .addRelease(let record):
            releases[record.release.number] = ReleaseEntry(record)
            contents[record.release.number] = record.release
        case .quarantine(let number, let quarantine): releases[number]?.quarantine = quarantine
        case .liftQuarantine(let number): releases[number]?.quarantine = nil
        case .markStable(let number, let time): releases[number]?.stable = time
        case .putPreparation(let number, let preparation): releases[number]?.preparation = preparation
        case .removePreparations: for number in releases.keys { releases[number]?.preparation = nil }
        case .putRollout(let rollout): self.rollout = rollout
        case .putInstance(let instance): instances[instance.id] = instance
        case .removeInstance(let id): instances[id] = nil
        case .addEvent(let event, _): Narrator.tell(event)
        }
    }
}
