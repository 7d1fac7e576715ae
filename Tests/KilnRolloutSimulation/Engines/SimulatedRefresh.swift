package import KilnRollout

/// Behaves as an EC2 Auto Scaling group under instance refreshes does: one at a time, started with a desired configuration
/// that becomes the group's only when it succeeds, with a least of healthy ones, a warmup and a checkpoint. It goes back by
/// itself only while a refresh is under way; afterwards a release is gone back from by another refresh.
///
/// A refresh skips what matches, and it compares templates alone: what drifted matches.
package struct SimulatedRefresh: SimulatedEngine {
    private struct Refresh {
        let submission: Submission
        let policy: EnginePolicy
        var status = EngineState.Activity.moving
        /// What instances are made of meanwhile: what is desired, or on the way back what was before.
        var making: ReleaseKey
        let before: ReleaseKey
        var progressed: Instant
        var best = 0
        var checkpoint: Instant?
        var hasPassedCheckpoint = false
        var cancelsAt: Instant?
    }

    private static let tick = Duration.milliseconds(500)
    /// A health check that fails for so long has the group replace the instance.
    private static let grace = Duration.seconds(25)
    /// A refresh that stands still for so long fails.
    private static let standstill = Duration.seconds(300)
    private static let checkpointDelay = Duration.seconds(5)

    package let abilities = EngineAbilities(rollsOver: false, pauses: false)
    package var hasRoom = true
    /// Refreshes that were started, by what for.
    package private(set) var starts: [Submission] = []
    private let behaviours: [EngineBehaviour]
    /// Whether an alarm watches the group, and has a refresh go back by itself.
    private let hasAlarm: Bool
    private var now: Instant
    private var template: ReleaseKey?
    private var wanted = 0
    private var told: Submission?
    private var policy: EnginePolicy?
    private var refresh: Refresh?
    private var isRemoved = false
    private var units: [EngineUnit] = []
    private var nextID = 1

    package init(_ behaviours: [EngineBehaviour], hasAlarm: Bool, now: Instant = .zero) {
        self.behaviours = behaviours
        self.hasAlarm = hasAlarm
        self.now = now
    }

    package var state: EngineState? {
        guard template != nil, let policy else { return nil }
        return EngineState(
            submission: told,
            activity: activity,
            wanted: wanted,
            instances: units.map { $0.seen(at: now, policy.minHealthy) },
            shortage: !hasRoom && (current.count < wanted || isMoving) ? "InsufficientInstanceCapacity" : nil
        )
    }

    private var current: [EngineUnit] { units.filter { !$0.isLeaving } }
    private var isUnderWay: Bool {
        switch refresh?.status {
        case .moving, .canceling, .reverting: true
        default: false
        }
    }

    private var activity: EngineState.Activity {
        if let status = refresh?.status, status != .done { return status }
        let isWhole = current.count == wanted && current.allSatisfy { $0.passingSince != nil }
        return isWhole ? .done : .restoring
    }

    /// The first submission makes the group; each other one starts a refresh.
    package mutating func submit(_ submission: Submission, _ policy: EnginePolicy) throws(EngineRefusal) {
        isRemoved = false
        guard let before = template else {
            (template, told, self.policy, wanted) = (submission.release, submission, policy, policy.wanted)
            return
        }
        if let told, submission.generation < told.generation { throw .stale }
        if isUnderWay {
            if refresh?.submission == submission, refresh?.status == .moving { return }
            throw .inProgress
        }
        if told == submission, refresh.map({ $0.status == .done }) ?? true { return }
        wanted = policy.wanted
        (told, self.policy) = (submission, policy)
        starts.append(submission)
        refresh = Refresh(
            submission: submission,
            policy: policy,
            making: submission.release,
            before: before,
            progressed: now
        )
    }

    package mutating func pause() throws(EngineRefusal) { throw .unsupported }
    package mutating func resume() throws(EngineRefusal) { throw .unsupported }

    /// What was replaced stays replaced, and the group's template stays what it was.
    package mutating func cancel() throws(EngineRefusal) {
        guard isMoving else { throw .notInProgress }
        refresh?.status = .canceling
        refresh?.cancelsAt = now.advanced(by: .seconds(4))
    }

    package mutating func scale(to wanted: Int) throws(EngineRefusal) {
        guard template != nil else { throw .nothingThere }
        self.wanted = wanted
    }

    /// Terminated without a smaller group, which has another one made.
    package mutating func retire(_ id: EngineInstanceID) throws(EngineRefusal) {
        guard let index = units.firstIndex(where: { "i-\($0.id)" == id.description }) else { return }
        if !units[index].isLeaving { leave(index) }
    }

    package mutating func remove() throws(EngineRefusal) {
        isRemoved = true
        for index in units.indices where !units[index].isLeaving { leave(index) }
    }

    /// An instance that ended is gone: the group makes another.
    package mutating func kill(_ place: Int) {
        let alive = units.indices.filter { !units[$0].isLeaving }
        if !alive.isEmpty { leave(alive[place % alive.count]) }
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
            if units.isEmpty { (template, told, policy, refresh) = (nil, nil, nil, nil) }
            return
        }
        guard let template else { return }
        replaceUnwell()
        if let cancelsAt = refresh?.cancelsAt, cancelsAt <= now, refresh?.status == .canceling {
            refresh?.status = .canceled
        }
        let making = isMoving ? refresh?.making ?? template : template
        resize(making)
        if isMoving { step() }
    }

    private var isMoving: Bool {
        switch refresh?.status {
        case .moving, .reverting: true
        default: false
        }
    }

    private mutating func replaceUnwell() {
        for index in units.indices where !units[index].isLeaving && units[index].unwell != nil {
            let since = units[index].lastEnd.map { min($0, units[index].made) } ?? units[index].made
            if since.advanced(by: Self.grace) <= now { leave(index) }
        }
    }

    /// The group keeps its size by itself.
    private mutating func resize(_ release: ReleaseKey) {
        let most = isMoving ? max(wanted, allowed) : wanted
        if current.count < wanted, hasRoom {
            for _ in current.count..<wanted { make(release) }
        }
        let surplus = units.indices.filter { !units[$0].isLeaving }
            .sorted {
                (units[$0].release == release ? 1 : 0, $0) < (units[$1].release == release ? 1 : 0, $1)
            }
            .prefix(max(0, current.count - most))
        for index in surplus { leave(index) }
    }

    private var allowed: Int { wanted * (refresh?.policy.maxHealthyPercent ?? 100) / 100 }

    private mutating func make(_ release: ReleaseKey) {
        units.append(EngineUnit(nextID, release, at: now))
        nextID += 1
    }

    private mutating func step() {
        guard let refresh, let policy else { return }
        let warm = current.count { $0.isAvailable(at: now, policy.minHealthy) }
        let matching = current.filter { $0.release == refresh.making }
        let done = matching.count { $0.isAvailable(at: now, policy.minHealthy) }
        if done > refresh.best {
            self.refresh?.best = done
            self.refresh?.progressed = now
        }
        if hasAlarm, refresh.status == .moving, isAlarmed(matching) { return goBack("an alarm went off") }
        if refresh.progressed.advanced(by: Self.standstill) <= now, refresh.status == .moving {
            return goBack("it stood still")
        }
        if isAtCheckpoint(done) { return }
        let old = units.indices.filter { !units[$0].isLeaving && units[$0].release != refresh.making }
        if old.isEmpty {
            if done >= wanted, current.count <= wanted { finish() }
            if done >= wanted, current.count > wanted, let last = units.lastIndex(where: { !$0.isLeaving }) {
                leave(last)
            }
            return
        }
        if current.count < allowed, matching.count < wanted, hasRoom { return make(refresh.making) }
        // Where there is no room above, one at a time is replaced even at a hundred percent.
        let rounded = (wanted * policy.minHealthyPercent + 99) / 100
        let least = allowed > wanted ? rounded : min(rounded, wanted - 1)
        // What is unwell goes without lowering what is healthy.
        let unwell = old.first { !units[$0].isAvailable(at: now, policy.minHealthy) }
        if let unwell { return leave(unwell) }
        if warm - 1 >= least, let first = old.first { leave(first) }
    }

    private func isAlarmed(_ matching: [EngineUnit]) -> Bool {
        matching.contains { $0.unwell != nil && $0.made.advanced(by: .seconds(15)) <= now }
    }

    /// Half way it waits once.
    private mutating func isAtCheckpoint(_ done: Int) -> Bool {
        guard let refresh, !refresh.hasPassedCheckpoint, refresh.status == .moving, wanted >= 2,
            done * 2 >= wanted
        else { return false }
        let begin = refresh.checkpoint ?? now
        self.refresh?.checkpoint = begin
        if begin.advanced(by: Self.checkpointDelay) <= now { self.refresh?.hasPassedCheckpoint = true }
        return true
    }

    /// Only what is under way goes back by itself.
    private mutating func goBack(_ reason: String) {
        guard let refresh, hasAlarm else {
            self.refresh?.status = .failed(reason: reason)
            return
        }
        self.refresh?.status = .reverting(reason: reason)
        self.refresh?.making = refresh.before
        self.refresh?.best = 0
    }

    private mutating func finish() {
        guard let refresh else { return }
        if case .reverting(let reason) = refresh.status {
            self.refresh?.status = .reverted(reason: reason)
        } else {
            self.refresh?.status = .done
            template = refresh.making
        }
    }

    private mutating func leave(_ index: Int) {
        var dice = Dice(UInt64(bitPattern: Int64(units[index].id)), 3001, 0)
        units[index].leavesAt = now.advanced(by: .milliseconds(500 + dice.below(4000)))
    }
}
