package import KilnRollout

/// A fleet whose steps an engine decides, under a virtual clock: calls are lost, late and refused, looks are old, and the
/// driver dies between any two of its writes and calls.
package final class TargetWorld {  // a class: engine, driver and checks all move the one world
    package struct Broken: Error {
        package let what: String
    }

    let scenario: TargetScenario
    package var engine: any SimulatedEngine
    let judge = TargetJudge()
    var now: Instant = .zero
    private var second = 0
    // Written down:
    var fleet: FleetState
    var condemned: Set<EngineInstanceID> = []
    // The driver's own:
    private var isAlive = true
    private var comesAt = 0
    private var seen: EngineState?
    private var refusals = 0
    private var shortage = Shortage()
    // Faults:
    private var looks: [EngineState?] = []
    private var blindUntil = 0
    private var blindSince: Instant?
    private var throttledUntil = 0
    private var roomAt = 0
    private var resumeAt = Int.max
    private var thawAt = Int.max
    private var late: [(second: Int, incarnation: Int, action: TargetAction)] = []
    private var steps = 0
    private var incarnation = 0
    var isCalm = false
    var broken: String?
    package private(set) var outcomes: [Outcome] = []
    package private(set) var calls: [String: Int] = [:]
    package private(set) var crashCount = 0

    package init(_ scenario: TargetScenario) throws {
        self.scenario = scenario
        engine =
            switch scenario.engine {
            case .deployment: SimulatedDeployment(scenario.releases)
            case .refresh: SimulatedRefresh(scenario.releases, hasAlarm: false)
            case .refreshWithAlarm: SimulatedRefresh(scenario.releases, hasAlarm: true)
            }
        fleet = FleetState(wanted: scenario.wanted, policy: try scenario.policy(), rollout: RolloutState())
        fleet.rollout.begin(ReleaseKey(0), now: .zero)
    }

    /// Runs until the fleet has been at rest for a while after everything calmed down; throws what was broken.
    package func run() throws {
        let calm = TargetScenario.faultSeconds
        while second < calm + 1500 {
            if second == calm { calmDown() }
            if second == calm + 300 { repair() }
            for fault in scenario.faults where fault.second == second { happen(fault.event) }
            turn()
            if let broken { throw Broken(what: "at \(second) s: \(broken)") }
            if second > calm + 330, isAtRest { break }
            second += 1
            now = now.advanced(by: .seconds(1))
        }
        try checkAtRest()
    }

    var state: TargetState {
        TargetState(
            fleet: fleet,
            engine: seen,
            abilities: engine.abilities,
            condemned: condemned,
            shortage: shortage.since(fleet.rollout.progress)
        )
    }

    private var isAtRest: Bool { isAlive && judge.isSettled(state, now: now) }

    private func turn() {
        engine.advance(to: now)
        engine.hasRoom = second >= roomAt
        for call in late where call.second <= second && call.incarnation == incarnation {
            try? perform(call.action)
        }
        late.removeAll { $0.second <= second }
        looks.append(engine.state)
        if second >= resumeAt {
            steer { $0.resume(now: $1) }
            resumeAt = .max
        }
        if second >= thawAt {
            steer { $0.thaw(now: $1) }
            thawAt = .max
        }
        if !isAlive, second >= comesAt { come() }
        guard isAlive, second >= blindUntil else { return }
        look()
        drive()
    }

    private func look() {
        seen = looks[max(0, looks.count - 1 - (isCalm ? 0 : scenario.staleness))]
        shortage.note(seen, now: now)
        if let since = blindSince {
            blindSince = nil
            fleet.rollout.discount(from: since, to: now)
        }
        let there = Set(engine.state?.instances.map(\.id) ?? [])
        condemned.formIntersection(there)
    }

    private func drive() {
        for _ in 0..<100 {
            let state = state
            let actions = judge.judge(state, now: now)
            guard case .change = actions.first else {
                if actions.count > 1 { broken = "two calls at once" }
                if let action = actions.first { carryOut(action, state) }
                return
            }
            for case .change(let change) in actions where isAlive { record(change) }
            if !isAlive { return }
        }
        broken = broken ?? "decides without end"
    }

    private func record(_ change: Change) {
        check(change, state)
        takeStep {
            fleet.apply(change, now: now)
            if case .finish(let outcome) = change { outcomes.append(outcome) }
        }
    }

    /// Done as a whole or not at all; the driver may die right before or after.
    private func takeStep(_ body: () -> Void) {
        steps += 1
        let dies = scenario.crashes.contains(steps) && !isCalm
        if !dies || steps.isMultiple(of: 2) { body() }
        if dies { die(for: 3) }
    }

    private func carryOut(_ action: TargetAction, _ state: TargetState) {
        check(action, state)
        calls["\(action)".prefix { $0.isLetter }.description, default: 0] += 1
        takeStep {
            var dice = Dice(scenario.seed, 6000, steps)
            let isLost = !isCalm && dice.chance(scenario.lossPercent)
            let isThrottled = second < throttledUntil
            var isRefused = isLost || isThrottled
            if isLost, dice.chance(30) {
                late.append((second + 1 + dice.below(12), incarnation, action))
            } else if !isThrottled, !isLost || dice.chance(50) {
                do { try perform(action) } catch { isRefused = true }
            }
            refusals = isRefused ? refusals + 1 : 0
            let until = now.advanced(by: .seconds(1 << min(refusals, 5)))
            fleet.refusal = isRefused ? Refusal(until: until, reason: "throttled") : nil
        }
    }

    private func perform(_ action: TargetAction) throws(EngineRefusal) {
        let policy = EnginePolicy(fleet.policy, wanted: fleet.wanted)
        switch action {
        case .change: break
        case .submit(let submission), .revert(let submission): try engine.submit(submission, policy)
        case .pause: try engine.pause()
        case .resume: try engine.resume()
        case .cancel: try engine.cancel()
        case .scale(let wanted): try engine.scale(to: wanted)
        case .retire(let id): try engine.retire(id)
        case .remove: try engine.remove()
        }
    }

    private func happen(_ event: TargetScenario.Event) {
        switch event {
        case .kill(let place): engine.kill(place)
        case .scale(let wanted):
            fleet.wanted = wanted
            fleet.rollout.allowTime(now: now)
        case .deploy(let index): deploy(index)
        case .force(let index):
            guard index < scenario.releases.count else { return }
            fleet.quarantined.remove(ReleaseKey(index))
            deploy(index)
        case .condemn(let place):
            let alive = engine.state?.instances.filter { $0.health != .leaving } ?? []
            guard !alive.isEmpty else { return }
            condemned.insert(alive[place % alive.count].id)
            fleet.rollout.allowTime(now: now)
        case .crash(let seconds): die(for: seconds)
        case .pause(let seconds):
            fleet.rollout.pause()
            resumeAt = second + seconds
        case .freeze(let seconds):
            fleet.rollout.freeze(reason: "an incident")
            thawAt = second + seconds
        case .abort: steer { _ = $0.abort(reason: "aborted", now: $1) }
        case .noRoom(let seconds): roomAt = second + seconds
        case .blind(let seconds):
            blindSince = blindSince ?? now
            blindUntil = max(blindUntil, second + seconds)
        case .throttle(let seconds): throttledUntil = second + seconds
        }
    }

    private func steer(_ body: (inout RolloutState, Instant) -> Void) { body(&fleet.rollout, now) }

    private func deploy(_ index: Int) {
        let release = ReleaseKey(index)
        guard !fleet.quarantined.contains(release), fleet.rollout.target != release else { return }
        fleet.rollout.begin(release, now: now)
    }

    private func die(for seconds: Int) {
        guard isAlive, !isCalm else { return }
        (isAlive, comesAt) = (false, second + seconds)
        crashCount += 1
    }

    /// Another driver: it knows what is written down, and what it sees.
    private func come() {
        guard second >= blindUntil else { return }
        isAlive = true
        incarnation += 1
        (refusals, fleet.refusal, blindSince) = (0, nil, nil)
        if !fleet.rollout.isPaused { fleet.rollout.resume(now: now) }
    }

    private func calmDown() {
        isCalm = true
        (blindUntil, throttledUntil, roomAt) = (0, 0, 0)
        (resumeAt, thawAt, comesAt) = (min(resumeAt, second), min(thawAt, second), 0)
        if !fleet.rollout.isPaused { resumeAt = .max }
        if fleet.rollout.freeze == nil { thawAt = .max }
        fleet.refusal = nil
    }

    /// A fleet that is left to people, or stopped, gets what is known to be good.
    private func repair() {
        switch fleet.rollout.phase {
        case .frozen, .stopped: break
        default: return
        }
        guard let good = scenario.releases.firstIndex(where: \.isGood) else { return }
        fleet.quarantined.remove(ReleaseKey(good))
        fleet.rollout.begin(ReleaseKey(good), now: now)
    }
}
