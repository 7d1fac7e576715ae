import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnRollout
import KilnSystem
import Testing

@Suite struct `A rollout in steps` {
    private static func policy(_ change: (inout RolloutDefinition) -> Void) -> FleetPolicy {
        var policy = Stage.policy()
        change(&policy.rollout)
        return policy
    }

    private static let canary = policy { rollout in
        rollout.strategy = .canary
        rollout.steps = [.init(weight: 10, pause: .time(.seconds(20))), .init(weight: 40, pause: .manual)]
    }

    private static let blueGreen = policy { $0.strategy = .blueGreen }

    private func release(_ number: Int) -> ReleaseNumber { ReleaseNumber(rawValue: number) }

    private func weights(_ stage: Stage) -> [String: [Int]] {
        Dictionary(
            grouping: stage.platform.seen.instances.values.filter { $0.traffic == .ready },
            by: \.version
        )
        .mapValues { $0.map(\.weight).sorted() }
    }

    @Test func `waits for a person at its step, with its share of the requests, and goes on when told to`()
        async throws
    {
        try await Stage.with { stage in
            #expect(try await stage.deploy("1", Self.canary) == .stable(release(1)))
            let waiting = try await stage.deploy("2", Self.canary)
            #expect(waiting == .waiting(release(2), reason: "40 % of the requests go to the new release"))
            #expect(waiting.exitStatus == .changesPending)
            // Two of the new one bear 40 of 100: 2 * 33 : 100 = 40 : 60.
            #expect(weights(stage) == ["1": [100], "2": [33, 33]])
            let status = try await stage.reader.status(of: Stage.fleet)
            #expect(status.awaitsPromotion)
            #expect(status.waits == "step 2 of 2: 40 % of the requests, until it is promoted")
            #expect(try await stage.driver().promote(Stage.fleet) == .stable(release(2)))
            #expect(weights(stage) == ["2": [100, 100, 100]])
            await #expect(throws: FleetError.self) { try await stage.driver().promote(Stage.fleet) }
            let messages = try await stage.messages()
            for message in [
                "release 2 gets 10 % of the requests", "release 2 did well at 10 % of the requests",
                "release 2 gets 40 % of the requests", "release 2 is promoted past its step",
            ] {
                #expect(messages.contains(message), "\(messages)")
            }
        }
    }

    @Test func `is aborted by a word, and its release is not blamed`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1", Self.canary)
            _ = try await stage.deploy("2", Self.canary)
            guard
                case .rolledBack(let to, let failed, let failure) = try await stage.driver().abort(
                    Stage.fleet
                )
            else {
                Issue.record("not rolled back")
                return
            }
            #expect(to == release(1) && failed == release(2) && failure.reason == "aborted by a person")
            #expect(!failure.isBlamed)
            #expect(weights(stage) == ["1": [100, 100, 100]])
            #expect(try await stage.reader.releases(of: Stage.fleet).allSatisfy { $0.quarantined == nil })
            await #expect(throws: FleetError.self) { try await stage.driver().abort(Stage.fleet) }
        }
    }

    @Test func `is left out by the way back to a release that was stable before, and not by one to another`()
        async throws
    {
        try await Stage.with { stage in
            try await stage.deploy("1", Self.canary)
            _ = try await stage.deploy("2", Self.canary)
            #expect(try await stage.driver().promote(Stage.fleet, full: true) == .stable(release(2)))
            #expect(try await stage.driver().rollback(Stage.fleet) == .stable(release(1)))
            _ = try await stage.deploy("3", Self.canary)
            _ = try await stage.driver().abort(Stage.fleet)
            guard case .waiting = try await stage.driver().rollback(Stage.fleet, to: release(3)) else {
                Issue.record("release 3 was never stable, and takes over without steps")
                return
            }
        }
    }

    @Test func `is paused, and goes on from its step`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1", Self.canary)
            _ = try await stage.deploy("2", Self.canary)
            let halted = try await stage.driver().pause(Stage.fleet)
            #expect(halted == .halted(reason: "the rollout to release 2 is paused"))
            #expect(try await stage.reader.status(of: Stage.fleet).isPaused)
            guard case .waiting = try await stage.driver().resume(Stage.fleet) else {
                Issue.record("does not wait")
                return
            }
            #expect(try await stage.driver().promote(Stage.fleet, full: true) == .stable(release(2)))
            await #expect(throws: FleetError.self) { try await stage.driver().pause(Stage.fleet) }
        }
    }

    @Test func `switches to a whole new set, and back to the old one without making an instance`()
        async throws
    {
        try await Stage.with { stage in
            try await stage.deploy("1", Self.blueGreen)
            let old = Set(stage.platform.seen.instances.keys)
            guard case .rolledBack = try await stage.deploy("fades", Self.blueGreen) else {
                Issue.record("not rolled back")
                return
            }
            #expect(stage.platform.seen.most == 6)
            #expect(Set(stage.platform.seen.instances.keys) == old)
            #expect(weights(stage) == ["1": [100, 100, 100]])
            #expect(stage.platform.seen.created.count == 6)
            #expect(try await stage.deploy("2", Self.blueGreen) == .stable(release(3)))
            #expect(stage.versions == ["2", "2", "2"])
        }
    }

    @Test func `goes back at a person's word without watching anew what is kept warm`() async throws {
        var policy = Self.blueGreen
        policy.rollout.bake = .seconds(600)
        try await Stage.with { [policy] stage in
            try await stage.deploy("1", Self.blueGreen)
            let old = Set(stage.platform.seen.instances.keys)
            let stop = StopSignal()
            async let rolling = stage.driver(stop: stop)
                .deploy(Stage.content("2"), to: Stage.fleet, policy: policy)
            try await stage.time.sleep(until: stage.time.now.advanced(by: .seconds(60)))
            #expect(weights(stage) == ["2": [100, 100, 100]])
            stop.request()
            _ = try await rolling
            let began = stage.time.now
            async let back = stage.driver().abort(Stage.fleet)
            try await stage.time.sleep(until: began.advanced(by: .seconds(1)))
            #expect(weights(stage) == ["1": [100, 100, 100]])
            guard case .rolledBack = try await back else {
                Issue.record("not rolled back")
                return
            }
            #expect(Set(stage.platform.seen.instances.keys) == old)
            #expect(began.duration(to: stage.time.now) < policy.rollout.minHealthy)
        }
    }
}

@Suite struct `A canary that is compared` {
    private static var policy: FleetPolicy {
        var policy = Stage.policy()
        policy.rollout.strategy = .canary
        policy.rollout.steps = [
            .init(weight: 40, pause: .time(.seconds(60)), analysis: AnalysisDefinition())
        ]
        return policy
    }

    private func stage(_ body: @escaping @Sendable (Stage) async throws -> Void) async throws {
        try await Stage.with { stage in
            stage.platform.change { $0.rate = 20 }
            try await stage.deploy("1", Self.policy)
            try await body(stage)
        }
    }

    @Test func `is taken back when more of its requests fail, though it is healthy`() async throws {
        try await stage { stage in
            stage.platform.change { $0.service["2"] = (30, 10) }
            guard case .rolledBack(_, let failed, let failure) = try await stage.deploy("2", Self.policy)
            else {
                Issue.record("not rolled back")
                return
            }
            #expect(failed == ReleaseNumber(rawValue: 2))
            let reason =
                "worse than the stable release: 30 % of its requests fail, 0 % of the stable release's"
            #expect(failure.reason == reason)
            #expect(stage.versions == ["1", "1", "1"])
            let told = try await stage.messages().filter { $0.hasSuffix(": worse") }
            #expect(told.count == 2, "one is borne: \(told)")
            #expect(told.first?.hasPrefix("release 2: 30 % errors of ") == true, "\(told)")
        }
    }

    @Test func `goes on when it does as well, and status tells how it does`() async throws {
        try await stage { stage in
            stage.platform.change { $0.service["2"] = (0, 12) }
            #expect(try await stage.deploy("2", Self.policy) == .stable(ReleaseNumber(rawValue: 2)))
            let told = try await stage.messages().filter { $0.contains(" errors of ") }
            #expect(told.count == 2, "told once, and at the end: \(told)")
            #expect(told.last?.hasPrefix("release 2 did well at 40 % of the requests: 0 % errors") == true)
        }
    }

    @Test func `waits for a person when nobody can count, and shows what is known`() async throws {
        try await stage { stage in
            stage.platform.change { $0.failsToCount = true }
            guard case .waiting(_, let reason) = try await stage.deploy("2", Self.policy) else {
                Issue.record("does not wait")
                return
            }
            #expect(reason.hasPrefix("what the balancer counts could not be read"))
            let status = try await stage.reader.status(of: Stage.fleet)
            #expect(status.awaitsPromotion)
            #expect(status.comparison == "0 measurements; in all no requests")
            #expect(try await stage.driver().promote(Stage.fleet) == .stable(ReleaseNumber(rawValue: 2)))
            #expect(try await stage.reader.status(of: Stage.fleet).comparison == nil)
        }
    }

    /// With a step that goes on by a person's word alone.
    private static var manual: FleetPolicy {
        var policy = Self.policy
        policy.rollout.steps = [.init(weight: 40, pause: .manual, analysis: AnalysisDefinition())]
        return policy
    }

    @Test(arguments: [RolloutDefinition.OnFailure.rollback, .freeze])
    func `that gets worse while it waits for a person is no longer waited for`(
        onFailure: RolloutDefinition.OnFailure
    ) async throws {
        try await stage { stage in
            var policy = Self.manual
            policy.rollout.onFailure = onFailure
            try await stage.kept { kept in
                guard case .waiting = try await stage.deploy("2", policy) else {
                    Issue.record("does not wait")
                    return
                }
                try await kept.pass(.seconds(600))
                #expect(try await stage.reader.status(of: Stage.fleet).awaitsPromotion, "it does well")
                #expect(kept.store.leases > 3, "others who need the store get their turn")
                stage.platform.change { $0.service["2"] = (30, 10) }
                try await kept.pass(.seconds(120))
                let status = try await stage.reader.status(of: Stage.fleet)
                #expect(!status.awaitsPromotion)
                if onFailure == .rollback {
                    #expect(stage.versions == ["1", "1", "1"] && status.phase == .steady)
                } else {
                    #expect(status.phase == .frozen)
                }
                let releases = try await kept.store.releaseEntries(of: Stage.fleet)
                #expect(releases.last?.quarantine?.reason.contains("worse than the stable release") == true)
            }
        }
    }

    @Test func `goes on by a person's word while it is measured`() async throws {
        try await stage { stage in
            try await stage.kept { kept in
                guard case .waiting = try await stage.deploy("2", Self.manual) else {
                    Issue.record("does not wait")
                    return
                }
                try await kept.pass(.seconds(300))
                let promoted = try await stage.driver().promote(Stage.fleet)
                #expect(promoted == .stable(ReleaseNumber(rawValue: 2)))
                #expect(stage.versions == ["2", "2", "2"])
            }
        }
    }

    @Test func `waits for a person when too few requests come`() async throws {
        try await stage { stage in
            stage.platform.change { $0.rate = 1 }
            guard case .waiting(_, let reason) = try await stage.deploy("2", Self.policy) else {
                Issue.record("does not wait")
                return
            }
            #expect(reason.contains("requests are too few to compare, 100 are needed"))
        }
    }
}

@Suite struct `A fleet that a person froze` {
    @Test func `is left as it is, also what dies, until it is resumed`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let frozen = try await stage.driver().freeze(Stage.fleet, why: "looking at it")
            #expect(frozen == .halted(reason: "the fleet is frozen: looking at it"))
            let id = try #require(stage.platform.seen.instances.keys.sorted().first)
            stage.platform.change { $0.instances[id]?.exitStatus = 1 }
            for change in [
                { try await stage.deploy("2") }, { try await stage.driver().scale(Stage.fleet, to: 5) },
            ] {
                let error = await #expect(throws: FleetError.self) { try await change() }
                #expect(error?.asDiagnostics.first?.code == "fleet.halted")
            }
            #expect(stage.platform.seen.created.count == 3)
            #expect(try await stage.reader.status(of: Stage.fleet).freeze == "looking at it")
            #expect(try await stage.driver().resume(Stage.fleet) == .stable(ReleaseNumber(rawValue: 1)))
            #expect(stage.versions == ["1", "1", "1"])
        }
    }
}
