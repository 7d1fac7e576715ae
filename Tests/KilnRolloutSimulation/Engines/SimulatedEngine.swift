package import KilnRollout

/// An engine in memory that decides its own steps, on a clock that is told to it.
package protocol SimulatedEngine: Sendable {
    var abilities: EngineAbilities { get }
    /// As it would be seen at this moment; nil while nothing is there.
    var state: EngineState? { get }
    /// Everything that the engine and its instances do by themselves until then.
    mutating func advance(to now: Instant)
    mutating func submit(_ submission: Submission, _ policy: EnginePolicy) throws(EngineRefusal)
    mutating func pause() throws(EngineRefusal)
    mutating func resume() throws(EngineRefusal)
    mutating func cancel() throws(EngineRefusal)
    mutating func scale(to wanted: Int) throws(EngineRefusal)
    mutating func retire(_ id: EngineInstanceID) throws(EngineRefusal)
    mutating func remove() throws(EngineRefusal)
    /// An instance ends by itself, by its place among those that run.
    mutating func kill(_ place: Int)
    /// Whether instances can be made at all.
    var hasRoom: Bool { get set }
}

/// Why an engine does not do what it is told.
package enum EngineRefusal: Error, Hashable {
    case nothingThere
    /// One is under way already (EC2: `InstanceRefreshInProgress`).
    case inProgress
    /// None is under way that could be canceled (`ActiveInstanceRefreshNotFound`).
    case notInProgress
    case unsupported
    /// It was told something newer.
    case stale
    case throttled
}

/// How the instances of a release behave under an engine.
package enum EngineBehaviour: Sendable, CaseIterable {
    case good
    case slow
    /// Never passes its check.
    case neverReady
    /// Ends again and again.
    case crashes
    /// Well at first, then not any more.
    case failsLater

    package var isGood: Bool { self == .good || self == .slow }
}

/// An instance of a simulated engine, moved on by `live`.
struct EngineUnit {
    let id: Int
    let release: ReleaseKey
    let made: Instant
    private let start: Duration
    var passingSince: Instant?
    var unwell: String?
    var leavesAt: Instant?
    var ends = 0
    var lastEnd: Instant?
    /// Taken out of the set that it belonged to; it goes once another is there.
    var isRetired = false

    init(_ id: Int, _ release: ReleaseKey, at now: Instant) {
        self.id = id
        self.release = release
        made = now
        var dice = Dice(UInt64(bitPattern: Int64(id)), 3000, release.number)
        start = .milliseconds(500 + dice.below(2500))
    }

    var isLeaving: Bool { leavesAt != nil }

    func isAvailable(at now: Instant, _ least: Duration) -> Bool {
        guard !isLeaving, let passingSince else { return false }
        return passingSince.advanced(by: least) <= now
    }

    mutating func live(_ behaviour: EngineBehaviour, at now: Instant) {
        let age = made.duration(to: now)
        switch behaviour {
        case .good: if age >= start { pass(now) }
        case .slow: if age >= start + .seconds(8) { pass(now) }
        case .neverReady: if age >= start { fail("its readiness probe fails") }
        case .crashes:
            let times = Int(age.components.seconds / 3)
            if times > ends { end(at: now) }
        case .failsLater:
            if age >= start + .seconds(6) {
                fail("its readiness probe fails")
            } else if age >= start {
                pass(now)
            }
        }
    }

    /// Ends, and is started anew in its place.
    mutating func end(at now: Instant) {
        ends += 1
        lastEnd = now
        fail("it ended")
    }

    private mutating func pass(_ now: Instant) {
        if let lastEnd, lastEnd.advanced(by: start) > now { return }
        passingSince = passingSince ?? now
        unwell = nil
    }

    private mutating func fail(_ reason: String) {
        passingSince = nil
        unwell = reason
    }

    func seen(at now: Instant, _ least: Duration) -> EngineState.Instance {
        let health: EngineState.Instance.Health =
            if isLeaving || isRetired {
                .leaving
            } else if isAvailable(at: now, least) {
                .available
            } else if let unwell {
                .unhealthy(reason: unwell)
            } else {
                .starting
            }
        return EngineState.Instance(
            id: EngineInstanceID("i-\(id)"),
            release: release,
            health: health,
            ends: ends,
            lastEnd: lastEnd
        )
    }
}
