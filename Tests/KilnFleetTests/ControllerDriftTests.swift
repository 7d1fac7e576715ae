import KilnCatalog
import KilnControl
import KilnDefinition
import KilnDiagnostics
import KilnDrift
import KilnFleet
import KilnRollout
import KilnSystem
import KilnTestSupport
import Testing

@Suite struct `A controller that finds drift` {
    @Test func `replaces one drifted instance within the budget`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let drift = PretendDrift()
            try await stage.kept(inspect: drift) { kept in
                try await kept.pass(.seconds(30))
                #expect(kept.store.leases == 0)
                let drifted = try #require(kept.running.min())
                stage.platform.watchServing()
                drift.find([drifted])
                try await kept.pass(.seconds(12))
                drift.find([])
                try await kept.pass(.seconds(40))
                #expect(!kept.running.contains(drifted))
                #expect(kept.running.count == 3)
                #expect(stage.platform.seen.leastServing == 3)
                #expect(stage.platform.seen.retirements.count == 1)
                let messages = try await stage.messages()
                #expect(messages.contains { $0.hasSuffix("is to be replaced: over-mount: /etc") })
            }
        }
    }

    @Test func `replaces none of a majority, and tells that once`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let created = stage.platform.seen.created
            let drift = PretendDrift()
            try await stage.kept(inspect: drift) { kept in
                drift.find(kept.running.sorted().prefix(2))
                try await kept.pass(.seconds(300))
                #expect(stage.platform.seen.created == created)
                let events = try await kept.store.events(of: Stage.fleet, after: 0, limit: 1000)
                #expect(
                    events.filter { $0.kind == .fleetAlert }.map(\.message) == [
                        "2 of 3 instances drifted at once (over-mount); none is replaced"
                    ]
                )
                #expect(kept.facts.diagnostics.map(\.code) == ["fleet.alert"])
                drift.find(kept.running)
                try await kept.pass(.seconds(60))
                #expect(stage.platform.seen.created == created)
                #expect(kept.facts.diagnostics.count == 2)
            }
        }
    }

    @Test func `waits before it replaces in one place for the third time in ten minutes`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1", Stage.policy(1))
            let drift = PretendDrift()
            try await stage.kept(inspect: drift) { kept in
                var replaced: [BootInstant] = []
                for _ in 0..<5 {
                    let drifted = kept.running
                    drift.find(drifted)
                    while kept.running.contains(where: drifted.contains) { try await kept.pass(.seconds(1)) }
                    replaced.append(stage.time.now)
                }
                let pauses = zip(replaced, replaced.dropFirst()).map { $0.duration(to: $1) }
                #expect(pauses[0] < .seconds(40))
                #expect(pauses[3] > .seconds(40), "\(pauses)")
            }
        }
    }

    @Test func `repairs what belongs to no instance, more and more rarely`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let drift = PretendDrift()
            try await stage.kept(inspect: drift) { kept in
                drift.findStray()
                try await kept.pass(.seconds(600))
                #expect((3...6).contains(kept.store.leases), "\(kept.store.leases)")
            }
        }
    }
}
