import KilnRollout
import Testing

@Suite struct `The planner's verdict` {
    private let planner = RolloutPlanner()

    private func plan(_ fleet: FleetState, at seconds: Int = 0) -> [Action] {
        planner.plan(fleet, now: Sample.now.advanced(by: .seconds(seconds)))
    }

    private func policy(surge: Int = 1, unavailable: Int = 0) throws -> RolloutPolicy {
        try RolloutPolicy(surge: .count(surge), unavailable: .count(unavailable))
    }

    @Test func `fails a release by an instance that is not healthy in time, and goes back`() throws {
        var fleet = Sample.fleet(
            old: [.available, .available, .available],
            new: [.starting],
            policy: try policy()
        )
        fleet.instances[3].health = .failing(since: Sample.now, reason: "answered 500")
        fleet.rollout.progress?.at = Sample.now.advanced(by: .seconds(239))
        #expect(plan(fleet, at: 239) == [])
        let reason = "not healthy within 5m: answered 500"
        #expect(
            plan(fleet, at: 240) == [
                .change(.noteFailure(InstanceKey(10), reason: reason)),
                .change(.quarantine(ReleaseKey(2), reason: reason)),
                .change(.beginRollback(to: ReleaseKey(1), reason: reason)),
            ]
        )
        fleet.rollout.stable = nil
        #expect(plan(fleet, at: 240).last == .change(.finish(.frozen(reason: reason))))
        fleet.instances.removeFirst(3)
        #expect(plan(fleet, at: 240).last == .change(.beginStopping(reason: reason)))
    }

    @Test func `does not go back unasked from what cannot be undone`() throws {
        var fleet = Sample.fleet(
            old: [.available, .available, .available],
            new: [.starting],
            policy: try policy()
        )
        fleet.instances[3].health = .failing(since: Sample.now, reason: "answered 500")
        fleet.rollout.progress?.at = Sample.now.advanced(by: .seconds(239))
        fleet.rollout.isIrreversible = true
        let changes = plan(fleet, at: 240)
        guard case .change(.finish(.frozen(let reason))) = changes.last else {
            Issue.record("\(changes)")
            return
        }
        #expect(reason.contains("cannot be undone"))
        #expect(changes.contains { if case .change(.quarantine) = $0 { true } else { false } })
        // A person may.
        var rollout = fleet.rollout
        let isAborted = rollout.abort(reason: "aborted", now: Sample.now)
        #expect(isAborted && rollout.target == ReleaseKey(1) && !rollout.isIrreversible)
    }

    @Test func `remembers that until another rollout begins, and only for one that is on trial`() {
        var rollout = RolloutState(stable: ReleaseKey(1))
        rollout.begin(ReleaseKey(2), now: .zero, isIrreversible: true)
        #expect(rollout.isIrreversible)
        rollout.begin(ReleaseKey(3), now: .zero)
        #expect(!rollout.isIrreversible)
        rollout.begin(ReleaseKey(1), now: .zero, isIrreversible: true)
        #expect(!rollout.isIrreversible, "the stable release is not on trial")
    }

    @Test func `fails a release whose instances keep ending`() throws {
        var fleet = Sample.fleet(
            old: [.available, .available, .available],
            new: [.ended],
            policy: try policy()
        )
        let noted = plan(fleet)
        #expect(
            noted == [
                .change(.noteFailure(InstanceKey(10), reason: "exited with status 1")),
                .change(.stop(InstanceKey(10))),
            ]
        )
        for case .change(let change) in noted { fleet.apply(change, now: Sample.now) }
        #expect(plan(fleet) == [.destroy(InstanceKey(10))])
        fleet.rollout.failures += Array(
            repeating: InstanceFailure(slot: 0, at: Sample.now, reason: "exited with status 1"),
            count: 2
        )
        let reason = "3 instances failed, the last one: exited with status 1"
        #expect(plan(fleet).first == .change(.quarantine(ReleaseKey(2), reason: reason)))
    }

    @Test(arguments: [(3, 3), (12, 3), (13, 4), (100, 25), (256, 64), (1000, 64)])
    func `fails a release by a quarter of a large fleet, as far as failures are kept`(
        wanted: Int,
        limit: Int
    ) throws {
        var fleet = Sample.fleet(wanted: wanted, new: [.ended], policy: try policy())
        for count in 1..<limit {
            fleet.instances[0] = Sample.instance(10 + count, 2, slot: 0, .ended)
            let changes = plan(fleet).compactMap { if case .change(let change) = $0 { change } else { nil } }
            #expect(changes.first == .noteFailure(InstanceKey(10 + count), reason: "exited with status 1"))
            for change in changes { fleet.apply(change, now: Sample.now) }
            #expect(!plan(fleet).contains { if case .change(.quarantine) = $0 { true } else { false } })
        }
        fleet.rollout.failures.append(InstanceFailure(slot: 0, at: Sample.now, reason: "x"))
        fleet.rollout.failures = fleet.rollout.failures.suffix(64)
        #expect(plan(fleet).contains { if case .change(.quarantine) = $0 { true } else { false } })
    }

    @Test func `fails a release that stands still`() throws {
        let fleet = Sample.fleet(
            old: [.available, .available, .available],
            new: [.starting],
            policy: try RolloutPolicy(
                surge: .count(1),
                healthyDeadline: .seconds(599),
                progressDeadline: .seconds(600)
            )
        )
        var late = fleet
        late.instances[3].watchedSince = Sample.now.advanced(by: .seconds(500))
        let reason = "no progress for 10m: 3 of 3 instances are missing"
        #expect(plan(late, at: 599) == [])
        #expect(plan(late, at: 600).first == .change(.quarantine(ReleaseKey(2), reason: reason)))
    }

    @Test func `blames no release for a platform that makes no instances`() throws {
        var fleet = Sample.fleet(old: [.available, .available, .available], policy: try policy())
        fleet.refusal = Refusal(until: Sample.now.advanced(by: .seconds(30)), reason: "no runc")
        let reason =
            "no progress for 10m: 3 of 3 instances are missing; the last one could not be made: no runc"
        #expect(plan(fleet, at: 29) == [])
        #expect(planner.nextMoment(fleet, now: Sample.now) == Sample.now.advanced(by: .seconds(30)))
        #expect(plan(fleet, at: 30) == [.create(slot: 0, release: ReleaseKey(2))])
        #expect(plan(fleet, at: 600) == [.change(.beginRollback(to: ReleaseKey(1), reason: reason))])
        fleet.rollout.stable = nil
        fleet.instances = []
        #expect(plan(fleet, at: 600) == [.change(.beginStopping(reason: reason))])
    }

    @Test func `gives a release its time anew once the platform makes instances again`() throws {
        var fleet = Sample.fleet(
            old: [.available, .available, .available],
            new: [.starting],
            policy: try RolloutPolicy(
                surge: .count(1),
                healthyDeadline: .seconds(599),
                progressDeadline: .seconds(600)
            )
        )
        fleet.instances[3].watchedSince = Sample.now.advanced(by: .seconds(550))
        fleet.relented = Sample.now.advanced(by: .seconds(550))
        let late = Sample.now.advanced(by: .seconds(600))
        guard case .change(.noteProgress(let mark)) = plan(fleet, at: 600).first else {
            Issue.record("\(plan(fleet, at: 600))")
            return
        }
        #expect(mark.at == late)
        fleet.apply(.noteProgress(mark), now: late)
        #expect(plan(fleet, at: 1148) == [])
    }

    @Test func `counts an instance that could not be made as nobody's failure`() throws {
        var fleet = Sample.fleet(old: [.available, .available], new: [.ended], policy: try policy())
        fleet.instances[2].process = .refused
        #expect(plan(fleet) == [.change(.stop(InstanceKey(10)))])
    }

    @Test func `blames no release for old instances that take their time to leave`() throws {
        var fleet = Sample.fleet(
            old: [.stopping],
            new: [.available, .available, .available],
            policy: try policy()
        )
        fleet.instances[0].isBusy = true
        let reason = "no progress for 10m: old instances remain"
        #expect(plan(fleet, at: 599) == [])
        #expect(plan(fleet, at: 600) == [.change(.finish(.degraded(reason: reason)))])
        fleet.apply(.finish(.degraded(reason: reason)), now: Sample.now)
        #expect(fleet.rollout.phase == .rolling)
        #expect(fleet.rollout.isUnfinished)
    }

    @Test func `blames it neither for places that those hold, but for what of its own does not leave`() throws
    {
        var fleet = Sample.fleet(
            old: [.stopping, .stopping],
            new: [.available, .available],
            policy: try policy()
        )
        for index in [0, 1] { fleet.instances[index].isBusy = true }
        let reason = "no progress for 10m: 1 of 3 instances are missing"
        #expect(plan(fleet, at: 600) == [.change(.finish(.degraded(reason: reason)))])
        for index in [0, 1] {
            fleet.instances[index] = Sample.instance(20 + index, 2, slot: 2, .stopping)
            fleet.instances[index].isBusy = true
        }
        #expect(plan(fleet, at: 600).first == .change(.quarantine(ReleaseKey(2), reason: reason)))
    }

    @Test func `watches for the bake time also what came during it`() throws {
        var fleet = Sample.fleet(
            new: [.available, .available, .available],
            phase: .baking(since: Sample.now),
            policy: try policy()
        )
        fleet.instances[1].health = .passing(since: Sample.now.advanced(by: .seconds(20)))
        #expect(plan(fleet, at: 79) == [])
        #expect(plan(fleet, at: 80).first == .change(.markStable(ReleaseKey(2))))
    }

    @Test func `watches all instances for the bake time before a release is stable`() throws {
        var fleet = Sample.fleet(new: [.available, .available, .available], policy: try policy())
        #expect(plan(fleet) == [.change(.startBake)])
        fleet.apply(.startBake, now: Sample.now)
        #expect(plan(fleet, at: 59) == [])
        #expect(
            plan(fleet, at: 60) == [
                .change(.markStable(ReleaseKey(2))), .change(.finish(.stable(ReleaseKey(2)))),
            ]
        )
        fleet.instances[1].health = .failing(since: Sample.now, reason: "503")
        let reason = "unhealthy while the release was watched: 503"
        #expect(plan(fleet, at: 60).contains(.change(.beginRollback(to: ReleaseKey(1), reason: reason))))
    }

    @Test(arguments: [(90, "90s"), (119, "119s"), (120, "2m"), (121, "121s"), (180, "3m")])
    func `says a deadline in its shortest words`(seconds: Int, words: String) throws {
        var fleet = Sample.fleet(
            old: [.available],
            policy: try RolloutPolicy(
                surge: .count(1),
                minHealthy: .seconds(1),
                healthyDeadline: .seconds(2),
                progressDeadline: .seconds(seconds)
            )
        )
        fleet.refusal = Refusal(until: Sample.now.advanced(by: .seconds(1000)), reason: "no")
        let reason =
            "no progress for \(words): 3 of 3 instances are missing; the last one could not be made: no"
        #expect(plan(fleet, at: seconds) == [.change(.beginRollback(to: ReleaseKey(1), reason: reason))])
    }

    @Test func `never places a quarantined release`() throws {
        var fleet = Sample.fleet(policy: try policy())
        fleet.quarantined = [ReleaseKey(2)]
        let reason = "release 2 is quarantined"
        #expect(plan(fleet) == [.change(.beginRollback(to: ReleaseKey(1), reason: reason))])
        fleet.rollout.phase = .steady
        #expect(plan(fleet) == [])
    }
}
