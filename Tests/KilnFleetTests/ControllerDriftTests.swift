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

    @Test func `puts in quarantine what drifted, once others serve in its place, and destroys it in time`()
        async throws
    {
        try await Stage.with { stage in
            var policy = Stage.policy()
            policy.drift = DriftDefinition(respond: .quarantine, keep: .seconds(120))
            try await stage.deploy("1", policy)
            let drift = PretendDrift()
            try await stage.kept(inspect: drift) { kept in
                try await kept.pass(.seconds(30))
                let drifted = try #require(kept.running.min())
                stage.platform.watchServing()
                drift.find([drifted])
                try await kept.pass(.seconds(12))
                drift.find([])
                try await kept.pass(.seconds(60))
                #expect(stage.platform.seen.isolated == [drifted: true])
                #expect(stage.platform.seen.leastServing == 3)
                #expect(kept.running.count == 4, "three and the one that is kept")
                let events = try await kept.store.events(of: Stage.fleet, after: 0, limit: 1000)
                #expect(events.contains { $0.kind == .instanceDrifted && $0.instance == drifted })
                #expect(events.contains { $0.message.contains("is in quarantine: cut off from the network") })
                try await kept.pass(.seconds(120))
                #expect(!kept.running.contains(drifted))
                #expect(kept.running.count == 3)
            }
        }
    }

    @Test func `cares for a fleet whose instance cannot be cut off, and destroys that one in time`()
        async throws
    {
        try await Stage.with { stage in
            var policy = Stage.policy()
            policy.drift = DriftDefinition(respond: .quarantine, keep: .seconds(120))
            try await stage.deploy("1", policy)
            let drift = PretendDrift()
            try await stage.kept(inspect: drift) { kept in
                try await kept.pass(.seconds(30))
                let drifted = try #require(kept.running.min())
                stage.platform.change { $0.refusesIsolation = true }
                drift.find([drifted])
                try await kept.pass(.seconds(12))
                drift.find([])
                try await kept.pass(.seconds(60))
                let events = try await kept.store.events(of: Stage.fleet, after: 0, limit: 1000)
                #expect(
                    events.filter { $0.message.contains("could not cut instance \(drifted) off") }.count >= 1
                )
                // Another one dies, and is replaced all the same.
                #expect(kept.kill(keeping: [drifted]) != nil)
                try await kept.pass(.seconds(30))
                #expect(kept.running.count == 4)
                try await kept.pass(.seconds(120))
                #expect(!kept.running.contains(drifted) && kept.running.count == 3)
            }
        }
    }

    @Test func `leaves alone what it is only to tell`() async throws {
        try await Stage.with { stage in
            var policy = Stage.policy()
            policy.drift = DriftDefinition(respond: .alert)
            try await stage.deploy("1", policy)
            let drift = PretendDrift()
            try await stage.kept(inspect: drift) { kept in
                try await kept.pass(.seconds(5))
                let created = stage.platform.seen.created
                let drifted = try #require(kept.running.min())
                drift.find([drifted])
                try await kept.pass(.seconds(60))
                #expect(stage.platform.seen.created == created)
                let alerts = try await kept.store.events(of: Stage.fleet, after: 0, limit: 1000)
                    .filter { $0.kind == .fleetAlert }
                #expect(alerts.map(\.message) == ["\(drifted) drifted (over-mount), and is left as it is"])
            }
        }
    }

    @Test(arguments: [DriftFinding.Weight.noise, .allowed, .learned])
    func `does nothing about what is let pass`(weight: DriftFinding.Weight) async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let drift = PretendDrift()
            try await stage.kept(inspect: drift) { kept in
                try await kept.pass(.seconds(5))
                let created = stage.platform.seen.created
                drift.find(kept.running, weight: weight)
                try await kept.pass(.seconds(60))
                #expect(stage.platform.seen.created == created)
                #expect(kept.facts.diagnostics.isEmpty)
            }
        }
    }

    @Test func `looks at once when an instance writes to its root, and not all the time`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let drift = PretendDrift()
            try await stage.kept(inspect: drift) { kept in
                // Of a fleet at rest, every ten seconds.
                try await kept.pass(.seconds(30))
                let before = drift.looks
                stage.platform.tellWrite()
                try await kept.pass(.milliseconds(500))
                #expect(drift.looks == before + 1)
                for _ in 0..<40 {
                    stage.platform.tellWrite()
                    try await kept.pass(.milliseconds(50))
                }
                let more = drift.looks - before
                #expect((4...8).contains(more), "\(more) looks in two seconds")
            }
        }
    }
}
