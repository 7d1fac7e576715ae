import KilnDefinition
import KilnFleet
import KilnRollout
import KilnSystem
import Synchronization
import Testing

private let second = ReleaseNumber(rawValue: 2)

/// Counts who is interrupted, and interrupts nobody.
private final class Interruptions: Sendable {  // a class: test and driver share the one count
    private let state = Mutex(0)

    var count: Int { state.withLock { $0 } }

    func note() {
        state.withLock { $0 += 1 }
    }
}

extension Stage {
    fileprivate static let canary: FleetPolicy = {
        var policy = Stage.policy()
        policy.rollout.strategy = .canary
        policy.rollout.steps = [.init(weight: 10, pause: .time(.seconds(20)))]
        return policy
    }()

    fileprivate func sleep(_ seconds: Int) async throws {
        try await time.sleep(until: time.now.advanced(by: .seconds(seconds)))
    }

    fileprivate func driver(_ interruptions: Interruptions) -> FleetDriver {
        driver(interrupt: { _ in interruptions.note() })
    }
}

@Suite struct `A word in the middle of a change` {
    @Test func `that does not apply is refused before whoever drives the fleet is interrupted`() async throws
    {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let interruptions = Interruptions()
            let driver = stage.driver(interruptions)
            func refuses(_ word: () async throws -> DeployOutcome) async {
                let error = await #expect(throws: FleetError.self) { try await word() }
                #expect(error?.code == .nothingToSteer)
            }
            async let rolling = stage.deploy("2")
            try await stage.sleep(20)
            await refuses { try await driver.promote(Stage.fleet) }
            #expect(try await rolling == .stable(second))

            let id = try #require(stage.platform.seen.instances.keys.min())
            stage.platform.change { $0.instances[id]?.exitStatus = 1 }
            async let healing = stage.driver().resume(Stage.fleet)
            try await stage.sleep(5)
            await refuses { try await driver.pause(Stage.fleet) }
            await refuses { try await driver.abort(Stage.fleet) }
            #expect(try await healing == .stable(second))

            stage.platform.change { $0.destroyTime = .seconds(10) }
            async let leaving = stage.driver().destroy(Stage.fleet, volumes: false)
            try await stage.sleep(5)
            await refuses { try await driver.abort(Stage.fleet) }
            _ = try await leaving
            #expect(interruptions.count == 0)
        }
    }

    @Test func `that came too late does the work that it interrupted`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1", Stage.canary)
            let interruptions = Interruptions()
            let stop = StopSignal()
            async let rolling = stage.driver(stop: stop)
                .deploy(Stage.content("2"), to: Stage.fleet, policy: Stage.canary)
            try await stage.sleep(10)
            async let promoted = stage.driver(interruptions).promote(Stage.fleet)
            // The release is past its step, and watched, when the one that drives it comes to an end.
            try await stage.sleep(70)
            stop.request()
            #expect(try await rolling == .left(second))
            #expect(try await promoted == .stable(second))
            #expect(interruptions.count == 1)
            #expect(stage.versions == ["2", "2", "2"])
        }
    }
}

@Suite struct `A rollout that a person paused` {
    private func paused(_ stage: Stage) async throws {
        try await stage.deploy("1")
        let stop = StopSignal()
        async let rolling = stage.driver(stop: stop)
            .deploy(Stage.content("2"), to: Stage.fleet, policy: Stage.policy())
        try await stage.sleep(20)
        let word = stage.driver(interrupt: { _ in stop.request() })
        #expect(try await word.pause(Stage.fleet) == .halted(reason: "the rollout to release 2 is paused"))
        #expect(try await rolling == .left(second))
    }

    @Test func `goes on by a person's word alone, with what was changed meanwhile`() async throws {
        try await Stage.with { stage in
            try await paused(stage)
            let created = stage.platform.seen.created
            let instance = try #require(stage.platform.seen.instances.keys.min())
            let driver = stage.driver()
            for change in [
                { try await driver.scale(Stage.fleet, to: 4) },
                { try await driver.recycle(Stage.fleet) },
                { try await driver.replace([instance: "altered"], in: Stage.fleet) },
                { try await stage.deploy("2", Stage.policy(4)) },
            ] {
                let outcome = try await change()
                guard case .waiting(second, let reason) = outcome else {
                    Issue.record("\(outcome)")
                    continue
                }
                #expect(reason.hasSuffix("kiln resume shop"))
            }
            #expect(stage.platform.seen.created == created)
            let record = try await TestStore(stage.catalog, stage.time).fleet(Stage.fleet)
            #expect(record?.rollout.isPausedByPerson == true && record?.policy.instances == 4)
            #expect(try await stage.driver().resume(Stage.fleet) == .stable(second))
            #expect(stage.versions == ["2", "2", "2", "2"])
            #expect(Set(created).isDisjoint(with: stage.platform.seen.instances.keys), "all are recycled")
        }
    }

    @Test func `goes back when it is aborted, and gives way to another release`() async throws {
        try await Stage.with { stage in
            try await paused(stage)
            guard case .rolledBack = try await stage.driver().abort(Stage.fleet) else {
                Issue.record("not rolled back")
                return
            }
            #expect(stage.versions == ["1", "1", "1"])
        }
        try await Stage.with { stage in
            try await paused(stage)
            #expect(try await stage.deploy("3") == .stable(ReleaseNumber(rawValue: 3)))
        }
    }

    @Test func `is told from one that was interrupted, which any change takes up`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let stop = StopSignal()
            async let rolling = stage.driver(stop: stop)
                .deploy(Stage.content("2"), to: Stage.fleet, policy: Stage.policy())
            try await stage.sleep(20)
            stop.request()
            _ = try await rolling
            #expect(try await stage.driver().scale(Stage.fleet, to: 4) == .stable(second))
        }
    }
}

@Suite struct `A way back` {
    @Test func `that a platform without room is the cause of blames no release`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.change { $0.refused = ["2"] }
            guard case .rolledBack(_, second, let failure) = try await stage.deploy("2") else {
                Issue.record("not rolled back")
                return
            }
            #expect(!failure.isBlamed)
            guard case .rolledBack(_, _, let bad) = try await stage.deploy("sick") else {
                Issue.record("not rolled back")
                return
            }
            #expect(bad.isBlamed)
        }
    }
}
