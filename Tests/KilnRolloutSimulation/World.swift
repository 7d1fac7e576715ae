package import KilnRollout

/// A fleet under a virtual clock: a platform that loses and delays what it is told, and a driver that dies.
package final class World {  // a class: platform, driver and checks all move the one world
    enum Kind: Int {
        case create
        case route
        case drain
        case detach
        case destroy
    }

    enum Happening {
        case fault(Scenario.Event)
        /// A call takes its effect.
        case effect(Kind, key: Int, incarnation: Int, weight: Int)
        /// The driver hears how a call went.
        case answer(Kind, key: Int, incarnation: Int, failed: Bool)
        /// The instance turns healthy or not, in truth.
        case health(key: Int, passing: Bool)
        case exit(key: Int)
        case sessionsEnd(key: Int)
        /// The driver hears how an instance does.
        case news(key: Int, incarnation: Int)
        /// The driver finds what nobody wrote down.
        case look
        /// The platform can be looked at again.
        case sight
        case wake
        case driverComes
        case resume
        case thaw
        case calm
        /// A person sees whether anything waits for one.
        case person
        /// A person deploys what is known to be good.
        case repair
    }

    /// An instance as it really is.
    struct Unit {
        let slot: Int
        let release: Int
        var exists = false
        var running = false
        var exited = false
        var passing = false
        var passingSince: Int64 = 0
        var started: Int64 = 0
        var traffic = 0  // 0 none, 1 ready, 2 draining
        var weight = InstanceState.fullWeight
        var sessions = 0
        var drainStart: Int64 = 0
    }

    /// What the driver has written down of an instance.
    struct Note {
        let slot: Int
        let release: Int
        var isStopping = false
        var isCondemned = false
        var madeIn: Int?
        var asideIn: Int?
        var custody: Custody?

        var isTaken: Bool { custody?.isAwaited == false }
    }

    /// Since when an instance serves in truth, or served and until when.
    struct Service {
        var since: Int64
        var last: Int64
        var isNow: Bool
    }

    package struct Broken: Error {
        package let what: String
    }

    let scenario: Scenario
    let planner: RolloutPlanner
    let policy: RolloutPolicy
    var now: Int64 = 0
    var queue = EventQueue<Happening>()
    var units: [Int: Unit] = [:]
    /// What there is by calls that were taken for failed, until somebody writes it down.
    var strangers: Set<Int> = []
    /// What was asked for, by key; never forgotten.
    var asked: [Int: Note] = [:]
    // Written down:
    var notes: [Int: Note] = [:]
    package var rollout = RolloutState()
    var quarantined: Set<ReleaseKey> = []
    var wanted: Int
    var writes = 0
    // The driver's own:
    var driver: FleetState? { didSet { isNews = true } }
    /// The driver knows something that it did not when it planned last, or its time has come.
    var isNews = false
    package var incarnation = 0
    var attempts = 0
    var nextKey = 1
    var wakeAt: Int64 = .max
    /// When a comparison is asked about again.
    var verdictAt: Int64 = 0
    // For the checks:
    var refusedUntil: Int64 = 0
    var blindUntil: Int64 = 0
    var blindSince: Int64?
    var obscuredUntil: [Int: Int64] = [:]
    var isCalm = false
    var deployed = 0
    /// Releases that were stable once.
    var proven: Set<Int> = []
    var broken: String?
    package var events = 0
    var leastSeen: Int?
    var served: [Int: Service] = [:]
    /// Since when those that a person looks at have requests all the same.
    var inTraffic: [Int: Int64] = [:]
    package var outcomes: [Outcome] = []
    /// What was decided, by name: what the traces came to.
    package var decisions: [String: Int] = [:]
    /// Somebody vouched for a release, or changed what was wanted: nothing is said of comparisons.
    var isMeddled = false

    package init(_ scenario: Scenario, planner: RolloutPlanner = RolloutPlanner()) throws {
        self.scenario = scenario
        self.planner = planner
        policy = try scenario.policy()
        wanted = scenario.wanted
        queue.push(.driverComes, at: 0)
        for fault in scenario.faults { queue.push(.fault(fault.event), at: Int64(fault.at) * 1_000_000) }
        queue.push(.calm, at: Int64(Scenario.faultSeconds) * 1_000_000_000)
        rollout.begin(ReleaseKey(0), now: .zero)
    }

    var instant: Instant { Instant(nanoseconds: now) }

    /// Runs until nothing happens any more; throws what was broken.
    package func run() throws {
        while let (time, happening) = queue.pop() {
            now = max(now, time)
            events += 1
            if events > 6000 { throw Broken(what: "liveness: does not come to rest") }
            happen(happening)
            if isNews, now >= blindUntil { drive() }
            isNews = false
            checkAfterEvent()
            if let broken { throw Broken(what: broken) }
        }
        try checkAtRest()
    }

    func happen(_ happening: Happening) {
        switch happening {
        case .fault(let event): fault(event)
        case .effect(let kind, let key, let by, let weight): effect(kind, key, by, weight)
        case .answer(let kind, let key, let by, let failed): answer(kind, key, by, failed)
        case .health(let key, let passing): turn(key, passing)
        case .exit(let key): exit(key)
        case .sessionsEnd(let key):
            units[key]?.sessions = 0
            tell(key)
        case .news(let key, let by): if by == incarnation { hear(key) }
        case .look: look()
        case .sight: see()
        case .wake:
            isNews = true
            if now >= wakeAt { wakeAt = .max }
        case .driverComes: come()
        case .resume: steer { $0.resume(now: $1) }
        case .thaw: steer { $0.thaw(now: $1) }
        case .calm: calm()
        case .repair: repair()
        case .person: decide()
        }
    }

    func after(_ milliseconds: Int, _ happening: Happening) {
        queue.push(happening, at: now + Int64(milliseconds) * 1_000_000)
    }

    func fault(_ event: Scenario.Event) {
        switch event {
        case .kill(let n): if let key = runner(n) { exit(key) }
        case .flap(let n, let seconds):
            guard let key = runner(n) else { return }
            turn(key, false)
            after(seconds * 1000, .health(key: key, passing: true))
        case .condemn(let n):
            if let key = runner(n) { condemn([key]) }
        case .debug(let n, let seconds, let awaits):
            if let key = runner(n) { debug(key, for: seconds, awaits: awaits) }
        case .condemnAll: condemn(units.keys.filter { units[$0]?.running == true }.sorted())
        case .scale(let n):
            wanted = n
            rollout.allowTime(now: instant)
            driver?.rollout.allowTime(now: instant)
            driver?.wanted = n
        case .deploy(let index): deploy(index)
        case .force(let index):
            guard index < scenario.releases.count else { return }
            quarantined.remove(ReleaseKey(index))
            driver?.quarantined = quarantined
            deploy(index)
        case .crash(let seconds): die(for: seconds)
        case .pause(let seconds):
            rollout.pause()
            driver?.rollout.pause()
            after(seconds * 1000, .resume)
        case .freeze(let seconds):
            steer { rollout, _ in rollout.freeze(reason: "an incident") }
            after(seconds * 1000, .thaw)
        case .promote, .promoteFully:
            isMeddled = true
            let isFull = if case .promoteFully = event { true } else { false }
            steer { _ = $0.promote(full: isFull, now: $1) }
        case .abort: steer { _ = $0.abort(reason: "aborted", now: $1) }
        case .rollback(let index): rollBack(to: index)
        case .reboot(let seconds): reboot(for: seconds)
        case .refuse(let seconds): refusedUntil = now + Int64(seconds) * 1_000_000_000
        case .blind(let seconds):
            blindSince = blindSince ?? now
            blindUntil = max(blindUntil, now + Int64(seconds) * 1_000_000_000)
            queue.push(.sight, at: blindUntil)
        case .obscure(let n, let seconds):
            guard let key = runner(n), units[key]?.traffic == 1 else { return }
            obscuredUntil[key] = now + Int64(seconds) * 1_000_000_000
            tell(key)
            after(seconds * 1000, .news(key: key, incarnation: incarnation))
        case .forget(let seconds): forget(for: seconds)
        }
    }

    /// A person's word is written down at once, and heard by the driver if there is one.
    func steer(_ body: (inout RolloutState, Instant) -> Void) {
        body(&rollout, instant)
        driver?.rollout = rollout
    }

    private func condemn(_ keys: [Int]) {
        rollout.allowTime(now: instant)
        driver?.rollout.allowTime(now: instant)
        for key in keys where notes[key] != nil {
            notes[key]?.isCondemned = true
            change(key) { $0.isCondemned = true }
        }
    }

    /// Of one that is only being made, that is going, or that somebody looks at already, nothing more is asked. Whoever
    /// takes it saw it run, whatever became of the call that made it.
    private func debug(_ key: Int, for seconds: Int, awaits: Bool) {
        guard let note = notes[key], !note.isStopping, note.custody == nil else { return }
        let known = driver?.instances.first { $0.key.number == key }
        if let known, known.isBusy, known.process == .planned { return }
        change(key) { if $0.process == .refused { $0.process = process(of: key) } }
        condemn([key])
        let custody = Custody(until: instant.advanced(by: .seconds(seconds)), isAwaited: awaits)
        notes[key]?.custody = custody
        change(key) { $0.custody = custody }
        decisions["debug", default: 0] += 1
    }

    /// Whoever comes finds strangers.
    private func forget(for seconds: Int) {
        guard driver != nil, !isCalm else { return }
        die(for: seconds)
        notes = [:]
        strangers.formUnion(units.keys)
    }

    func deploy(_ index: Int) {
        guard !quarantined.contains(ReleaseKey(index)), rollout.target != ReleaseKey(index) else { return }
        begin(index)
        deployed = max(deployed, index)
    }

    /// What was stable before is not compared again.
    private func rollBack(to index: Int) {
        guard proven.contains(index), !quarantined.contains(ReleaseKey(index)),
            rollout.target != ReleaseKey(index)
        else { return }
        isMeddled = true
        begin(index, isProven: true)
    }

    /// Instances have ended, and nobody balances, until a driver comes.
    private func reboot(for seconds: Int) {
        guard !isCalm else { return }
        die(for: seconds)
        for key in units.keys.sorted() {
            units[key]?.traffic = 0
            units[key]?.weight = InstanceState.fullWeight
            units[key]?.sessions = 0
            exit(key)
        }
    }

    private func calm() {
        isCalm = true
        refusedUntil = 0
        obscuredUntil = [:]
        for key in notes.keys.sorted() { tell(key) }
        if blindUntil > now {
            blindUntil = now
            happen(.sight)
        }
        if rollout.isPaused { happen(.resume) }
        if rollout.freeze != nil { happen(.thaw) }
        after(60_000, .person)
        after(600_000, .repair)
    }

    /// Whatever waits for a person is promoted.
    private func decide() {
        if let state = driver {
            if planner.isSettled(state, now: instant) { return }
            if planner.waitsForPerson(state, now: instant) != nil {
                isMeddled = true
                steer { _ = $0.promote(full: false, now: $1) }
            }
        }
        after(60_000, .person)
    }

    /// A frozen fleet waits for a person, who deploys a good release.
    private func repair() {
        guard case .frozen = rollout.phase else { return }
        guard let good = scenario.releases.firstIndex(where: \.isGood) else { return }
        quarantined.remove(ReleaseKey(good))
        driver?.quarantined = quarantined
        begin(good)
        after(60_000, .person)
    }

    /// What ended before says nothing about this attempt.
    private func begin(_ index: Int, isProven: Bool = false) {
        let isIrreversible = scenario.irreversible.contains(index) && rollout.stable != nil
        rollout.begin(
            ReleaseKey(index),
            isProven: isProven,
            now: instant,
            isIrreversible: isIrreversible
        )
        driver?.rollout = rollout
        for key in notes.keys {
            change(key) { if case .ended = $0.process { $0.failureNoted = true } }
        }
    }

    private func runner(_ n: Int) -> Int? {
        let running = units.filter { $0.value.running }.keys.sorted()
        return running.isEmpty ? nil : running[n % running.count]
    }
}
