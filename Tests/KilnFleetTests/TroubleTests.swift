import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnSystem
import Testing

@Suite struct `A platform in trouble` {
    @Test(arguments: [1..<4, 2..<9])
    func `that cannot be looked at for a while costs no instance`(failing: Range<Int>) async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let before = Set(stage.platform.seen.instances.keys)
            let began = stage.time.now
            stage.platform.change {
                $0.looks = 0
                $0.failingLooks = failing
            }
            stage.platform.watchServing()
            let outcome = try await stage.driver().resume(Stage.fleet)
            #expect(outcome == .unchanged(ReleaseNumber(rawValue: 1), policyChanged: false))
            #expect(Set(stage.platform.seen.instances.keys) == before)
            #expect(stage.platform.seen.leastServing == 3)
            if failing.lowerBound == 1 {
                #expect(began.duration(to: stage.time.now) >= .seconds(failing.count))
                let told = try await stage.messages().filter { $0.hasPrefix("could not look") }
                #expect(told == ["could not look at the instances, trying again: Refused()"])
            }
        }
    }

    @Test func `that cannot be looked at while a rollout is under way delays it, and nothing else`()
        async throws
    {
        for first in [3, 8, 15, 22] {
            try await Stage.with { stage in
                try await stage.deploy("1")
                stage.platform.change {
                    $0.looks = 0
                    $0.failingLooks = first..<(first + 8)
                }
                stage.platform.watchServing()
                #expect(try await stage.deploy("2") == .stable(ReleaseNumber(rawValue: 2)))
                #expect(stage.platform.seen.leastServing == 3)
                #expect(stage.platform.seen.created.count == 6)
            }
        }
    }

    @Test func `that cannot be looked at at all ends the command and leaves the fleet as it is`() async throws
    {
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.change {
                $0.looks = 0
                $0.failingLooks = 1..<100
            }
            await #expect(throws: PretendPlatform.Refused.self) {
                try await stage.driver().resume(Stage.fleet)
            }
            #expect(stage.versions == ["1", "1", "1"])
            #expect(stage.platform.seen.looks == 10)
            #expect(try await TestStore(stage.catalog, stage.time).lease(of: Stage.fleet) == nil)
        }
    }

    @Test func `that does not show the processes of what serves has them replaced one by one, drained`()
        async throws
    {
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.change { $0.obscured = Set($0.instances.keys) }
            stage.platform.watchServing()
            #expect(try await stage.driver().resume(Stage.fleet) == .stable(ReleaseNumber(rawValue: 1)))
            #expect(stage.versions == ["1", "1", "1"])
            #expect(stage.platform.seen.leastServing == 3)
            #expect(stage.platform.seen.most == 4)
            #expect(stage.platform.seen.stopBeforeDrain == 0)
            #expect(stage.platform.seen.created.count == 6)
        }
    }
}
