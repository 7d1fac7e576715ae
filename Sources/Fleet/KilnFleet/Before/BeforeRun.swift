import KilnDefinition
import KilnSystem

/// Does what is left of a release's one-shot work, under the fleet's lease.
///
/// What is begun is written down before, and how it ended before it is removed. It runs under a supervisor of its own, so that a
/// later command still learns its end when this one dies.
struct BeforeRun {
    enum Ending {
        case done
        case failed(reason: String)
        case paused
        /// Nobody knows how it ended, and it may not be run again unasked.
        case unsure(reason: String)
    }

    /// How one command ended, as far as it was seen.
    private enum End {
        case status(Int32)
        case late
        case unseen
        case stopRequested
    }

    static let look = Duration.milliseconds(250)
    /// How long a supervisor may take to note the end of what it watches.
    private static let noteTime = Duration.seconds(5)
    private static let linesKept = 20

    let driver: FleetDriver
    let platform: any InstancePlatform
    let release: Release
    let work: [BeforeDefinition]
    /// A person asked to run again what may have run already.
    let mayRepeat: Bool
    var ledger: Ledger
    private var renewDue: BootInstant
    /// When it is looked next whether the fleet's own instances live.
    var healDue: BootInstant

    init(
        _ driver: FleetDriver,
        on platform: any InstancePlatform,
        _ ledger: Ledger,
        _ release: Release,
        _ work: [BeforeDefinition],
        mayRepeat: Bool
    ) {
        self.driver = driver
        self.platform = platform
        self.ledger = ledger
        self.release = release
        self.work = work
        self.mayRepeat = mayRepeat
        renewDue = driver.clock.now.advanced(by: Lease.renewal)
        healDue = driver.clock.now
    }

    var preparation: Preparation { ledger.releases[release.number]?.preparation ?? Preparation() }

    mutating func run() async throws -> Ending {
        try await renew()
        try await driver.removeOneShots(ledger, except: preparation.begun?.instance)
        while preparation.done < work.count {
            let index = preparation.done
            if let ending = try await finish(index) { return ending }
        }
        return .done
    }

    /// nil when it ended well.
    private mutating func finish(_ index: Int) async throws -> Ending? {
        let step = work[index]
        if driver.stop.isRequested || Task.isCancelled {
            try await notePause(step)
            return .paused
        }
        if let begun = preparation.begun, begun.index == index {
            if try await isKnown(begun.instance) {
                var record = ledger.record
                record.pending = PendingRelease(release.number, step, since: begun.time)
                let message = "\(step.title) was begun before; its end is waited for"
                try await ledger.write([.putFleet(record), event(message, begun.instance)])
                return try await watch(begun, step)
            }
            if !step.reversible, !(mayRepeat && ledger.record.pending?.wasToldUnsure == true) {
                return try await leave(begun, step)
            }
            try await driver.removeOneShots(ledger)
        }
        do {
            return try await watch(try await begin(index, step), step)
        } catch let error as MayHaveBegun {
            return try await leave(error.begun, step)
        }
    }

    /// Whether it runs, or its end was noted by its supervisor.
    private func isKnown(_ id: InstanceID) async throws -> Bool {
        switch try await noted(id)?.process {
        case .running, .exited(status: .some): true
        case .exited(status: nil), .incomplete, nil: false
        }
    }

    /// How it looks; of one that has just ended, once its end was noted.
    private func noted(_ id: InstanceID) async throws -> InstanceObservation? {
        let deadline = driver.clock.now.advanced(by: Self.noteTime)
        while true {
            let look = try await observe(id)
            guard case .exited(status: nil) = look?.process, driver.clock.now < deadline else { return look }
            try? await driver.clock.sleep(until: driver.clock.now.advanced(by: Self.look))
            if Task.isCancelled { return look }
        }
    }

    func observe(_ id: InstanceID) async throws -> InstanceObservation? {
        try await platform.oneShots(of: ledger.name).first { $0.spec.id == id }
    }

    private mutating func begin(_ index: Int, _ step: BeforeDefinition) async throws -> Preparation.Begun {
        let id = InstanceID("\(ledger.name)-\(release.number)-\(driver.makeSuffix())")
        let begun = Preparation.Begun(index: index, instance: id, time: driver.clock.time)
        var next = preparation
        next.begun = begun
        var record = ledger.record
        record.pending = PendingRelease(release.number, step, since: driver.clock.time)
        let before = record
        if !step.reversible { record.passReturn() }
        try await ledger.write([
            .putPreparation(release.number, next), .putFleet(record),
            event("\(step.title) runs before the rollout", id),
        ])
        let own = Release(
            fleet: release.fleet,
            number: release.number,
            content: release.content.forOneShot(),
            created: release.created
        )
        let spec = InstanceSpec(id: id, slot: 0, release: own, command: step.run, isOneShot: true)
        do {
            let (platform, token) = (platform, ledger.lease.token)
            try await ledger.keepingLease { try await platform.create(spec, token: token) }
        } catch {
            try await handle(error, begun, step, before)
        }
        return begun
    }

    /// What may have begun, and cannot be undone, is never taken for what did not.
    private mutating func handle(
        _ error: any Error,
        _ begun: Preparation.Begun,
        _ step: BeforeDefinition,
        _ before: FleetRecord
    ) async throws {
        let cause = (error as? NotBegun)?.cause ?? error
        let isOfRelease = (cause as? any ReleaseFault)?.isOfRelease == true
        guard step.reversible || isOfRelease || error is NotBegun else {
            try await tell("\(step.title) may have begun: \(FleetRun.words(cause))", begun.instance)
            throw MayHaveBegun(begun: begun)
        }
        var next = preparation
        next.begun = nil
        var record = ledger.record
        record.hasPassedReturn = before.hasPassedReturn
        record.rollout = before.rollout
        try await ledger.write([.putPreparation(release.number, next), .putFleet(record)])
        if isOfRelease { throw Unstartable(reason: FleetRun.words(cause), begun: begun) }
        throw cause
    }

    private struct MayHaveBegun: Error {
        let begun: Preparation.Begun
    }

    /// The release asks for what it does not have.
    struct Unstartable: Error {
        let reason: String
        let begun: Preparation.Begun
    }

    private mutating func watch(
        _ begun: Preparation.Begun,
        _ step: BeforeDefinition
    ) async throws -> Ending? {
        let end = try await end(of: begun.instance, within: step.timeout)
        let lines =
            (try? await platform.logLines(begun.instance, of: ledger.name, last: Self.linesKept)) ?? []
        switch end {
        case .status(0): return try await succeed(begun, step, lines)
        case .status(let status):
            return try await fail(begun, "\(step.title) ended with status \(status)", lines)
        case .late:
            return try await fail(begun, "\(step.title) did not end within \(step.timeout.words)", lines)
        case .stopRequested: return try await pause(begun, step)
        case .unseen: return step.reversible ? try await lose(begun, step) : try await leave(begun, step)
        }
    }

    private mutating func end(of id: InstanceID, within limit: Duration) async throws -> End {
        var deadline: BootInstant?
        while true {
            let look = try await noted(id)
            switch look?.process {
            case .exited(let status?): return .status(status)
            case .exited(status: nil), .incomplete, nil: return .unseen
            case .running: break
            }
            let now = driver.clock.now
            let due = deadline ?? (look?.started ?? now).advanced(by: limit)
            deadline = due
            if now >= due { return .late }
            if driver.stop.isRequested || Task.isCancelled { return .stopRequested }
            if now >= renewDue { try await renew() }
            if now >= healDue { try await heal(beside: id, until: due) }
            try? await driver.clock.sleep(until: min(due, now.advanced(by: Self.look)))
        }
    }

    private mutating func renew() async throws {
        let now = driver.clock.now
        let expires = now.advanced(by: Lease.duration)
        try await ledger.store.renewLease(ledger.lease, until: expires)
        ledger.renewed(until: expires)
        renewDue = now.advanced(by: Lease.renewal)
    }
}
