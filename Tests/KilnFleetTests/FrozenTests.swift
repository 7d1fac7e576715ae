import KilnDefinition
import KilnFleet
import KilnSystem
import Testing

@Suite struct `A frozen fleet` {
    @Test func `whose release is quarantined stays as it is when resumed, and leaves it by another release`()
        async throws
    {
        try await Stage.with { stage in
            try await stage.deploy("1", Stage.policy(onFailure: .freeze))
            let frozen = try await stage.deploy("sick", Stage.policy(onFailure: .freeze))
            let created = stage.platform.seen.created
            #expect(try await stage.driver().resume(Stage.fleet) == frozen)
            #expect(stage.platform.seen.created == created)
            #expect(stage.versions == ["1", "1", "1", "sick"])
            #expect(try await stage.driver().rollback(Stage.fleet) == .stable(ReleaseNumber(rawValue: 1)))
            #expect(stage.versions == ["1", "1", "1"])
        }
    }

    @Test func `whose release is not to blame goes on when resumed`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1", Stage.policy(onFailure: .freeze))
            stage.platform.change { $0.capacity = 3 }
            let outcome = try await stage.deploy("2", Stage.policy(onFailure: .freeze))
            guard case .frozen = outcome else {
                Issue.record("\(outcome)")
                return
            }
            stage.platform.change { $0.capacity = 4 }
            #expect(try await stage.driver().resume(Stage.fleet) == .stable(ReleaseNumber(rawValue: 2)))
            #expect(stage.versions == ["2", "2", "2"])
        }
    }

    @Test func `that could not go back goes back when resumed`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1", Stage.policy(1, unavailable: 1))
            stage.platform.change { $0.refused = ["1"] }
            let outcome = try await stage.deploy("fades", Stage.policy(1, unavailable: 1))
            guard case .frozen(let failure) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(failure.reason.contains("going back did not succeed"))
            #expect(failure.logLines.last == "fades says goodbye")
            stage.platform.change { $0.refused = [] }
            #expect(try await stage.driver().resume(Stage.fleet) == .stable(ReleaseNumber(rawValue: 1)))
            #expect(stage.versions == ["1"])
        }
    }

    @Test func `that could not be stopped is stopped when resumed`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.change { $0.isDestroyRefused = true }
            let outcome = try await stage.driver().destroy(Stage.fleet, volumes: false)
            guard case .frozen = outcome else {
                Issue.record("\(outcome)")
                return
            }
            stage.platform.change { $0.isDestroyRefused = false }
            _ = try await stage.driver().resume(Stage.fleet)
            #expect(stage.platform.seen.instances.isEmpty)
        }
    }
}

@Suite struct `The evidence of a rollout that went back` {
    @Test func `is of the instance that it failed by, whatever fails on the way`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1", Stage.policy(unavailable: 1))
            // The first of the old release that comes back exits.
            stage.platform.change { $0.exitingSuccessors = ["1": 1] }
            let outcome = try await stage.deploy("fades", Stage.policy(unavailable: 1))
            guard case .rolledBack(_, _, let failure) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(stage.platform.seen.exitingSuccessors == ["1": 0])
            #expect(failure.evidence?.release == ReleaseNumber(rawValue: 2))
            #expect(failure.logLines.last == "fades says goodbye")
        }
    }
}
