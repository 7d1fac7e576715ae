import KilnRollout

// The truth: what calls do, late or never, and what instances do by themselves.
extension World {
    func call(_ kind: Kind, _ key: Int, _ weight: Int) {
        attempts += 1
        var dice = Dice(scenario.seed, attempts, kind.rawValue)
        let time = kind == .create ? 200 + dice.below(1500) : 20 + dice.below(400)
        let late = !isCalm && dice.chance(scenario.lossPercent / 2) ? 5000 + dice.below(10_000) : 0
        let refused = kind == .create && now < refusedUntil
        let fails = refused || (!isCalm && dice.chance(scenario.lossPercent))
        if kind == .create, fails, !refused, dice.chance(30) {
            // It timed out, and succeeds all the same.
            after(
                time + late + 1000 + dice.below(10_000),
                .effect(kind, key: key, incarnation: incarnation, weight: weight)
            )
        } else if !fails || (!refused && dice.chance(50)) {
            after(time + late, .effect(kind, key: key, incarnation: incarnation, weight: weight))
            if dice.chance(10) {
                after(time + late, .effect(kind, key: key, incarnation: incarnation, weight: weight))
            }
        }
        after(time + late + 5, .answer(kind, key: key, incarnation: incarnation, failed: fails))
        // From its first moment on a creation can be seen, half made.
        if kind == .create, !refused, let note = notes[key] {
            units[key] = Unit(slot: note.slot, release: note.release, exists: true)
        }
    }

    /// A call of a driver that was succeeded is refused: its token is old.
    func effect(_ kind: Kind, _ key: Int, _ by: Int, _ weight: Int) {
        guard by == incarnation, var unit = units[key] ?? late(kind, key) else { return }
        switch kind {
        case .create:
            guard !unit.running, !unit.exited else { return }
            unit.running = true
            unit.started = now
            units[key] = unit
            begin(key, scenario.releases[unit.release])
            return
        case .route:
            guard unit.running else { break }
            if unit.traffic != 1 { unit.sessions = 1 }
            unit.traffic = 1
            unit.weight = weight
        case .drain:
            guard unit.traffic == 1 else { break }
            unit.traffic = 2
            // As HAProxy shows it.
            unit.weight = 0
            unit.drainStart = now
            var dice = Dice(scenario.seed, 1000, key)
            after(dice.below(8000), .sessionsEnd(key: key))
        case .detach:
            checkDetach(key, unit)
            unit.traffic = 0
            unit.weight = InstanceState.fullWeight
            unit.sessions = 0
        case .destroy:
            checkDestroy(key, unit)
            units[key] = nil
            return
        }
        units[key] = unit
    }

    /// A creation that nobody waits for any more.
    private func late(_ kind: Kind, _ key: Int) -> Unit? {
        guard kind == .create, notes[key] == nil, let note = asked[key] else { return nil }
        strangers.insert(key)
        after(1000, .look)
        return Unit(slot: note.slot, release: note.release, exists: true)
    }

    private func begin(_ key: Int, _ behaviour: Scenario.Behaviour) {
        var dice = Dice(scenario.seed, 2000, key)
        let start = 200 + dice.below(2000)
        switch behaviour {
        case .good, .worse, .unclear: after(start, .health(key: key, passing: true))
        case .slow: after(start + 8000, .health(key: key, passing: true))
        case .neverHealthy: after(start, .health(key: key, passing: false))
        case .exitsAtStart: after(start, .exit(key: key))
        case .failsLater:
            after(start, .health(key: key, passing: true))
            after(start + 3000 + dice.below(4000), .health(key: key, passing: false))
        }
    }

    func turn(_ key: Int, _ passing: Bool) {
        guard var unit = units[key], unit.running else { return }
        let behaviour = scenario.releases[unit.release]
        // What fails later does not get well again.
        if passing, behaviour == .neverHealthy || (behaviour == .failsLater && unit.passingSince > 0) {
            return
        }
        if unit.passing != passing { unit.passingSince = now }
        unit.passing = passing
        units[key] = unit
        tell(key)
    }

    func exit(_ key: Int) {
        guard units[key]?.running == true else { return }
        units[key]?.running = false
        units[key]?.exited = true
        units[key]?.passing = false
        tell(key)
    }

    /// The driver learns of it, later.
    func tell(_ key: Int) {
        attempts += 1
        var dice = Dice(scenario.seed, attempts, 77)
        after(50 + dice.below(1500), .news(key: key, incarnation: incarnation))
    }
}
