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

@Suite struct `A controller` {
    private func release(_ number: Int) -> ReleaseNumber { ReleaseNumber(rawValue: number) }

    @Test func `takes no lease and changes nothing for an hour when nothing is due`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let before = stage.platform.seen
            try await stage.kept { kept in
                try await kept.pass(.seconds(3600))
                #expect(kept.store.leases == 0)
                #expect(kept.stage.platform.seen.looks - before.looks > 3500)
                #expect(kept.stage.platform.seen.converges == before.converges)
            }
        }
    }

    @Test func `replaces what dies within seconds, and keeps its last words`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            try await stage.kept { kept in
                try await kept.pass(.seconds(60))
                let killed = try #require(kept.kill())
                // A second until it is seen, 0.4 s to make one, 1 s until that answers, and two answers.
                try await kept.pass(.seconds(5))
                #expect(kept.running.count == 3)
                #expect(!kept.running.contains(killed))
                let serving = stage.platform.seen.instances.values.count { $0.traffic == .ready }
                #expect(serving == 3)
                #expect(try await kept.rollout?.evidence?.reason == "exited with status 137")
                #expect(try await stage.messages().contains { $0.contains("failed: exited with status 137") })
                try await kept.pass(.seconds(60))
                #expect(try await kept.store.lease(of: Stage.fleet) == nil)
            }
        }
    }

    @Test func `shows a new certificate once, and tells of it`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            try await stage.kept { kept in
                try await kept.pass(.seconds(10))
                stage.platform.change { $0.hasNewCertificate = true }
                try await kept.pass(.seconds(5))
                #expect(!stage.platform.seen.hasNewCertificate)
                let news = try await stage.messages().filter { $0.contains("is renewed") }
                #expect(news.count == 1, "\(news)")
                let converges = stage.platform.seen.converges
                try await kept.pass(.seconds(60))
                #expect(stage.platform.seen.converges == converges, "nothing is due any more")
            }
        }
    }

    @Test func `has its drives hear of ends too`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            try await stage.kept { kept in
                try await kept.pass(.seconds(10))
                let listening = stage.platform.listening
                _ = try await kept.controller.drive(Stage.fleet) { driver in
                    try await driver.deploy(Stage.content("2"), to: Stage.fleet, policy: Stage.policy())
                }
                #expect(stage.platform.listening == listening + 1)
            }
        }
    }

    @Test func `replaces an instance without a supervisor after another one has come for it`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            try await stage.kept { kept in
                try await kept.pass(.seconds(10))
                let orphan = try #require(kept.running.min())
                stage.platform.watchServing()
                stage.platform.change { $0.orphaned = [orphan] }
                try await kept.pass(.seconds(60))
                #expect(!kept.running.contains(orphan))
                #expect(kept.running.count == 3)
                #expect(stage.platform.seen.leastServing == 3)
                let messages = try await stage.messages()
                #expect(messages.contains { $0.hasSuffix("is to be replaced: its supervisor is gone") })
            }
        }
    }

    @Test func `leaves a frozen fleet alone`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            _ = try await stage.driver().freeze(Stage.fleet, why: "an incident")
            let created = stage.platform.seen.created
            try await stage.kept { kept in
                try await kept.pass(.seconds(5))
                kept.kill()
                stage.platform.change { $0.isBalancerDead = true }
                try await kept.pass(.seconds(600))
                #expect(kept.store.leases == 0)
                #expect(stage.platform.seen.created == created)
            }
        }
    }

    @Test func `leaves a paused rollout alone, but for a balancer that died`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            try await stage.interrupted("2")
            let created = stage.platform.seen.created
            try await stage.kept { kept in
                try await kept.pass(.seconds(600))
                #expect(kept.store.leases == 0)
                kept.kill()
                try await kept.pass(.seconds(600))
                #expect(kept.store.leases == 0)
                stage.platform.change { $0.isBalancerDead = true }
                try await kept.pass(.seconds(3))
                #expect(!stage.platform.seen.isBalancerDead)
                #expect(kept.store.leases == 1)
                #expect(try await kept.rollout?.rollout.isPaused == true)
                #expect(stage.platform.seen.created == created)
            }
        }
    }

    @Test func `keeps what waits for a person waiting, and restores what dies meanwhile`() async throws {
        try await Stage.with { stage in
            var policy = Stage.policy()
            policy.rollout.strategy = .canary
            policy.rollout.steps = [.init(weight: 40, pause: .manual)]
            try await stage.deploy("1", policy)
            try await stage.deploy("2", policy)
            try await stage.kept { kept in
                try await kept.pass(.seconds(120))
                // Once, since what was there before it came is not known.
                #expect(kept.store.leases == 1)
                let versions = stage.versions
                kept.kill()
                try await kept.pass(.seconds(120))
                #expect(stage.versions == versions)
                #expect(kept.store.leases == 2)
                #expect(try await stage.reader.status(of: Stage.fleet).awaitsPromotion)
                #expect(try await stage.driver().promote(Stage.fleet) == .stable(release(2)))
            }
        }
    }

    @Test func `goes on with a rollout that nobody drives, and leaves it so when it is stopped`() async throws
    {
        try await Stage.with { stage in
            try await stage.deploy("1")
            await stage.dying(atWrite: 6, "2")
            try await stage.kept { kept in
                try await kept.pass(.seconds(4))
            }
            let left = try #require(try await stage.catalog.fleet(Stage.fleet))
            #expect(left.rollout.isUnfinished && !left.rollout.isPaused)
            #expect(try await stage.catalog.lease(of: Stage.fleet) == nil)
            try await stage.kept { kept in
                try await kept.pass(.seconds(300))
                #expect(stage.versions == ["2", "2", "2"])
                #expect(try await kept.rollout?.rollout.phase == .steady)
            }
        }
    }

    @Test func `lets go of a fleet that somebody else destroys`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            try await stage.kept { kept in
                try await kept.pass(.seconds(5))
                let outcome = try await stage.driver(holder: .other).destroy(Stage.fleet, volumes: false)
                #expect(outcome.isStopped)
                try await kept.pass(.seconds(60))
                #expect(stage.platform.seen.instances.isEmpty)
                #expect(try await kept.store.fleets().isEmpty)
                #expect(kept.facts.diagnostics.isEmpty)
            }
        }
    }

    @Test func `brings fleets back after those that they need`() async throws {
        try await Stage.with { stage in
            var needy = Stage.policy(1)
            needy.needs = ["db"]
            needy.listen = Listeners(ListenAddress(address: "127.0.0.1", port: 8081))
            _ = try await stage.driver().deploy(Stage.content("1"), to: "db", policy: Stage.policy(1))
            _ = try await stage.driver().deploy(Stage.content("1"), to: "app", policy: needy)
            stage.platform.change { state in
                state.instances = [:]
                state.created = []
            }
            try await stage.kept { kept in
                try await kept.pass(.seconds(60))
                #expect(stage.platform.seen.created.map { $0.description.prefix(3) } == ["db-", "app"])
                #expect(kept.running.count == 2)
            }
        }
    }
}
