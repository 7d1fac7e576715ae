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

@Suite struct `The pace of a controller` {
    @Test func `slows down where driving fails, tells the trouble once, and that it is over`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            try await stage.kept { kept in
                try await kept.pass(.seconds(5))
                stage.platform.change { $0.failingConverges = 0..<1_000_000 }
                kept.kill()
                let before = stage.platform.seen.converges
                try await kept.pass(.seconds(300))
                // After 1, 2, 4, … 60 seconds.
                let tries = stage.platform.seen.converges - before
                #expect((7...12).contains(tries), "\(tries)")
                #expect(kept.facts.diagnostics.count == 1, "\(kept.facts.diagnostics.map(\.message))")
                stage.platform.change { $0.failingConverges = 0..<0 }
                try await kept.pass(.seconds(120))
                #expect(kept.running.count == 3)
                #expect(kept.facts.lines.contains("the fleet is as it should be again"))
            }
        }
    }

    @Test func `fills a place again and again lost later and later`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1", Stage.policy(1))
            try await stage.kept { kept in
                try await kept.pass(.seconds(5))
                for _ in 0..<3 {
                    kept.kill()
                    try await kept.pass(.seconds(6))
                    #expect(kept.running.count == 1)
                }
                kept.kill()
                try await kept.pass(.seconds(8))
                #expect(kept.running.isEmpty)
                try await kept.pass(.seconds(8))
                #expect(kept.running.count == 1)
                kept.kill()
                try await kept.pass(.seconds(16))
                #expect(kept.running.isEmpty)
                try await kept.pass(.seconds(12))
                #expect(kept.running.count == 1)
            }
        }
    }

    @Test func `fills the place of what served for long enough at once, however often it is lost`()
        async throws
    {
        try await Stage.with { stage in
            try await stage.deploy("1", Stage.policy(1))
            try await stage.kept { kept in
                try await kept.pass(.seconds(15))
                for _ in 0..<8 {
                    kept.kill()
                    try await kept.pass(.seconds(6))
                    #expect(kept.running.count == 1)
                    try await kept.pass(.seconds(9))
                }
            }
        }
    }

    @Test func `looks at once when it is told that an instance ended`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            try await stage.kept { kept in
                try await kept.pass(.milliseconds(20_500))
                let made = stage.platform.seen.created.count
                kept.kill()
                stage.platform.tellEnd()
                try await kept.pass(.milliseconds(20))
                #expect(stage.platform.seen.created.count == made + 1)
            }
        }
    }

    @Test func `gives way to whoever changes the fleet`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            try await stage.kept { kept in
                try await kept.pass(.seconds(5))
                stage.platform.change { $0.refused = ["1"] }
                kept.kill()
                try await kept.pass(.seconds(10))
                #expect(try await kept.store.lease(of: Stage.fleet)?.isTending == true)
                // It would go on trying for ten minutes.
                let start = stage.time.now
                let outcome = try await stage.driver(holder: .other)
                    .deploy(Stage.content("2"), to: Stage.fleet, policy: Stage.policy())
                #expect(outcome == .stable(ReleaseNumber(rawValue: 2)))
                #expect(start.duration(to: stage.time.now) < .seconds(200))
                try await kept.pass(.seconds(30))
                #expect(stage.versions == ["2", "2", "2"])
                #expect(try await kept.store.lease(of: Stage.fleet) == nil)
            }
        }
    }

    @Test func `ends a drive of its own when a person interrupts it, without a pause`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            try await stage.kept { kept in
                let driven = try await withThrowingTaskGroup(of: DeployOutcome?.self) { group in
                    group.addTask {
                        try await kept.controller.drive(Stage.fleet) { driver in
                            try await driver.deploy(
                                Stage.content("2"),
                                to: Stage.fleet,
                                policy: Stage.policy()
                            )
                        }
                    }
                    group.addTask {
                        try await kept.pass(.seconds(8))
                        await kept.controller.interrupt(Stage.fleet)
                        return nil
                    }
                    return try await group.reduce(nil) { $0 ?? $1 }
                }
                #expect(driven == .left(ReleaseNumber(rawValue: 2)))
                // Nobody had more to say: the controller goes on with it.
                try await kept.pass(.seconds(300))
                #expect(stage.versions == ["2", "2", "2"])
            }
        }
    }

    @Test func `recycles what is too old one after another`() async throws {
        try await Stage.with { stage in
            var policy = Stage.policy()
            policy.maxAge = .seconds(3000)
            try await stage.deploy("1", policy)
            let first = Set(stage.platform.seen.instances.keys)
            try await stage.kept { kept in
                try await kept.pass(.seconds(2800))
                #expect(kept.running == first)
                stage.platform.watchServing()
                var gone: [BootInstant] = []
                for left in [2, 1, 0] {
                    while kept.running.intersection(first).count > left { try await kept.pass(.seconds(1)) }
                    #expect(kept.running.intersection(first).count == left)
                    gone.append(stage.time.now)
                }
                // A tenth of the age, over the three.
                let pauses = zip(gone, gone.dropFirst()).map { $0.duration(to: $1) }
                #expect(pauses.allSatisfy { $0 > .seconds(90) && $0 < .seconds(130) }, "\(pauses)")
                #expect(kept.running.count == 3)
                #expect(stage.platform.seen.most == 4)
                #expect(stage.platform.seen.leastServing == 3)
                #expect(try await stage.messages().contains { $0.hasSuffix("replaced: older than 50m") })
                #expect(stage.platform.seen.retirements.isEmpty, "nothing was altered")
            }
        }
    }
}
