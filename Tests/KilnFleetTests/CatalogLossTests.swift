import KilnFleet
import KilnSystem
import Testing

@Suite struct `A fleet whose catalog was lost` {
    @Test(arguments: ["1", "2"])
    func `is replaced within the budget by the next deploy`(version: String) async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.watchServing()
            let after = try stage.withoutMemory()
            #expect(try await after.deploy(version) == .stable(ReleaseNumber(rawValue: 1)))
            #expect(stage.versions == [version, version, version])
            #expect(stage.platform.seen.leastServing == 3)
            #expect(stage.platform.seen.most == 4)
            #expect(stage.platform.seen.stopBeforeDrain == 0)
        }
    }

    @Test func `also where it had more instances than wanted, as in the middle of a rollout`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1", Stage.policy(4))
            stage.platform.watchServing()
            let after = try stage.withoutMemory()
            #expect(try await after.deploy("2") == .stable(ReleaseNumber(rawValue: 1)))
            #expect(stage.versions == ["2", "2", "2"])
            #expect(stage.platform.seen.leastServing == 3)
            #expect(stage.platform.seen.most == 4)
        }
    }

    @Test func `keeps what serves when the next release fails`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.watchServing()
            let after = try stage.withoutMemory()
            let outcome = try await after.deploy("sick")
            guard case .frozen = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(stage.platform.seen.leastServing == 3)
            #expect(try await after.deploy("2") == .stable(ReleaseNumber(rawValue: 2)))
            #expect(stage.versions == ["2", "2", "2"])
            #expect(stage.platform.seen.leastServing == 3)
        }
    }

    @Test func `or of a stopped fleet whose creation came late loses what serves nobody`() async throws {
        try await Stage.with { stage in
            stage.platform.change { $0.late = ["1"] }
            guard case .stopped = try await stage.deploy("1", Stage.policy(1)) else {
                Issue.record("not stopped")
                return
            }
            stage.platform.change { $0.late = [] }
            try await stage.time.sleep(until: stage.time.now.advanced(by: .seconds(60)))
            _ = try await stage.platform.observe(Stage.fleet)
            #expect(!stage.platform.seen.instances.isEmpty)
            _ = try await stage.driver().resume(Stage.fleet)
            #expect(stage.platform.seen.instances.isEmpty)
        }
    }
}
