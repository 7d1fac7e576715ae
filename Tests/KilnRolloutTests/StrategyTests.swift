import KilnRollout
import Testing

@Suite struct `A strategy's steps` {
    private func sizes(
        _ weights: [Int],
        wanted: Int,
        surge: Int = 1,
        isBalanced: Bool = true
    ) throws -> [[Int]] {
        let policy = try RolloutPolicy(
            strategy: .canary(weights.map { CanaryStep(weight: $0, pause: .manual, analysis: Analysis()) }),
            surge: .count(surge),
            unavailable: .count(1)
        )
        return policy.steps(for: wanted, isBalanced: isBalanced).map { [$0.instances, $0.others, $0.share] }
    }

    @Test(arguments: [
        // wanted, surge, weight: instances of the target and of the stable release
        (10, 1, 10, [1, 9]), (10, 1, 11, [2, 8]), (10, 0, 50, [5, 5]), (10, 0, 99, [9, 1]),
        (10, 1, 99, [10, 1]), (10, 1, 100, [10, 0]), (4, 1, 1, [1, 3]), (2, 0, 99, [1, 1]),
        (1, 1, 10, [1, 1]), (1, 0, 10, [1, 0]),
    ])
    func `hold as many instances as carry their share of the requests`(
        wanted: Int,
        surge: Int,
        weight: Int,
        size: [Int]
    ) throws {
        #expect(try sizes([weight], wanted: wanted, surge: surge) == [size + [weight]])
    }

    @Test(arguments: [
        (10, 1, 10, [1, 9]), (10, 1, 5, [1, 10]), (10, 0, 5, [1, 9]), (4, 1, 40, [2, 3]), (4, 0, 40, [2, 2]),
        (4, 1, 45, [2, 2]),
        (3, 1, 50, [2, 2]), (3, 0, 50, [2, 1]), (3, 0, 99, [2, 1]), (3, 1, 99, [3, 1]), (1, 1, 50, [1, 1]),
        (1, 0, 50, [1, 0]), (10, 1, 100, [10, 0]), (2, 0, 99, [1, 1]),
    ])
    func `come as near to their share as whole instances can where nobody balances`(
        wanted: Int,
        surge: Int,
        weight: Int,
        size: [Int]
    ) throws {
        #expect(
            try sizes([weight], wanted: wanted, surge: surge, isBalanced: false) == [size + [weight]]
        )
    }

    @Test func `of a blue-green rollout are one: a whole set beside the old one`() throws {
        let policy = try RolloutPolicy(strategy: .blueGreen(isManual: true))
        let step = try #require(policy.steps(for: 3, isBalanced: true).first)
        #expect(step.instances == 3 && step.others == 3 && step.share == 0 && step.pause == .manual)
        let own = try RolloutPolicy(strategy: .blueGreen())
        #expect(own.steps(for: 3, isBalanced: true).map(\.pause) == [.time(.zero)])
    }

    @Test func `are none for a rolling one, an empty fleet or an exclusive volume`() throws {
        #expect(try RolloutPolicy().steps(for: 3, isBalanced: true).isEmpty)
        #expect(try sizes([10], wanted: 0).isEmpty)
        let exclusive = try RolloutPolicy(strategy: .blueGreen(), keepWarm: .count(2), isExclusive: true)
        #expect(exclusive.steps(for: 3, isBalanced: true).isEmpty)
        #expect(exclusive.warm(for: 3) == 0)
    }

    @Test func `compare nothing where nobody counts requests`() throws {
        let steps = [CanaryStep(weight: 10, pause: .manual, analysis: Analysis())]
        let policy = try RolloutPolicy(strategy: .canary(steps))
        #expect(policy.steps(for: 3, isBalanced: true).map(\.analyzes) == [true])
        #expect(policy.steps(for: 3, isBalanced: false).map(\.analyzes) == [false])
    }

    @Test(arguments: [[10, 10], [20, 10], [0, 10], [10, 101]])
    func `ascend from 1 to 100`(weights: [Int]) {
        #expect(throws: PolicyError.stepsNotAscending) {
            try RolloutPolicy(strategy: .canary(weights.map { CanaryStep(weight: $0, pause: .manual) }))
        }
    }

    @Test(arguments: [(RolloutPolicy.Share.count(2), 2), (.count(9), 4), (.percent(30), 2), (.percent(0), 0)])
    func `leave as many warm as is declared, apart from the surge`(
        share: RolloutPolicy.Share,
        count: Int
    ) throws {
        let policy = try RolloutPolicy(surge: .count(1), keepWarm: share)
        #expect(policy.warm(for: 4) == count)
        #expect(policy.budget(for: 4) == Budget(surge: 1, unavailable: 0))
        #expect(try RolloutPolicy(strategy: .blueGreen()).warm(for: 4) == 4)
    }
}

@Suite struct `A canary` {
    private let planner = RolloutPlanner()
    private static let minute = CanaryStep(weight: 25, pause: .time(.seconds(60)))

    /// What is decided and done, progress that is noted apart.
    private func plan(_ fleet: FleetState, at seconds: Int = 0) -> [Action] {
        var fleet = fleet
        if let mark = fleet.rollout.progress {
            fleet.rollout.progress = ProgressMark(placed: 99, available: 99, left: 0, at: mark.at)
        }
        return planner.plan(fleet, now: Sample.now.advanced(by: .seconds(seconds)))
    }

    private func weights(_ fleet: FleetState) -> [Int: Int] {
        plan(fleet).reduce(into: [:]) { if case .route(let key, let weight) = $1 { $0[key.number] = weight } }
    }

    /// The same without new parts in the requests.
    private func decided(_ fleet: FleetState, at seconds: Int = 0) -> [Action] {
        plan(fleet, at: seconds).filter { if case .route = $0 { false } else { true } }
    }

    private func fleet(
        _ steps: [CanaryStep] = [minute, CanaryStep(weight: 50, pause: .manual)],
        wanted: Int = 4,
        old: [Sample.Look] = [.available, .available, .available, .available],
        new: [Sample.Look] = [],
        surge: Int = 1,
        warm: Int = 0
    ) throws -> FleetState {
        let policy = try RolloutPolicy(
            strategy: .canary(steps),
            surge: .count(surge),
            keepWarm: .count(warm)
        )
        var fleet = Sample.fleet(wanted: wanted, old: old, new: new, policy: policy)
        fleet.rollout.stage = Stage()
        return fleet
    }

    @Test func `has the instances of its step and no more`() throws {
        var fleet = try fleet(surge: 4)
        #expect(decided(fleet) == [.create(slot: 0, release: ReleaseKey(2))])
        fleet.rollout.stage?.step = 1
        #expect(decided(fleet).count == 2)
        fleet.rollout.stage?.step = 2
        #expect(decided(fleet).count == 4)
        fleet.rollout.stage?.step = 0
        fleet.rollout.stable = nil
        #expect(decided(fleet).count == 4)
    }

    @Test func `goes on when its step has its instances and its time is over`() throws {
        var fleet = try fleet(old: [.available, .available, .available], new: [.available])
        fleet.instances[3].weight = 100
        #expect(decided(fleet) == [.change(.fillStep)])
        fleet.apply(.fillStep, now: Sample.now)
        #expect(decided(fleet) == [.change(.reachStep)])
        fleet.apply(.reachStep, now: Sample.now)
        #expect(decided(fleet, at: 59) == [])
        #expect(planner.nextMoment(fleet, now: Sample.now) == Sample.now.advanced(by: .seconds(60)))
        #expect(decided(fleet, at: 60) == [.change(.nextStep)])
        fleet.apply(.nextStep, now: Sample.now.advanced(by: .seconds(60)))
        #expect(fleet.rollout.stage == Stage(step: 1))
        #expect(fleet.rollout.progress == ProgressMark(at: Sample.now.advanced(by: .seconds(60))))
    }

    @Test func `waits for a person where its step says so, and for nobody else`() throws {
        var fleet = try fleet(old: [.available, .available], new: [.available, .available])
        fleet.rollout.stage = Stage(step: 1, filled: Sample.now)
        #expect(planner.waitsForPerson(fleet, now: Sample.now) == nil)
        fleet.rollout.stage?.reached = Sample.now
        #expect(decided(fleet, at: 100_000) == [])
        #expect(
            planner.waitsForPerson(fleet, now: Sample.now) == "50 % of the requests go to the new release"
        )
        fleet.rollout.isPaused = true
        #expect(planner.waitsForPerson(fleet, now: Sample.now) == nil)
        fleet.rollout.isPaused = false
        _ = fleet.rollout.promote(full: false, now: Sample.now)
        #expect(planner.waitsForPerson(fleet, now: Sample.now) == nil)
        #expect(decided(fleet) == [.change(.nextStep)])
    }

    @Test func `starts its wait anew when an instance of it is lost, and fails at the third time`() throws {
        var fleet = try fleet(old: [.available, .available, .available], new: [.failing])
        fleet.instances[3].traffic = .none
        fleet.rollout.stage = Stage(filled: Sample.now, reached: Sample.now)
        for setbacks in 1...3 {
            #expect(decided(fleet).first == .change(.loseStep(isSetback: true)))
            fleet.apply(.loseStep(isSetback: true), now: Sample.now)
            #expect(fleet.rollout.stage == Stage(setbacks: setbacks))
            if setbacks < 3 { fleet.rollout.stage?.filled = Sample.now }
        }
        let reason = "its instances were unwell 3 times at 25 % of the requests"
        #expect(decided(fleet).contains(.change(.quarantine(ReleaseKey(2), reason: reason))))
        fleet.instances.removeLast()
        fleet.rollout.stage = Stage(filled: Sample.now)
        #expect(decided(fleet) == [.change(.loseStep(isSetback: false))])
    }

    @Test(arguments: [(Sample.Look.starting, false), (.settling, false), (.failing, true)])
    func `counts it against the release when its instances are unwell, and not when they are new`(
        look: Sample.Look,
        isSetback: Bool
    ) throws {
        for wasHealthy in [false, true] {
            var fleet = try fleet(new: [look])
            fleet.instances[4].wasHealthy = wasHealthy
            fleet.rollout.stage = Stage(filled: Sample.now, reached: Sample.now)
            #expect(decided(fleet).contains(.change(.loseStep(isSetback: isSetback))), "\(wasHealthy)")
        }
    }

    @Test func `is not blamed for the time that it waited when an instance is lost`() throws {
        var fleet = try fleet(old: [.available, .available, .available], new: [.unseen])
        fleet.rollout.stage = Stage(filled: Sample.now, reached: Sample.now)
        #expect(decided(fleet, at: 100_000) == [.change(.loseStep(isSetback: false))])
    }

    @Test func `goes on, is held or fails by what the comparison says, after its time or at once`() throws {
        let steps = [CanaryStep(weight: 25, pause: .time(.seconds(60)), analysis: Analysis())]
        var fleet = try fleet(steps, old: [.available, .available, .available], new: [.available])
        fleet.rollout.stage = Stage(filled: Sample.now, reached: Sample.now)
        fleet.instances[0] = baseline(0)
        #expect(decided(fleet, at: 60).isEmpty)
        fleet.analysis = .success
        #expect(decided(fleet, at: 59).isEmpty)
        #expect(decided(fleet, at: 60) == [.change(.nextStep)])
        fleet.analysis = .failed(reason: "more errors")
        let reason = "worse than the stable release: more errors"
        #expect(
            decided(fleet, at: 1) == [
                .change(.quarantine(ReleaseKey(2), reason: reason)),
                .change(.beginRollback(to: ReleaseKey(1), reason: reason)),
            ]
        )
        fleet.analysis = .inconclusive(reason: "too few")
        #expect(decided(fleet, at: 60) == [.change(.hold(reason: "too few"))])
        fleet.apply(.hold(reason: "too few"), now: Sample.now)
        fleet.analysis = .success
        #expect(decided(fleet, at: 60).isEmpty)
        #expect(planner.waitsForPerson(fleet, now: Sample.now) == "too few")
        _ = fleet.rollout.promote(full: false, now: Sample.now)
        #expect(decided(fleet, at: 60) == [.change(.nextStep)])
        fleet.analysis = .failed(reason: "more errors")
        #expect(decided(fleet, at: 60).count == 2)
    }

    @Test func `tells whom to compare: what came with it, else all of the stable release`() throws {
        let steps = [CanaryStep(weight: 25, pause: .manual, analysis: Analysis())]
        var fleet = try fleet(steps, old: [.available, .available, .available], new: [.available])
        let now = Sample.now
        #expect(planner.comparison(fleet, now: now) == nil, "before the step is reached")
        fleet.rollout.stage = Stage(filled: now, reached: now)
        let canary = fleet.instances.filter { $0.release == ReleaseKey(2) }.map(\.key)
        #expect(planner.comparison(fleet, now: now)?.canary == canary)
        #expect(planner.comparison(fleet, now: now)?.baseline.count == 3)
        fleet.instances[0] = baseline(0)
        #expect(planner.comparison(fleet, now: now)?.baseline == [InstanceKey(0)])
        #expect(planner.waitsForPerson(fleet, now: now) == nil, "nothing to go by yet")
        fleet.analysis = .success
        #expect(planner.waitsForPerson(fleet, now: now) != nil)
        fleet.rollout.freeze(reason: "an incident")
        #expect(planner.comparison(fleet, now: now) == nil)
        fleet.rollout.freeze = nil
        fleet.policy = try RolloutPolicy(strategy: .canary([CanaryStep(weight: 25, pause: .manual)]))
        #expect(planner.comparison(fleet, now: now) == nil, "the step compares nothing")
    }

    private func baseline(_ key: Int, slot: Int? = nil) -> InstanceState {
        let model = Sample.instance(key, 1, slot: slot, .available)
        return InstanceState(
            key: model.key,
            slot: model.slot,
            release: model.release,
            process: model.process,
            health: model.health,
            traffic: model.traffic,
            weight: 33,
            watchedSince: model.watchedSince,
            wasHealthy: true,
            madeIn: 0
        )
    }

    @Test func `is compared with instances of the stable release that start with it`() throws {
        let steps = [CanaryStep(weight: 25, pause: .time(.seconds(60)), analysis: Analysis())]
        var fleet = try fleet(steps, old: [.available, .available, .available], new: [.available])
        #expect(decided(fleet).contains(.change(.fillStep)))
        fleet.rollout.stage?.filled = Sample.now
        #expect(decided(fleet).last == .create(slot: 3, release: ReleaseKey(1)))
        #expect(!decided(fleet, at: 599).contains(.change(.reachStep)))
        #expect(decided(fleet, at: 600) == [.change(.reachStep)])
        fleet.instances.append(baseline(20, slot: 3))
        #expect(decided(fleet).contains(.change(.reachStep)))
        fleet.rollout.stage?.reached = Sample.now
        // It takes the place of an older one.
        #expect(decided(fleet) == [.change(.stop(InstanceKey(0)))])
    }

    @Test func `gets its share of the requests, and as much per instance as what it is compared with`() throws
    {
        var fleet = try fleet(old: [.available, .available, .available], new: [.available])
        fleet.rollout.stage = Stage(filled: Sample.now, reached: Sample.now)
        // 25 of 100 at one of four: all alike.
        #expect(weights(fleet) == [:])
        let step = CanaryStep(weight: 10, pause: .manual, analysis: Analysis())
        fleet.policy = try RolloutPolicy(strategy: .canary([step]), surge: .count(0), unavailable: .count(1))
        // 33 : 3 * 100 = 10 : 90.
        #expect(weights(fleet) == [10: 33])
        fleet.instances[0] = baseline(0)
        fleet.instances[0].weight = 100
        // 25 : 25 + 2 * 100 = 10 : 90.
        #expect(weights(fleet) == [0: 25, 10: 25])
        fleet.instances[1].isStopping = true
        fleet.instances[2].traffic = .none
        // 11 : 100 = 10 : 90, with nothing but what it is compared with.
        #expect(weights(fleet) == [2: 100, 10: 11])
    }

    @Test func `keeps its share on a few instances by giving the others less`() throws {
        let step = CanaryStep(weight: 80, pause: .manual)
        let fleet = try fleet([step], wanted: 2, old: [.available], new: [.available])
        // Two will bear 80 of 100, of which one is there: 2 * 100 : 50 = 80 : 20.
        #expect(weights(fleet) == [0: 50])
    }

    @Test func `gives everybody some part, however little its share is`() throws {
        let low = CanaryStep(weight: 1, pause: .manual)
        var fleet = try fleet([low], wanted: 2, old: [.available, .available], new: [.available])
        // 2 : 2 * 100 is 1 : 99, near enough, and 1 : 100 for one instance fewer.
        fleet.rollout.stage = Stage(filled: Sample.now, reached: Sample.now)
        fleet.instances[1].isStopping = true
        fleet.instances[1].isBusy = true
        #expect(weights(fleet) == [10: 1])
        let high = CanaryStep(weight: 99, pause: .manual)
        fleet.policy = try RolloutPolicy(strategy: .canary([high]), surge: .count(1))
        fleet.rollout.stage = Stage()
        // 2 * 100 : 3 is as near to 99 : 1 as whole parts come from below.
        #expect(weights(fleet) == [0: 3])
    }

    @Test func `has no larger part on the way back than it had`() throws {
        var fleet = try fleet(old: [.available, .available, .available], new: [.available])
        fleet.rollout.begin(ReleaseKey(1), now: Sample.now)
        for index in fleet.instances.indices { fleet.instances[index].weight = 25 }
        #expect(weights(fleet) == [0: 100, 1: 100, 2: 100])
    }

    @Test func `lets go of its own instances that its step does not want`() throws {
        var fleet = try fleet(
            old: [.available, .available, .available, .available],
            new: [.starting, .available]
        )
        fleet.rollout.stage = Stage(filled: Sample.now, reached: Sample.now)
        #expect(decided(fleet).contains(.change(.stop(InstanceKey(10)))))
        // Of equals the first places stay.
        fleet.instances[4] = Sample.instance(10, 2, slot: 0, .available)
        #expect(decided(fleet).contains(.change(.stop(InstanceKey(11)))))
        #expect(!decided(fleet).contains(.change(.stop(InstanceKey(10)))))
    }

    @Test func `keeps no stable instance beyond the fleet's size`() throws {
        var fleet = try fleet(wanted: 2, old: [.available], new: [.available], surge: 4)
        fleet.instances.append(Sample.instance(5, 1, slot: 2, .available))
        fleet.rollout.stage = Stage(filled: Sample.now, reached: Sample.now)
        #expect(decided(fleet) == [.change(.stop(InstanceKey(5)))])
    }

    @Test func `keeps warm what is well, also when it was not for long`() throws {
        var fleet = try fleet(
            old: [.settling, .available, .available, .available],
            new: [.available],
            warm: 1
        )
        fleet.rollout.stage = Stage(filled: Sample.now, reached: Sample.now)
        #expect(decided(fleet) == [.change(.setAside(InstanceKey(0)))])
    }

    @Test func `heals the stable release beside it, with backoff`() throws {
        var fleet = try fleet(old: [.available, .available, .ended], new: [.available])
        fleet.rollout.stage = Stage(filled: Sample.now, reached: Sample.now)
        let ended = "exited with status 1"
        #expect(
            decided(fleet) == [
                .change(.noteFailure(InstanceKey(2), reason: ended)), .change(.stop(InstanceKey(2))),
            ]
        )
        fleet.apply(.noteFailure(InstanceKey(2), reason: ended), now: Sample.now)
        #expect(fleet.rollout.failures.map(\.release) == [ReleaseKey(1)])
        fleet.instances.remove(at: 2)
        #expect(decided(fleet) == [.create(slot: 2, release: ReleaseKey(1))])
        fleet.rollout.failures = Array(repeating: fleet.rollout.failures[0], count: 3)
        // Its own slot waits, another is free.
        #expect(decided(fleet) == [.create(slot: 3, release: ReleaseKey(1))])
        fleet.quarantined = [ReleaseKey(1)]
        #expect(decided(fleet) == [])
    }

    @Test func `heals the stable release in the first place, where it has none of its own`() throws {
        let half = CanaryStep(weight: 60, pause: .manual)
        var both = try fleet([half], wanted: 2, old: [], new: [.available, .available])
        both.rollout.stage = Stage(filled: Sample.now, reached: Sample.now)
        #expect(decided(both).contains(.create(slot: 0, release: ReleaseKey(1))))
        var one = try fleet([CanaryStep(weight: 30, pause: .manual)], wanted: 3, old: [], new: [.available])
        one.rollout.stage = both.rollout.stage
        let created = decided(one).compactMap { if case .create(let slot, _) = $0 { slot } else { nil } }
        #expect(created == [1, 2], "the target's own place comes last")
    }

    @Test func `keeps the old instances that it replaces warm, as many as declared`() throws {
        var fleet = try fleet(new: [.available], warm: 1)
        fleet.rollout.stage = Stage(filled: Sample.now, reached: Sample.now)
        #expect(decided(fleet) == [.change(.setAside(InstanceKey(0)))])
        fleet.apply(.setAside(InstanceKey(0)), now: Sample.now)
        #expect(decided(fleet) == [.drain(InstanceKey(0))])
        fleet.instances[0].traffic = .draining(sessions: 0, since: Sample.now)
        #expect(decided(fleet) == [.detach(InstanceKey(0))])
        fleet.instances[0].traffic = .none
        #expect(decided(fleet) == [])
        fleet.instances[0].health = .failing(since: Sample.now, reason: "500")
        #expect(decided(fleet) == [.change(.stop(InstanceKey(0)))])
        fleet.policy = try RolloutPolicy(strategy: fleet.policy.strategy, surge: .count(1))
        fleet.instances[0].health = fleet.instances[1].health
        #expect(decided(fleet) == [.change(.stop(InstanceKey(0)))])
    }
}

@Suite struct `A blue-green rollout` {
    private let planner = RolloutPlanner()

    /// What is decided and done, progress that is noted apart.
    private func plan(_ fleet: FleetState, at seconds: Int = 0) -> [Action] {
        var fleet = fleet
        if let mark = fleet.rollout.progress {
            fleet.rollout.progress = ProgressMark(placed: 99, available: 99, left: 0, at: mark.at)
        }
        return planner.plan(fleet, now: Sample.now.advanced(by: .seconds(seconds)))
    }

    private func fleet(
        old: [Sample.Look],
        new: [Sample.Look] = [],
        isManual: Bool = false
    ) throws -> FleetState {
        let policy = try RolloutPolicy(strategy: .blueGreen(isManual: isManual), surge: .count(1))
        var fleet = Sample.fleet(wanted: 2, old: old, new: new, policy: policy)
        fleet.rollout.stage = Stage()
        return fleet
    }

    @Test func `makes a whole set beside the old one and gives it no requests`() throws {
        var fleet = try fleet(old: [.available, .available])
        #expect(plan(fleet) == [0, 1].map { .create(slot: $0, release: ReleaseKey(2)) })
        fleet.instances += [
            Sample.instance(10, 2, slot: 0, .available), Sample.instance(11, 2, slot: 1, .starting),
        ]
        fleet.instances[2].traffic = .none
        #expect(plan(fleet) == [])
        fleet.instances[0].traffic = .none
        fleet.instances[0].health = .unknown
        fleet.instances[1].traffic = .none
        fleet.instances[1].health = .unknown
        // When nobody serves, nobody waits.
        #expect(plan(fleet) == [.route(InstanceKey(10))])
    }

    @Test func `switches when all of it is well, then keeps the old set warm`() throws {
        var fleet = try fleet(old: [.available, .available], new: [.available, .available])
        for index in [2, 3] { fleet.instances[index].traffic = .none }
        #expect(plan(fleet) == [.change(.fillStep)])
        fleet.apply(.fillStep, now: Sample.now)
        fleet.apply(.reachStep, now: Sample.now)
        #expect(plan(fleet) == [.change(.nextStep)])
        fleet.apply(.nextStep, now: Sample.now)
        #expect(plan(fleet) == [.route(InstanceKey(10)), .route(InstanceKey(11))])
        for index in [2, 3] { fleet.instances[index].traffic = .ready }
        let changes = plan(fleet)
        #expect(
            Set(changes) == [.change(.setAside(InstanceKey(0))), .change(.setAside(InstanceKey(1)))]
        )
        for case .change(let change) in changes { fleet.apply(change, now: Sample.now) }
        #expect(plan(fleet) == [.change(.startBake)])
        fleet.apply(.startBake, now: Sample.now)
        for index in [0, 1] { fleet.instances[index].traffic = .none }
        #expect(plan(fleet, at: 59) == [])
        #expect(plan(fleet, at: 60) == [.change(.markStable(ReleaseKey(2))), .change(.endTrial)])
        fleet.apply(.markStable(ReleaseKey(2)), now: Sample.now)
        #expect(plan(fleet) == [.change(.endTrial)])
        fleet.apply(.endTrial, now: Sample.now)
        #expect(
            plan(fleet).filter { $0 != .change(.noteProgress(fleet.rollout.progress!)) }.count >= 1
        )
        fleet.instances.removeFirst(2)
        fleet.rollout.progress = ProgressMark(placed: 2, available: 2, left: 0, at: Sample.now)
        #expect(plan(fleet) == [.change(.finish(.stable(ReleaseKey(2))))])
    }

    @Test func `gives the old set its requests back at once when the new one fails`() throws {
        var fleet = try fleet(old: [.available, .available], new: [.available, .failing])
        fleet.rollout.stage = Stage(step: 1)
        for index in [0, 1] {
            fleet.instances[index].traffic = .none
            fleet.instances[index].asideIn = 0
        }
        fleet.apply(.startBake, now: Sample.now)
        for case .change(let change) in plan(fleet) { fleet.apply(change, now: Sample.now) }
        #expect(fleet.rollout.phase.isWayBack)
        fleet.rollout.progress = ProgressMark(placed: 9, available: 9, left: 0, at: Sample.now)
        #expect(plan(fleet).prefix(2) == [.route(InstanceKey(0)), .route(InstanceKey(1))])
        // Its own traffic may still be going away.
        fleet.instances[0].traffic = .ready
        fleet.instances[0].isBusy = true
        fleet.instances[1].traffic = .ready
        #expect(!plan(fleet).contains(.change(.stop(InstanceKey(10)))))
        fleet.instances[0].isBusy = false
        #expect(plan(fleet).contains(.change(.stop(InstanceKey(10)))))
    }

    /// What served of the stable release is available again at once, what did not waits as anything else.
    @Test(arguments: [(1, 10, true), (1, 9, false), (1, nil, false), (2, 10, false)])
    func `takes what was kept warm back as soon as it passes`(stable: Int, served: Int?, isBack: Bool) throws
    {
        var fleet = try fleet(old: [.settling, .settling], new: [.available, .available])
        fleet.rollout.stable = ReleaseKey(stable)
        fleet.rollout.phase = .rollingBack(reason: "x")
        fleet.rollout.target = ReleaseKey(1)
        fleet.rollout.stage = nil
        fleet.rollout.progress = ProgressMark(placed: 9, available: 9, left: 0, at: Sample.now)
        for index in [0, 1] {
            fleet.instances[index].health = .passing(since: Sample.now)
            fleet.instances[index].servedFrom = served.map { Sample.now.advanced(by: .seconds(-$0)) }
        }
        #expect(plan(fleet).contains(.change(.stop(InstanceKey(10)))) == isBack)
        if !isBack, stable == 1, let served {
            #expect(
                planner.nextMoment(fleet, now: Sample.now) == Sample.now.advanced(by: .seconds(10 - served))
            )
        }
    }

    @Test func `waits for a person's word if it is to`() throws {
        var fleet = try fleet(old: [.available, .available], new: [.available, .available], isManual: true)
        for index in [2, 3] { fleet.instances[index].traffic = .none }
        fleet.rollout.stage = Stage(filled: Sample.now, reached: Sample.now)
        #expect(plan(fleet, at: 100_000) == [])
        let reason = "the new set is ready and gets no requests yet"
        #expect(planner.waitsForPerson(fleet, now: Sample.now) == reason)
    }

    @Test func `does not count instances without requests for ones that serve`() throws {
        var fleet = try fleet(old: [.available, .available], new: [.available, .available])
        for index in [2, 3] { fleet.instances[index].traffic = .none }
        for index in fleet.instances.indices { fleet.instances[index].isCondemned = true }
        #expect(Set(plan(fleet)) == [.change(.stop(InstanceKey(10))), .change(.stop(InstanceKey(11)))])
    }
}
