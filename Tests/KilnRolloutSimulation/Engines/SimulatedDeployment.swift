package import KilnRollout

/// Behaves as a Kubernetes Deployment does, as far as a rollout can tell: a set for each template, rounding and steps of the
/// deployment controller's `rolling.go`, conditions that end nothing, revisions that are taken up again.
///
/// Instances that terminate count for nothing in its budget, and a new template in the middle of a rollout takes over at
/// once (rollover).
package struct SimulatedDeployment: SimulatedEngine {
    private struct Spec {
        var submission: Submission
        var policy: EnginePolicy
        var wanted: Int
        var isPaused = false
        var version = 1
    }

    private static let tick = Duration.milliseconds(500)
    /// Between a change of the specification and the controller's first look at it.
    private static let lag = Duration.seconds(2)
    private static let revisionHistoryLimit = 10

    package let abilities = EngineAbilities(rollsOver: true, pauses: true)
    package var hasRoom = true
    private let behaviours: [EngineBehaviour]
    private var now: Instant
    private var spec: Spec?
    /// What the controller has taken up of it, and when it takes up what is newer.
    private var observed: Spec?
    private var observesAt = Instant.zero
    private var isRemoved = false
    private var units: [EngineUnit] = []
    private var nextID = 1
    /// The instances that each template's set shall have.
    private var sets: [ReleaseKey: Int] = [:]
    private var revisions: [ReleaseKey: Int] = [:]
    private var lastProgress = Instant.zero
    private var best = 0

    package init(_ behaviours: [EngineBehaviour], now: Instant = .zero) {
        self.behaviours = behaviours
        self.now = now
    }

    package var state: EngineState? {
        guard let spec else { return nil }
        let instances = units.map { $0.seen(at: now, spec.policy.minHealthy) }
        return EngineState(
            submission: spec.submission,
            activity: activity(spec),
            wanted: spec.wanted,
            instances: instances,
            shortage: isShort ? "exceeded quota" : nil,
            conditions: conditions(spec)
        )
    }

    /// The revision of each template that is kept, newest highest.
    package var history: [ReleaseKey: Int] { revisions }

    private var isShort: Bool { !hasRoom && sets.values.reduce(0, +) > units.count { !$0.isLeaving } }

    private func activity(_ spec: Spec) -> EngineState.Activity {
        if spec.isPaused { return .paused }
        guard let observed, observed.version == spec.version else { return .moving }
        let target = spec.submission.release
        let current = units.filter { !$0.isLeaving && $0.release == target }
        let isDone =
            current.count == spec.wanted && !units.contains { !$0.isLeaving && $0.release != target }
            && current.allSatisfy { $0.isAvailable(at: now, spec.policy.minHealthy) && !$0.isRetired }
        return isDone ? .done : .moving
    }

    /// A deadline that passed is told and changes nothing.
    private func conditions(_ spec: Spec) -> [EngineState.Condition] {
        guard activity(spec) == .moving,
            lastProgress.advanced(by: spec.policy.progressDeadline) <= now
        else { return [] }
        return [EngineState.Condition(name: "Progressing", reason: "ProgressDeadlineExceeded")]
    }

    package mutating func submit(_ submission: Submission, _ policy: EnginePolicy) throws(EngineRefusal) {
        isRemoved = false
        guard var spec else {
            spec = Spec(submission: submission, policy: policy, wanted: policy.wanted)
            return changed()
        }
        if submission.generation < spec.submission.generation { throw .stale }
        guard spec.submission != submission || spec.isPaused || spec.policy != policy else { return }
        spec.submission = submission
        spec.policy = policy
        spec.wanted = policy.wanted
        spec.isPaused = false
        self.spec = spec
        changed()
    }

    package mutating func pause() throws(EngineRefusal) { try edit { $0.isPaused = true } }

    package mutating func resume() throws(EngineRefusal) { try edit { $0.isPaused = false } }

    /// There is no such verb: a rollout is turned, not ended.
    package mutating func cancel() throws(EngineRefusal) { throw .unsupported }

    package mutating func scale(to wanted: Int) throws(EngineRefusal) { try edit { $0.wanted = wanted } }

    /// Taken out of its set by its label, so that the set makes another one first.
    package mutating func retire(_ id: EngineInstanceID) throws(EngineRefusal) {
        guard let index = units.firstIndex(where: { "i-\($0.id)" == id.description }) else { return }
        units[index].isRetired = true
    }

    package mutating func remove() throws(EngineRefusal) {
        isRemoved = true
        sets = [:]
        for index in units.indices where !units[index].isLeaving { leave(index) }
    }

    package mutating func kill(_ place: Int) {
        let alive = units.indices.filter { !units[$0].isLeaving }
        if !alive.isEmpty { units[alive[place % alive.count]].end(at: now) }
    }

    private mutating func edit(_ body: (inout Spec) -> Void) throws(EngineRefusal) {
        guard var spec else { throw .nothingThere }
        body(&spec)
        self.spec = spec
        changed()
    }

    private mutating func changed() {
        spec?.version += 1
        observesAt = now.advanced(by: Self.lag)
        lastProgress = now
    }

    package mutating func advance(to end: Instant) {
        while now.advanced(by: Self.tick) <= end {
            now = now.advanced(by: Self.tick)
            turn()
        }
    }

    private mutating func turn() {
        units.removeAll { unit in unit.leavesAt.map { $0 <= now } ?? false }
        for index in units.indices where !units[index].isLeaving {
            units[index].live(behaviours[units[index].release.number], at: now)
        }
        if isRemoved {
            if units.isEmpty { (spec, observed) = (nil, nil) }
            return
        }
        if let spec, observed?.version != spec.version, observesAt <= now { take(spec) }
        guard let observed else { return }
        if observed.isPaused { resize(observed) } else { step(observed) }
        fill()
        note(observed)
    }

    /// A template that was there before has its set taken up again, under a new revision.
    private mutating func take(_ spec: Spec) {
        if observed?.submission.release != spec.submission.release {
            revisions[spec.submission.release] = (revisions.values.max() ?? 0) + 1
            let old = revisions.filter { sets[$0.key] ?? 0 == 0 }.sorted { $0.value < $1.value }
            for (release, _) in old.dropLast(Self.revisionHistoryLimit) { revisions[release] = nil }
        }
        observed = spec
        best = 0
    }

    /// One step of `rolling.go`: up as far as the surge reaches, else down as far as the available ones allow.
    private mutating func step(_ spec: Spec) {
        let (target, budget) = (spec.submission.release, spec.policy.budget)
        let placed = sets[target] ?? 0
        let total = sets.values.reduce(0, +)
        if placed > spec.wanted {
            sets[target] = spec.wanted
            return
        }
        let up = min(spec.wanted + budget.surge - total, spec.wanted - placed)
        if up > 0 {
            sets[target] = placed + up
            return
        }
        let least = spec.wanted - budget.unavailable
        let missing = placed - available(target, spec)
        var down = total - least - missing
        guard down > 0 else { return }
        let old = sets.keys.filter { $0 != target && (sets[$0] ?? 0) > 0 }.sorted()
        for release in old {
            let unwell = max(0, (sets[release] ?? 0) - available(release, spec))
            let gone = min(unwell, down)
            sets[release, default: 0] -= gone
            down -= gone
        }
        down = min(down, old.reduce(available(target, spec)) { $0 + available($1, spec) } - least)
        for release in old where down > 0 {
            let gone = min(sets[release] ?? 0, down)
            sets[release, default: 0] -= gone
            down -= gone
        }
    }

    /// A paused one is still scaled: the largest set bears the difference.
    private mutating func resize(_ spec: Spec) {
        let total = sets.values.reduce(0, +)
        let most = spec.wanted + spec.policy.budget.surge
        guard let largest = sets.max(by: { ($0.value, $0.key) < ($1.value, $1.key) })?.key else { return }
        if total < spec.wanted { sets[largest, default: 0] += spec.wanted - total }
        if total > most { sets[largest] = max(0, (sets[largest] ?? 0) - (total - most)) }
    }

    private func available(_ release: ReleaseKey, _ spec: Spec) -> Int {
        units.count {
            $0.release == release && !$0.isRetired && $0.isAvailable(at: now, spec.policy.minHealthy)
        }
    }

    /// Each set makes what it lacks and removes what it has too many of, the unready first.
    private mutating func fill() {
        for (release, wanted) in sets.sorted(by: { $0.key < $1.key }) {
            let own = units.indices.filter {
                units[$0].release == release && !units[$0].isLeaving && !units[$0].isRetired
            }
            if own.count < wanted, hasRoom {
                for _ in own.count..<wanted {
                    units.append(EngineUnit(nextID, release, at: now))
                    nextID += 1
                }
            }
            let sorted = own.sorted {
                (units[$0].passingSince == nil ? 0 : 1, -$0) < (units[$1].passingSince == nil ? 0 : 1, -$1)
            }
            for index in sorted.prefix(max(0, own.count - wanted)) { leave(index) }
            let isWhole = own.count >= wanted && own.allSatisfy { units[$0].passingSince != nil }
            guard isWhole else { continue }
            for index in units.indices
            where units[index].isRetired && units[index].release == release && !units[index].isLeaving {
                leave(index)
            }
        }
        // A set that is gone has nobody to wait for.
        for index in units.indices where units[index].isRetired && (sets[units[index].release] ?? 0) == 0 {
            if !units[index].isLeaving { leave(index) }
        }
    }

    private mutating func leave(_ index: Int) {
        var dice = Dice(UInt64(bitPattern: Int64(units[index].id)), 3001, 0)
        units[index].leavesAt = now.advanced(by: .milliseconds(500 + dice.below(6000)))
    }

    private mutating func note(_ spec: Spec) {
        let reached = available(spec.submission.release, spec)
        if reached > best {
            best = reached
            lastProgress = now
        }
    }
}
