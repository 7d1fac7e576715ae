import KilnRollout

// What must hold, asked of every decision, every action and after every event; computed here anew, not by the planner.
extension World {
    func fail(_ what: String) {
        broken = broken ?? "at \(now / 1_000_000) ms: \(what)"
    }

    private func isAvailable(_ instance: InstanceState) -> Bool {
        guard instance.process == .running, !instance.isStopping, !instance.isTaken,
            case .passing(let since) = instance.health
        else {
            return false
        }
        // What served of the stable release when the driver came, and has been well since, needs not prove itself again.
        let proven = instance.release == rollout.stable ? instance.servedFrom : nil
        return now - min(since, proven ?? since).nanoseconds >= 2_000_000_000
            && (!scenario.isBalanced || instance.traffic == .ready)
    }

    func check(_ change: Change, in state: FleetState) {
        switch change {
        case .stop(let key):
            checkStop(key, in: state)
            checkCustody(of: key, in: state)
            checkWarmth(of: key, in: state)
        case .take(let key): checkStop(key, in: state)
        case .setAside(let key): checkAside(key, in: state)
        case .nextStep: checkShare(in: state)
        case .markStable(let release):
            let available = state.instances.filter { isAvailable($0) && $0.release == release }.count
            let warm = state.instances.count { isWarm($0, in: state) }
            if available != state.wanted
                || state.instances.count(where: { !$0.isTaken }) - warm != state.wanted
            {
                fail("I4: stable with \(available) of \(state.wanted) available")
            }
            if scenario.bake > 0 {
                guard case .baking(let since) = state.rollout.phase,
                    now - since.nanoseconds >= Int64(scenario.bake) * 1_000_000_000
                else { return fail("I4: stable without its bake time") }
            }
            let behaviour = scenario.releases[release.number]
            if !behaviour.isHealthy, state.wanted > 0 { fail("I4: a bad release is stable") }
            if behaviour == .worse, scenario.alwaysCompares, scenario.isCalm, !isMeddled,
                let stable = rollout.stable, stable != release
            {
                fail("I4: a release that is worse than the stable one is stable")
            }
        case .quarantine(let release, _):
            if release == rollout.stable { fail("I4: the stable release \(release) is quarantined") }
            if scenario.hurtsNothing, scenario.releases[release.number].isHealthy,
                scenario.releases[release.number] != .worse
            {
                fail("\(release) is quarantined, and nothing is wrong with it")
            }
        case .beginRollback(let release, _):
            if let bad = state.rollout.target, !state.quarantined.contains(bad), state.refusal == nil {
                fail("I7: \(bad) failed and is not quarantined")
            }
            if state.rollout.isIrreversible { fail("I6: goes back unasked from what cannot be undone") }
            if release != rollout.stable { fail("I6: rolls back to \(release), which is not the stable one") }
        default: break
        }
    }

    private func isServing(_ unit: Unit) -> Bool {
        unit.running && unit.passing && (!scenario.isBalanced || unit.traffic == 1)
    }

    /// By the truth, as far as the driver can have heard of it.
    private func checkStopInTruth(_ key: InstanceKey, in state: FleetState) {
        guard let unit = units[key.number], isServing(unit), let service = served[key.number], service.isNow,
            now - service.since > Self.newsTime,
            state.instances.first(where: { $0.key == key })?.process != .refused
        else { return }
        let least = state.wanted - policy.budget(for: state.wanted).unavailable
        let left = notes.filter { other, note in
            guard other != key.number, !note.isStopping, !note.isTaken, let service = served[other] else {
                return false
            }
            return service.isNow || now - service.last <= Self.newsTime
        }
        if left.count < least {
            fail("I2: stopping \(key) leaves \(left.count) that serve in truth, \(least) is the least")
        }
    }

    /// How long it may take until the driver knows.
    private static let newsTime: Int64 = 3_000_000_000

    private func checkStop(_ key: InstanceKey, in state: FleetState) {
        if case .stopping = state.rollout.phase { return }
        // It counts for nothing.
        if state.instances.contains(where: { $0.key == key && $0.isTaken }) { return }
        checkStopInTruth(key, in: state)
        guard let instance = state.instances.first(where: { $0.key == key }), isAvailable(instance) else {
            return
        }
        let least = state.wanted - policy.budget(for: state.wanted).unavailable
        let left = state.instances.filter(isAvailable).count - 1
        if left < least { fail("I2: stopping \(key) leaves \(left) available, \(least) is the least") }
    }

    func check(_ action: Action, in state: FleetState) {
        if state.rollout.isPaused || state.rollout.freeze != nil, !isOfCustody(action, in: state) {
            fail("I9: \(action) while paused")
        }
        switch action {
        case .change: break
        case .create(let slot, let release): checkCreate(slot, release, in: state)
        case .route(let key, let weight):
            if !(1...InstanceState.fullWeight).contains(weight) { fail("\(key) gets the weight \(weight)") }
            guard let instance = state.instances.first(where: { $0.key == key }) else { return }
            guard case .passing = instance.health, instance.process == .running, !instance.isStopping else {
                return fail("traffic to \(key), which is not healthy")
            }
            if instance.isTaken { fail("custody: traffic to \(key), which a person looks at") }
            if state.quarantined.contains(instance.release) {
                fail("I7: new traffic to a quarantined release")
            }
            let isGivenUp = ![state.rollout.target, state.rollout.stable].contains(instance.release)
            if isGivenUp, state.rollout.stable != nil, instance.traffic == .ready, weight > instance.weight {
                fail("I3: \(key) of a release that was given up gets \(weight) instead of \(instance.weight)")
            }
        case .drain, .detach, .destroy: break
        }
    }

    private func checkCreate(_ slot: Int, _ release: ReleaseKey, in state: FleetState) {
        let budget = policy.budget(for: wanted)
        let beside = besideTheBudget(in: state)
        let count = notes.values.count { !$0.isTaken }
        if count + 1 > wanted + budget.surge + beside {
            fail("I1: one more than \(count), \(wanted) + \(budget.surge) + \(beside) allowed")
        }
        if quarantined.contains(release) { fail("I7: places the quarantined release \(release)") }
        if release == rollout.target {
            checkStep(in: state)
        } else if release != rollout.stable || rollout.phase != .rolling || rollout.stage == nil {
            fail("I6: places \(release), which is not the target")
        }
        let isTaken = state.instances.contains { other in
            guard other.slot == slot, other.release == release, !other.isStopping, !other.isCondemned,
                release == rollout.target
            else {
                return false
            }
            if case .failing = other.health { return false }
            // What is not seen to run is replaced.
            return other.process != .planned || other.traffic == .none
        }
        if isTaken { fail("I10: a second instance in slot \(slot)") }
        if scenario.isExclusive, notes.values.contains(where: { $0.slot == slot }) {
            fail("an exclusive volume is held twice")
        }
    }

    /// Kept without traffic by this rollout; what is condemned is not kept, it only has yet to go.
    private func isWarm(_ instance: InstanceState, in state: FleetState) -> Bool {
        switch state.rollout.phase {
        case .rolling, .baking: break
        default: return false
        }
        return instance.asideIn == state.rollout.generation && instance.release == state.rollout.stable
            && instance.release != state.rollout.target && !instance.isStopping && !instance.isCondemned
    }

    /// Instances that the surge does not pay for: those kept warm, or a whole set that is yet to be switched to.
    private func besideTheBudget(in state: FleetState) -> Int {
        let warm = state.instances.count { isWarm($0, in: state) }
        return isBeforeSwitch(state) ? wanted : warm
    }

    private func isBeforeSwitch(_ state: FleetState) -> Bool {
        guard case .blueGreen = scenario.strategy, !scenario.isExclusive else { return false }
        return state.rollout.phase == .rolling && state.rollout.stage?.step == 0
            && state.rollout.stable != nil
    }

    private func checkWarmth(of key: InstanceKey, in state: FleetState) {
        guard state.rollout.phase == .rolling, scenario.isBalanced, !isBeforeSwitch(state),
            let instance = state.instances.first(where: { $0.key == key }), isAvailable(instance),
            instance.release == state.rollout.stable, instance.release != state.rollout.target,
            !instance.isCondemned
        else { return }
        if state.instances.count(where: { isWarm($0, in: state) }) < policy.warm(for: state.wanted) {
            fail("I4: \(key) is removed although there is room to keep it warm")
        }
    }

    private func checkAside(_ key: InstanceKey, in state: FleetState) {
        checkStop(key, in: state)
        if state.instances.count(where: { isWarm($0, in: state) }) >= policy.warm(for: state.wanted) {
            fail("I1: \(key) is kept warm beyond the number")
        }
    }

    /// Of the target never more than its step says, each slot counted once.
    private func checkStep(in state: FleetState) {
        guard state.rollout.phase == .rolling, let stage = state.rollout.stage, state.rollout.stable != nil,
            state.rollout.stable != state.rollout.target
        else { return }
        let steps = policy.steps(for: state.wanted, isBalanced: scenario.isBalanced)
        guard stage.step < steps.count else { return }
        let taken = state.instances.filter {
            $0.release == state.rollout.target && !$0.isStopping && !$0.isCondemned
                && $0.slot < state.wanted && ($0.process == .running || $0.isBusy)
        }
        let slots = Set(taken.map(\.slot)).count
        if slots + 1 > steps[stage.step].instances {
            fail("I3: one more than \(slots) at a step of \(steps[stage.step].instances)")
        }
    }

    /// Of the requests never more than the step says, beyond what whole weights can tell.
    private func checkShare(in state: FleetState) {
        let steps = policy.steps(for: state.wanted, isBalanced: scenario.isBalanced)
        guard scenario.isBalanced, scenario.isCalm, let stage = state.rollout.stage, stage.step < steps.count,
            case let share = steps[stage.step].share, share < 100,
            let reached = state.rollout.stage?.reached, now - reached.nanoseconds > Self.newsTime,
            !state.instances.contains(where: \.isBusy)
        else { return }
        let routed = units.filter {
            $0.value.traffic == 1 && $0.value.running && notes[$0.key]?.isTaken != true
        }
        let target = routed.filter { ReleaseKey($0.value.release) == state.rollout.target }
        let part = target.reduce(0) { $0 + $1.value.weight }
        let all = routed.reduce(0) { $0 + $1.value.weight }
        guard target.count < routed.count else { return }
        if Double(part) > Double(all) * (Double(share) + 2) / 100, part > target.count {
            fail("I3: \(part) of \(all) requests for a share of \(share)")
        }
    }

    /// Once nothing is left but a person's word, what is beside the target is as its step says.
    func checkWaiting(_ state: FleetState) {
        guard let stage = state.rollout.stage, let filled = stage.filled, stage.reached != nil,
            !state.instances.contains(where: \.isBusy), planner.waitsForPerson(state, now: instant) != nil
        else { return }
        let steps = policy.steps(for: state.wanted, isBalanced: scenario.isBalanced)
        let stable = state.instances.count { $0.release == state.rollout.stable && isAvailable($0) }
        let others = stage.step < steps.count ? steps[stage.step].others : 0
        if stable < others, now - filled.nanoseconds < 60_000_000_000 {
            fail("I2: waits for a person with \(stable) of \(others) stable instances")
        }
        guard isBeforeSwitch(state), scenario.isBalanced, stable >= others else { return }
        if state.instances.contains(where: { $0.release == state.rollout.target && $0.traffic == .ready }) {
            fail("I3: a set that nobody switched to has requests")
        }
    }

    func checkDetach(_ key: Int, _ unit: Unit) {
        guard unit.running, unit.traffic != 0 else { return }
        if unit.traffic == 1 { fail("\(key) loses its traffic without being drained") }
        if unit.sessions > 0, now - unit.drainStart < 5_000_000_000 {
            fail("\(key) is cut off before its drain is over")
        }
    }

    func checkDestroy(_ key: Int, _ unit: Unit) {
        if unit.running, unit.traffic != 0 { fail("\(key) is destroyed while it has traffic") }
        if unit.running, let note = notes[key], note.isTaken, let custody = note.custody,
            custody.until > instant
        {
            fail("custody: \(key) is destroyed before its time")
        }
    }

    private func noteService() {
        for (key, unit) in units {
            var service = served[key] ?? Service(since: now, last: now, isNow: false)
            let isNow = isServing(unit)
            if isNow, !service.isNow { service.since = now }
            if isNow || service.isNow { service.last = now }
            service.isNow = isNow
            served[key] = service
        }
    }

    func checkAfterEvent() {
        noteService()
        if units.keys.contains(where: { notes[$0] == nil && !strangers.contains($0) }) {
            fail("I10: an instance that nobody wrote down")
        }
        checkCustodies()
        guard scenario.isCalm, scenario.isBalanced else { return }
        let available = units.values.filter { $0.running && $0.passing && $0.traffic == 1 }.count
        let least = wanted - policy.budget(for: wanted).unavailable
        if available >= wanted { leastSeen = least }
        if let leastSeen, available < leastSeen {
            fail("I2: \(available) serve in truth, \(leastSeen) is the least")
        }
    }

    /// At rest the fleet is wholly one release, or stopped, or left to people after a failure.
    func checkAtRest() throws {
        guard let state = driver else { throw Broken(what: "no driver at the end") }
        guard planner.isSettled(state, now: instant) else {
            throw Broken(
                what:
                    "liveness: rests in \(rollout.phase) with \(units.count) of \(wanted), \(state.instances)"
            )
        }
        switch rollout.phase {
        case .stopped: if !units.isEmpty { throw Broken(what: "I6: stopped with \(units.count) instances") }
        case .frozen:
            let canRepair = scenario.releases.contains(where: \.isGood)
            if canRepair { throw Broken(what: "liveness: frozen although a good release was deployed") }
        default:
            let right = units.values.filter { ReleaseKey($0.release) == rollout.target && $0.running }
            if right.count != wanted || units.count != wanted || notes.count != wanted {
                throw Broken(what: "I6: \(right.count) of \(wanted) run the target, \(units.count) in all")
            }
            if right.contains(where: { !isServing($0) }) {
                throw Broken(what: "liveness: an instance does not serve")
            }
            if let target = rollout.target, quarantined.contains(target) {
                throw Broken(what: "I7: a quarantined release runs")
            }
        }
    }
}
