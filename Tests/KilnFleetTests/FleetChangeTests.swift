import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnOCI
import KilnRollout
import KilnSystem
import Testing

@Suite struct `A running fleet` {
    @Test func `is brought back after everything died`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.change { state in
                for id in state.instances.keys { state.instances[id]?.exitStatus = 137 }
            }
            #expect(try await stage.driver().resume(Stage.fleet) == .stable(ReleaseNumber(rawValue: 1)))
            stage.platform.change { $0.instances = [:] }
            #expect(try await stage.driver().resume(Stage.fleet) == .stable(ReleaseNumber(rawValue: 1)))
            #expect(stage.versions == ["1", "1", "1"])
            let same = try await stage.driver().resume(Stage.fleet)
            #expect(same == .unchanged(ReleaseNumber(rawValue: 1), policyChanged: false))
        }
    }

    @Test func `grows and shrinks without touching what stays`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let first = Set(stage.platform.seen.instances.keys)
            _ = try await stage.driver().scale(Stage.fleet, to: 5)
            #expect(stage.platform.seen.instances.count == 5)
            #expect(first.isSubset(of: stage.platform.seen.instances.keys))
            _ = try await stage.driver().scale(Stage.fleet, to: 2)
            #expect(stage.platform.seen.instances.count == 2)
            #expect(Set(stage.platform.seen.instances.keys).isSubset(of: first))
        }
    }

    @Test func `has condemned instances replaced one budget at a time`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let old = Set(stage.platform.seen.instances.keys)
            stage.platform.watchServing()
            let condemned = Dictionary(uniqueKeysWithValues: old.map { ($0, "mounted over /opt") })
            let outcome = try await stage.driver().replace(condemned, in: Stage.fleet)
            #expect(outcome == .stable(ReleaseNumber(rawValue: 1)))
            #expect(old.isDisjoint(with: stage.platform.seen.instances.keys))
            #expect(stage.platform.seen.leastServing == 3)
            #expect(stage.platform.seen.retirements == [3], "once, before the first replacement")
            #expect(stage.platform.seen.most == 4)
        }
    }

    @Test func `rolls back to the newest other release that was stable`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            try await stage.deploy("2")
            try await stage.deploy("sick")
            let outcome = try await stage.driver().rollback(Stage.fleet)
            #expect(outcome == .stable(ReleaseNumber(rawValue: 1)))
            #expect(stage.versions == ["1", "1", "1"])
            let error = await #expect(throws: FleetError.self) {
                try await stage.driver().rollback(Stage.fleet, to: ReleaseNumber(rawValue: 9))
            }
            #expect(error?.code == .unknownRelease)
        }
    }

    @Test func `goes further back with every rollback, and never forward by itself`() async throws {
        try await Stage.with { stage in
            for version in ["1", "2", "3"] { try await stage.deploy(version) }
            let driver = stage.driver()
            #expect(try await driver.rollback(Stage.fleet) == .stable(ReleaseNumber(rawValue: 2)))
            #expect(try await driver.rollback(Stage.fleet) == .stable(ReleaseNumber(rawValue: 1)))
            let error = await #expect(throws: FleetError.self) { try await driver.rollback(Stage.fleet) }
            #expect(error?.code == .noEarlierRelease)
            let third = ReleaseNumber(rawValue: 3)
            #expect(try await driver.rollback(Stage.fleet, to: third) == .stable(third))
            // Release 1 was left last, so it is what ran before 3.
            #expect(try await driver.rollback(Stage.fleet) == .stable(ReleaseNumber(rawValue: 1)))
        }
    }

    @Test func `skips condemned instances that are gone`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let present = try #require(stage.platform.seen.instances.keys.min())
            let condemned = [present: "altered", InstanceID("shop-1-gone"): "altered"]
            let outcome = try await stage.driver().replace(condemned, in: Stage.fleet)
            #expect(outcome == .stable(ReleaseNumber(rawValue: 1)))
            #expect(stage.platform.seen.instances[present] == nil)
            #expect(stage.platform.seen.created.count == 4)
            let told = try await stage.messages().filter { $0.contains("is to be replaced") }
            #expect(told == ["release 1: instance \(present) is to be replaced: altered"])
        }
    }

    @Test func `is destroyed, and comes back with the same release`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let outcome = try await stage.driver().destroy(Stage.fleet, volumes: false)
            guard case .stopped = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(stage.platform.seen.instances.isEmpty)
            #expect(stage.platform.seen.wasRemoved)
            let error = await #expect(throws: FleetError.self) {
                try await stage.driver().resume(Stage.fleet)
            }
            #expect(error?.code == .unknownFleet)
            #expect(try await stage.deploy("1") == .stable(ReleaseNumber(rawValue: 1)))
        }
    }

    @Test func `that nobody wrote an instance of down loses it`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.change { state in
                guard let some = state.instances.values.first else { return }
                let id = InstanceID("shop-1-zzzz")
                var copy = PretendPlatform.Instance(
                    spec: InstanceSpec(id: id, slot: 0, release: some.spec.release)
                )
                copy.isMade = true
                state.instances[id] = copy
            }
            _ = try await stage.driver().resume(Stage.fleet)
            #expect(stage.platform.seen.instances.count == 3)
            #expect(stage.platform.seen.instances[InstanceID("shop-1-zzzz")] == nil)
        }
    }
}

@Suite struct `A rollout that is cut off` {
    @Test func `by Ctrl-C is left paused, and goes on when asked`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.watchServing()
            let stop = StopSignal()
            let time = stage.time
            async let outcome = stage.driver(stop: stop)
                .deploy(Stage.content("2"), to: Stage.fleet, policy: Stage.policy())
            try await time.sleep(until: time.now.advanced(by: .seconds(20)))
            stop.request()
            #expect(try await outcome == .paused(ReleaseNumber(rawValue: 2)))
            let store = TestStore(stage.catalog, time)
            #expect(try await store.fleet(Stage.fleet)?.rollout.isPaused == true)
            #expect(try await store.lease(of: Stage.fleet) == nil)
            #expect(stage.platform.seen.leastServing == 3)
            #expect(
                try await stage.messages().last == "the rollout of release 2 is paused; what runs goes on"
            )
            #expect(try await stage.driver().resume(Stage.fleet) == .stable(ReleaseNumber(rawValue: 2)))
            #expect(stage.versions == ["2", "2", "2"])
        }
    }

    @Test func `by cancelling its task is left paused all the same`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let time = stage.time
            let outcome = try await withThrowingTaskGroup(of: DeployOutcome?.self) { group in
                group.addTask { try await stage.deploy("2") }
                group.addTask {
                    try await time.sleep(until: time.now.advanced(by: .seconds(20)))
                    return nil
                }
                _ = try await group.next()
                group.cancelAll()
                return try await group.next() ?? nil
            }
            #expect(outcome == .paused(ReleaseNumber(rawValue: 2)))
            #expect(try await TestStore(stage.catalog, time).lease(of: Stage.fleet) == nil)
            #expect(try await stage.driver().resume(Stage.fleet) == .stable(ReleaseNumber(rawValue: 2)))
        }
    }

    @Test func `by a reboot goes on, and does not blame the release for it`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let stop = StopSignal()
            let time = stage.time
            async let outcome = stage.driver(stop: stop)
                .deploy(Stage.content("2"), to: Stage.fleet, policy: Stage.policy())
            // All are of the new release by now, and watched.
            try await time.sleep(until: time.now.advanced(by: .seconds(60)))
            stop.request()
            _ = try await outcome
            #expect(stage.versions == ["2", "2", "2"])
            stage.platform.change { state in
                for id in state.instances.keys {
                    state.instances[id]?.exitStatus = 137
                    state.instances[id]?.traffic = .none
                }
            }
            #expect(try await stage.driver().resume(Stage.fleet) == .stable(ReleaseNumber(rawValue: 2)))
            #expect(stage.versions == ["2", "2", "2"])
        }
    }

    @Test func `gives way to another release`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let stop = StopSignal()
            let time = stage.time
            async let outcome = stage.driver(stop: stop)
                .deploy(Stage.content("2"), to: Stage.fleet, policy: Stage.policy())
            try await time.sleep(until: time.now.advanced(by: .seconds(20)))
            stop.request()
            _ = try await outcome
            stage.platform.watchServing()
            #expect(try await stage.deploy("3") == .stable(ReleaseNumber(rawValue: 3)))
            #expect(stage.versions == ["3", "3", "3"])
            #expect(stage.platform.seen.leastServing == 3)
            let rollouts = try await TestStore(stage.catalog, time).rollouts(of: Stage.fleet, limit: 10)
            #expect(rollouts.map(\.isSuperseded) == [false, true, false])
        }
    }

    @Test(arguments: [true, false])
    func `at any write converges, and makes nothing twice`(before: Bool) async throws {
        for version in ["2", "exits"] {
            var write = 1
            while try await allSurvive(write..<(write + 8), before, version) { write += 8 }
            #expect(write >= 17)
        }
    }

    /// Whether the driver died in all of them.
    private func allSurvive(_ writes: Range<Int>, _ before: Bool, _ version: String) async throws -> Bool {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for write in writes { group.addTask { try await survives(write, before, version) } }
            return try await group.reduce(true) { $0 && $1 }
        }
    }

    /// False once the driver comes to its end before it dies.
    private func survives(_ write: Int, _ before: Bool, _ version: String) async throws -> Bool {
        let died = Died()
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.watchServing()
            let store = TestStore(stage.catalog, stage.time, dyingAt: (write, before))
            _ = try? await stage.driver(store)
                .deploy(Stage.content(version), to: Stage.fleet, policy: Stage.policy())
            died.set(store.isDead)
            // The dead holder's process is this test's own, alive: the lease has to run out.
            try? await stage.time.sleep(until: stage.time.now.advanced(by: Lease.duration))
            _ = try await stage.driver().resume(Stage.fleet)
            let seen = stage.platform.seen
            #expect(Set(seen.created).count == seen.created.count, "write \(write)")
            #expect(seen.instances.count == 3, "write \(write)")
            #expect(Set(stage.versions).count == 1, "write \(write)")
            #expect(seen.most <= 4, "write \(write)")
            #expect(seen.leastServing == 3, "write \(write)")
            #expect(Set(seen.instances.values.map(\.spec.slot)) == [0, 1, 2], "write \(write)")
            #expect(try await TestStore(stage.catalog, stage.time).instances(of: Stage.fleet).count == 3)
        }
        return died.value
    }
}

@Suite struct `A recycled fleet` {
    @Test func `has every instance replaced by a fresh one of the same release, within the budget`()
        async throws
    {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let old = Set(stage.platform.seen.instances.keys)
            stage.platform.watchServing()
            let outcome = try await stage.driver().recycle(Stage.fleet)
            #expect(outcome == .stable(ReleaseNumber(rawValue: 1)))
            #expect(stage.versions == ["1", "1", "1"])
            #expect(old.isDisjoint(with: stage.platform.seen.instances.keys))
            #expect(stage.platform.seen.leastServing == 3 && stage.platform.seen.most == 4)
        }
    }
}

@Suite struct `An image that was proved in one environment` {
    @Test func `is the one of the stable release that was last deployed for it`() async throws {
        try await Stage.with { stage in
            func deploy(_ version: String, for environment: EnvironmentName) async throws {
                var options = FleetDriver.Options()
                options.environment = environment
                let content = Stage.content(version)
                let policy = Stage.policy()
                _ = try await stage.driver().deploy(
                    content,
                    to: Stage.fleet,
                    policy: policy,
                    options: options
                )
            }
            let promoted = PromotedImage(store: stage.catalog)
            func image(from environment: EnvironmentName) async throws -> Digest {
                try await promoted.digest(of: Stage.fleet, image: "shop", from: environment)
            }
            let none = await #expect(throws: FleetError.self) { try await image(from: "staging") }
            #expect(none?.code == .promotion && none?.status == .usage)
            try await deploy("1", for: "staging")
            try await deploy("2", for: "prod")
            #expect(try await image(from: "staging") == Stage.content("1").image)
            #expect(try await image(from: "prod") == Stage.content("2").image)
            try await deploy("sick", for: "staging")
            let sick = await #expect(throws: FleetError.self) { try await image(from: "staging") }
            #expect(sick?.status == .gateRefused)
        }
    }
}
