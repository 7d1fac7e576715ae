import KilnRollout

// The driver as far as the planner needs one: writes down, carries out, hears, dies, comes back.
extension World {
    func drive() {
        guard driver != nil else { return }
        for _ in 0..<100 {
            compare()
            guard let state = driver else { return }
            let actions = planner.plan(state, now: instant)
            guard case .change = actions.first else {
                if actions.isEmpty { checkWaiting(state) }
                carryOut(actions)
                return setWake()
            }
            for case .change(let change) in actions where driver != nil { record(change) }
        }
        broken = broken ?? "liveness: decides without end"
    }

    private func compare() {
        guard let state = driver else { return }
        let verdict = verdict(on: state.rollout)
        if state.analysis != verdict { driver?.analysis = verdict }
    }

    private func record(_ change: Change) {
        guard var state = driver else { return }
        check(change, in: state)
        decisions["\(change)".prefix { $0.isLetter }.description, default: 0] += 1
        state.apply(change, now: instant)
        driver = state
        write {
            rollout = state.rollout
            quarantined = state.quarantined
            if case .stop(let key) = change { notes[key.number]?.isStopping = true }
            if case .take(let key) = change { notes[key.number]?.custody?.isAwaited = false }
            if case .setAside(let key) = change { notes[key.number]?.asideIn = rollout.generation }
            if case .finish(let outcome) = change { outcomes.append(outcome) }
            if case .markStable(let release) = change { proven.insert(release.number) }
        }
    }

    /// Written as a whole or not at all; the driver may die right before or after.
    private func write(_ body: () -> Void) {
        writes += 1
        let dies = scenario.crashWrites.contains(writes) && !isCalm
        if !dies || writes % 2 == 0 { body() }
        if dies { die(for: 3) }
    }

    private func carryOut(_ actions: [Action]) {
        for action in actions {
            guard let state = driver else { return }
            check(action, in: state)
            switch action {
            case .change: return
            case .create(let slot, let release): create(slot, release)
            case .route(let key, let weight): begin(.route, key.number, weight: weight)
            case .drain(let key): begin(.drain, key.number)
            case .detach(let key): begin(.detach, key.number)
            case .destroy(let key): begin(.destroy, key.number)
            }
        }
    }

    private func create(_ slot: Int, _ release: ReleaseKey) {
        let key = nextKey
        nextKey += 1
        let note = Note(slot: slot, release: release.number, madeIn: rollout.generation)
        asked[key] = note
        write { notes[key] = note }
        guard driver != nil else { return }
        driver?.instances.append(
            InstanceState(
                key: InstanceKey(key),
                slot: slot,
                release: release,
                watchedSince: instant,
                madeIn: note.madeIn
            )
        )
        begin(.create, key)
    }

    private func begin(_ kind: Kind, _ key: Int, weight: Int = 0) {
        change(key) { $0.isBusy = true }
        call(kind, key, weight)
    }

    func answer(_ kind: Kind, _ key: Int, _ by: Int, _ failed: Bool) {
        guard by == incarnation, driver != nil else { return }
        change(key) { $0.isBusy = false }
        if kind == .destroy, !failed {
            driver?.instances.removeAll { $0.key.number == key }
            return write { notes[key] = nil }
        }
        if kind == .create {
            let start = instant
            if !failed, driver?.refusal != nil { driver?.relented = instant }
            driver?.refusal =
                failed ? Refusal(until: instant.advanced(by: .seconds(2)), reason: "no room") : nil
            change(key) {
                $0.process = failed ? .refused : .running
                $0.watchedSince = start
            }
        }
        hear(key)
    }

    /// What an observation and a probe would tell.
    func hear(_ key: Int) {
        guard let unit = units[key], now >= blindUntil else { return }
        let at = instant
        let process = process(of: key)
        change(key) { instance in
            // Between a call and its answer only an end tells anything of the process.
            let isEnd = if case .ended = process { true } else { false }
            if !instance.isBusy || isEnd, instance.process != .refused { instance.process = process }
            instance.weight = unit.weight
            switch unit.traffic {
            case 0: instance.traffic = .none
            case 1: instance.traffic = .ready
            default:
                var since = at
                if case .draining(_, let earlier) = instance.traffic { since = earlier }
                instance.traffic = .draining(sessions: unit.running ? unit.sessions : 0, since: since)
            }
            guard instance.process == .running, unit.running else { return }
            switch (unit.passing, instance.health) {
            case (true, .passing), (false, .failing): break
            case (true, _):
                instance.health = .passing(since: at)
                instance.wasHealthy = true
            case (false, _):
                instance.health = .failing(since: at, reason: "refused")
                instance.servedFrom = nil
            }
        }
    }

    /// The platform can be looked at again, unless it went dark once more. What could not be seen counts for no deadline.
    func see() {
        guard now >= blindUntil else { return }
        isNews = true
        if let since = blindSince {
            blindSince = nil
            steer { $0.discount(from: Instant(nanoseconds: since), to: $1) }
            let at = instant
            for key in notes.keys { change(key) { if $0.health == .unknown { $0.watchedSince = at } } }
        }
        for key in notes.keys.sorted() { hear(key) }
    }

    func process(of key: Int) -> InstanceState.Process {
        guard let unit = units[key] else { return .planned }
        if unit.exited { return .ended(reason: "exited") }
        return unit.running && now >= obscuredUntil[key] ?? 0 ? .running : .planned
    }

    /// What there is and nobody wrote down is written down, to be replaced.
    func look() {
        guard driver != nil else { return }
        for key in strangers.sorted() {
            strangers.remove(key)
            guard let unit = units[key], notes[key] == nil else { continue }
            let isStopped = if case .stopped = rollout.phase { true } else { false }
            let goes = isStopped && unit.traffic == 0
            let note = Note(slot: unit.slot, release: unit.release, isStopping: goes, isCondemned: true)
            notes[key] = note
            driver?.instances.append(state(of: key, note))
            tell(key)
        }
    }

    func die(for seconds: Int) {
        guard driver != nil, !isCalm else { return }
        driver = nil
        after(seconds * 1000, .driverComes)
    }

    /// Everything known is what was written down and what is really there.
    func come() {
        guard driver == nil else { return }
        if now < blindUntil { return queue.push(.driverComes, at: blindUntil) }
        incarnation += 1
        if !rollout.isPaused { rollout.resume(now: instant) }
        var state = FleetState(
            wanted: wanted,
            policy: policy,
            isBalanced: scenario.isBalanced,
            rollout: rollout,
            quarantined: quarantined
        )
        for (key, note) in notes.sorted(by: { $0.key < $1.key }) {
            state.instances.append(self.state(of: key, note))
        }
        driver = state
        look()
        for key in notes.keys.sorted() { tell(key) }
    }

    /// An instance as the first look shows it.
    private func state(of key: Int, _ note: Note) -> InstanceState {
        let unit = units[key]
        var traffic = InstanceState.Traffic.none
        if unit?.traffic == 1 { traffic = .ready }
        if unit?.traffic == 2 { traffic = .draining(sessions: unit?.sessions ?? 0, since: instant) }
        let hasServed = unit?.traffic == 1 || note.asideIn != nil
        let served = hasServed ? unit.map { Instant(nanoseconds: $0.started) } : nil
        return InstanceState(
            key: InstanceKey(key),
            slot: note.slot,
            release: ReleaseKey(note.release),
            process: process(of: key),
            traffic: traffic,
            weight: unit?.weight ?? InstanceState.fullWeight,
            watchedSince: instant,
            wasHealthy: unit?.traffic == 1,
            servedFrom: served,
            isStopping: note.isStopping,
            isCondemned: note.isCondemned,
            failureNoted: unit?.exited == true,
            madeIn: note.madeIn,
            asideIn: note.asideIn,
            custody: note.custody
        )
    }

    func change(_ key: Int, _ body: (inout InstanceState) -> Void) {
        guard let index = driver?.instances.firstIndex(where: { $0.key.number == key }) else { return }
        guard var instance = driver?.instances[index] else { return }
        body(&instance)
        driver?.instances[index] = instance
    }

    private func setWake() {
        if let rollout = driver?.rollout, let moment = nextVerdict(on: rollout), moment != verdictAt {
            verdictAt = moment
            queue.push(.wake, at: moment)
        }
        guard let state = driver, let moment = planner.nextMoment(state, now: instant) else { return }
        guard moment.nanoseconds < wakeAt else { return }
        wakeAt = moment.nanoseconds
        queue.push(.wake, at: moment.nanoseconds)
    }
}
