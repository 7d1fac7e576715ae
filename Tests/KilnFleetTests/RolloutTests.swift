import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnOCI
import KilnRollout
import KilnSystem
import Testing

@Suite struct `A deploy` {
    @Test func `brings up a first release and calls it stable after its bake time`() async throws {
        try await Stage.with { stage in
            let began = stage.time.now
            #expect(try await stage.deploy("1") == .stable(ReleaseNumber(rawValue: 1)))
            #expect(stage.versions == ["1", "1", "1"])
            #expect(began.duration(to: stage.time.now) > .seconds(70))
            let status = try await FleetReader(
                store: stage.catalog,
                platform: stage.platform,
                clock: stage.time
            )
            .status(of: Stage.fleet)
            #expect(status.serving == 3)
            #expect(status.stable == ReleaseNumber(rawValue: 1))
            #expect(status.phase == .steady)
        }
    }

    @Test func `replaces one release by another without ever serving with less`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.watchServing()
            #expect(try await stage.deploy("2") == .stable(ReleaseNumber(rawValue: 2)))
            #expect(stage.versions == ["2", "2", "2"])
            #expect(stage.platform.seen.leastServing == 3)
            #expect(stage.platform.seen.most == 4)
            #expect(stage.platform.seen.stopBeforeDrain == 0)
            let slots = stage.platform.seen.instances.values.map(\.spec.slot).sorted()
            #expect(slots == [0, 1, 2])
        }
    }

    @Test func `of the same content changes nothing, and of another policy replaces nothing`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let created = stage.platform.seen.created
            let release = ReleaseNumber(rawValue: 1)
            #expect(try await stage.deploy("1") == .unchanged(release, policyChanged: false))
            var policy = Stage.policy()
            policy.listen = Listeners(ListenAddress(address: "127.0.0.1", port: 9090))
            #expect(try await stage.deploy("1", policy) == .unchanged(release, policyChanged: true))
            #expect(stage.platform.seen.listen?.addresses.map(\.port) == [9090])
            #expect(stage.platform.seen.created == created)
        }
    }

    @Test(arguments: ["sick", "exits", "fades"])
    func `of a release that fails rolls back by itself and quarantines it`(version: String) async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.watchServing()
            let outcome = try await stage.deploy(version)
            guard case .rolledBack(let to, let failed, let failure) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(to == ReleaseNumber(rawValue: 1))
            #expect(failed == ReleaseNumber(rawValue: 2))
            #expect(failure.logLines.last == "\(version) says goodbye")
            #expect(outcome.exitStatus == .rolledBack)
            #expect(stage.versions == ["1", "1", "1"])
            if version != "fades" { #expect(stage.platform.seen.leastServing == 3) }
            let error = await #expect(throws: FleetError.self) { try await stage.deploy(version) }
            #expect(error?.code == .quarantined)
            #expect(stage.versions == ["1", "1", "1"])
            let again = try await stage.driver()
                .deploy(
                    Stage.content(version),
                    to: Stage.fleet,
                    policy: Stage.policy(),
                    options: .init(force: true)
                )
            #expect(again.exitStatus == .rolledBack)
        }
    }

    @Test(arguments: ["sick", "exits"])
    func `that is a fleet's first and fails ends stopped, with the last words`(version: String) async throws {
        try await Stage.with { stage in
            let outcome = try await stage.deploy(version)
            guard case .stopped(let failure) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(failure.logLines == ["starting", "\(version) says goodbye"])
            #expect(!failure.reason.isEmpty)
            #expect(stage.platform.seen.instances.isEmpty)
            #expect(try await stage.deploy("2") == .stable(ReleaseNumber(rawValue: 2)))
        }
    }

    @Test func `that fails is left alone where the policy says freeze`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1", Stage.policy(onFailure: .freeze))
            let outcome = try await stage.deploy("sick", Stage.policy(onFailure: .freeze))
            guard case .frozen = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(stage.versions == ["1", "1", "1", "sick"])
            #expect(try await stage.deploy("2") == .stable(ReleaseNumber(rawValue: 3)))
            #expect(stage.versions == ["2", "2", "2"])
        }
    }

    @Test func `without room for one more goes back, and blames nobody for it`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.change { $0.capacity = 3 }
            stage.platform.watchServing()
            let outcome = try await stage.deploy("2")
            guard case .rolledBack(_, _, let failure) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(failure.reason.hasSuffix("the last one could not be made: Refused()"))
            #expect(stage.versions == ["1", "1", "1"])
            #expect(stage.platform.seen.leastServing == 3)
            stage.platform.change { $0.capacity = 4 }
            #expect(try await stage.deploy("2") == .stable(ReleaseNumber(rawValue: 2)))
        }
    }

    @Test func `goes on when the platform makes instances again before the deadline`() async throws {
        try await Stage.with { stage in
            stage.platform.change { $0.capacity = 0 }
            let time = stage.time
            async let outcome = stage.deploy("1")
            try await time.sleep(until: time.now.advanced(by: .seconds(300)))
            stage.platform.change { $0.capacity = 3 }
            #expect(try await outcome == .stable(ReleaseNumber(rawValue: 1)))
            let told = try await stage.messages().filter { $0.hasPrefix("could not make") }
            #expect(told.first?.hasSuffix("trying again in 1s: Refused()") == true)
            #expect(told.count < 60)
        }
    }

    @Test func `that is a fleet's first, on a platform that makes nothing, ends stopped and may be repeated`()
        async throws
    {
        try await Stage.with { stage in
            stage.platform.change { $0.capacity = 0 }
            let outcome = try await stage.deploy("1")
            guard case .stopped(let failure) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(failure.reason.hasPrefix("no progress for 10m: 3 of 3 instances are missing"))
            stage.platform.change { $0.capacity = 3 }
            #expect(try await stage.deploy("1") == .stable(ReleaseNumber(rawValue: 1)))
        }
    }

    @Test func `of a release that no platform could start fails soon`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let began = stage.time.now
            #expect(try await stage.deploy("unfit").exitStatus == .rolledBack)
            #expect(began.duration(to: stage.time.now) < .seconds(60))
            let error = await #expect(throws: FleetError.self) { try await stage.deploy("unfit") }
            #expect(error?.code == .quarantined)
        }
    }

    @Test func `whose old instances do not go is incomplete, not failed, and is finished later`() async throws
    {
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.change { $0.isDestroyRefused = true }
            let outcome = try await stage.deploy("2")
            guard case .degraded(let failure) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(failure.reason.contains("no progress for 10m"))
            stage.platform.change { $0.isDestroyRefused = false }
            #expect(try await stage.driver().resume(Stage.fleet) == .stable(ReleaseNumber(rawValue: 2)))
            #expect(stage.versions == ["2", "2", "2"])
            let rollout = try await TestStore(stage.catalog, stage.time).rollouts(of: Stage.fleet, limit: 1)
            #expect(rollout.first?.outcome == .stable(.init(2)))
        }
    }

    @Test func `refuses a policy by which nothing could be replaced, before it touches anything`()
        async throws
    {
        try await Stage.with { stage in
            var policy = Stage.policy()
            policy.rollout.surge = .count(0)
            let refused = policy
            let error = await #expect(throws: FleetError.self) { try await stage.deploy("1", refused) }
            #expect(error?.code == .policy)
            let fleets = try await TestStore(stage.catalog, stage.time).fleets()
            #expect(fleets.isEmpty)
        }
    }

    @Test func `drains for no longer than it may`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1", Stage.policy(1))
            stage.platform.change { $0.stuckDrain = true }
            #expect(try await stage.deploy("2", Stage.policy(1)) == .stable(ReleaseNumber(rawValue: 2)))
        }
    }

    @Test func `of workers needs no balancer`() async throws {
        try await Stage.with { stage in
            var policy = Stage.policy()
            policy.listen = nil
            for version in ["1", "2"] {
                let content = Stage.content(version, port: false)
                let outcome = try await stage.driver().deploy(content, to: Stage.fleet, policy: policy)
                #expect(outcome.exitStatus == .done)
            }
            #expect(stage.versions == ["2", "2", "2"])
        }
    }
}
