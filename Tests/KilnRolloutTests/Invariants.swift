import KilnRollout

// What must hold, asked of every decision, every action and after every event; computed here anew, not by the planner.
extension World {
    func fail(_ what: String) {
        broken = broken ?? "at \(now / 1_000_000) ms: \(what)"
    }

    private func isAvailable(_ instance: InstanceState) -> Bool {
        guard instance.process == .running, !instance.isStopping, case .passing(let since) = instance.health
        else {
            return false
        }
        return now - since.nanoseconds >= 2_000_000_000
            && (!scenario.isBalanced || instance.traffic == .ready)
    }

    func check(_ change: Change, in state: FleetState) {
        switch change {
        case .stop(let key): checkStop(key, in: state)
        case .markStable(let release):
            let available = state.instances.filter { isAvailable($0) && $0.release == release }.count
            if available != state.wanted || state.instances.count != state.wanted {
                fail("I4: stable with \(available) of \(state.wanted) available")
            }
            if scenario.bake > 0 {
                guard case .baking(let since) = state.rollout.phase,
                    now - since.nanoseconds >= Int64(scenario.bake) * 1_000_000_000
                else { return fail("I4: stable without its bake time") }
            }
            if !scenario.releases[release.number].isGood, state.wanted > 0 {
                fail("I4: a bad release is stable")
            }
        case .quarantine(let release, _):
            if release == rollout.stable { fail("I4: the stable release \(release) is quarantined") }
            if scenario.hurtsNothing, scenario.releases[release.number].isGood {
                fail("\(release) is quarantined, and nothing is wrong with it")
            }
        case .beginRollback(let release, _):
            if let bad = state.rollout.target, !state.quarantined.contains(bad), state.refusal == nil {
                fail("I7: \(bad) failed and is not quarantined")
            }
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
            guard other != key.number, !note.isStopping, let service = served[other] else { return false }
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
        checkStopInTruth(key, in: state)
        guard let instance = state.instances.first(where: { $0.key == key }), isAvailable(instance) else {
            return
        }
        let least = state.wanted - policy.budget(for: state.wanted).unavailable
        let left = state.instances.filter(isAvailable).count - 1
        if left < least { fail("I2: stopping \(key) leaves \(left) available, \(least) is the least") }
    }

    func check(_ action: Action, in state: FleetState) {
        if state.rollout.isPaused { fail("I9: \(action) while paused") }
        switch action {
        case .change: break
        case .create(let slot, let release): checkCreate(slot, release, in: state)
        case .route(let key):
            guard let instance = state.instances.first(where: { $0.key == key }) else { return }
            guard case .passing = instance.health, instance.process == .running, !instance.isStopping else {
                return fail("traffic to \(key), which is not healthy")
            }
            if state.quarantined.contains(instance.release) {
                fail("I7: new traffic to a quarantined release")
            }
        case .drain, .detach, .destroy: break
        }
    }

    private func checkCreate(_ slot: Int, _ release: ReleaseKey, in state: FleetState) {
        let budget = policy.budget(for: wanted)
        if notes.count + 1 > wanted + budget.surge {
            fail("I1: one more than \(notes.count) instances, \(wanted) + \(budget.surge) allowed")
        }
        if quarantined.contains(release) { fail("I7: places the quarantined release \(release)") }
        if release != rollout.target { fail("I6: places \(release), which is not the target") }
        let isTaken = state.instances.contains { other in
            guard other.slot == slot, other.release == release, !other.isStopping, !other.isCondemned else {
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

    func checkDetach(_ key: Int, _ unit: Unit) {
        guard unit.running, unit.traffic != 0 else { return }
        if unit.traffic == 1 { fail("\(key) loses its traffic without being drained") }
        if unit.sessions > 0, now - unit.drainStart < 5_000_000_000 {
            fail("\(key) is cut off before its drain is over")
        }
    }

    func checkDestroy(_ key: Int, _ unit: Unit) {
        if unit.running, unit.traffic != 0 { fail("\(key) is destroyed while it has traffic") }
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
