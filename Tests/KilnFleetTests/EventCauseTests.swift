import KilnCatalog
import KilnDefinition
import KilnFleet
import KilnRollout
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `What led to an event` {
    private static func events(_ stage: Stage) async throws -> [FleetEvent] {
        try await TestStore(stage.catalog, stage.time).events(of: Stage.fleet, after: 0, limit: 1000)
    }

    /// From the event back to what began it, by kind.
    private static func chain(of event: FleetEvent, _ events: [FleetEvent]) -> [FleetEvent.Kind] {
        CauseChain.of(event, in: events).map(\.kind)
    }

    @Test func `is the rollout, where instances are made and leave for it`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            try await stage.deploy("2")
            let events = try await Self.events(stage)
            #expect(events.allSatisfy { event in event.cause.map { $0 < event.sequence } ?? true })
            let start = try #require(events.last { $0.kind == .rolloutStarted })
            let made = events.filter { $0.kind == .instanceCreated && $0.release?.rawValue == 2 }
            #expect(made.count == 3 && made.allSatisfy { $0.cause == start.sequence })
            let served = try #require(events.last { $0.kind == .instanceServing })
            #expect(
                Self.chain(of: served, events) == [
                    .instanceServing, .instanceCreated, .rolloutStarted, .releaseMade,
                ]
            )
            let removed = try #require(events.last { $0.kind == .instanceRemoved })
            #expect(
                Self.chain(of: removed, events) == [
                    .instanceRemoved, .instanceLeaving, .rolloutStarted, .releaseMade,
                ]
            )
            let finished = try #require(events.last { $0.kind == .rolloutFinished })
            #expect(
                Self.chain(of: finished, events) == [
                    .rolloutFinished, .releaseStable, .rolloutBaking, .rolloutStarted, .releaseMade,
                ]
            )
        }
    }

    @Test func `is what became of the instance, where another one is made in its place`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let dead = try #require(stage.platform.seen.instances.keys.min())
            stage.platform.change {
                $0.exitingSuccessors["1"] = 1
                $0.instances[dead] = nil
            }
            _ = try await stage.driver().resume(Stage.fleet)
            let events = try await Self.events(stage)
            let start = try #require(events.last { $0.kind == .rolloutFinished && $0.release == nil })
            #expect(start.sequence > 0)
            // The first replacement ended at once, and has one of its own.
            let failed = try #require(events.last { $0.kind == .instanceFailed })
            let made = try #require(events.last { $0.kind == .instanceCreated })
            #expect(made.cause == failed.sequence)
        }
    }

    @Test func `is the instance that failed, where a release is quarantined and gone back from`() async throws
    {
        try await Stage.with { stage in
            try await stage.deploy("1")
            try await stage.deploy("exits")
            let events = try await Self.events(stage)
            let finished = try #require(events.last { $0.kind == .rolloutFinished })
            let kinds = Self.chain(of: finished, events)
            #expect(kinds == [.rolloutFinished, .rolloutRollingBack, .releaseQuarantined, .instanceFailed])
        }
    }

    @Test func `is known to whoever goes on after a crash`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let store = TestStore(stage.catalog, stage.time, dyingAt: (9, false))
            await #expect(throws: TestStore.Died.self) {
                try await stage.driver(store).deploy(
                    Stage.content("2"),
                    to: Stage.fleet,
                    policy: Stage.policy()
                )
            }
            try await stage.time.sleep(until: stage.time.now.advanced(by: .seconds(31)))
            _ = try await stage.driver().resume(Stage.fleet)
            let events = try await Self.events(stage)
            let start = try #require(events.last { $0.kind == .rolloutStarted })
            let made = events.filter { $0.kind == .instanceCreated && $0.release?.rawValue == 2 }
            #expect(made.count >= 3 && made.allSatisfy { $0.cause == start.sequence })
        }
    }

    @Test func `is kept with who asked, and why, in the events and with the rollout`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            var options = FleetDriver.Options()
            options.author = "anna"
            options.message = "fix the login"
            _ = try await stage.driver()
                .deploy(Stage.content("2"), to: Stage.fleet, policy: Stage.policy(), options: options)
            let events = try await Self.events(stage)
            let asked = events.filter { $0.author != nil }
            #expect(asked.map(\.kind) == [.releaseMade, .rolloutStarted])
            #expect(asked.allSatisfy { $0.author == "anna" && $0.why == "fix the login" })
            let rollout = try await TestStore(stage.catalog, stage.time).rollouts(of: Stage.fleet, limit: 1)
                .first
            #expect(rollout?.author == "anna" && rollout?.message == "fix the login")
            let release = try await stage.reader.releases(of: Stage.fleet).first
            #expect(release?.author == "anna" && release?.message == "fix the login")
        }
    }

    @Test func `is found by sequence or by its place in the same commit`() async throws {
        try await Sandbox.with { sandbox in
            let catalog = try Catalog(path: sandbox.path.appending("kiln.db"))
            let lease = try await `The catalog file`.lease(catalog)
            func event(_ kind: FleetEvent.Kind) -> FleetEvent {
                FleetEvent(time: 1, fleet: "shop", kind: kind, message: "x")
            }
            let first = try await catalog.commit(
                [
                    .addEvent(event(.rolloutStarted)),
                    .addEvent(event(.instanceCreated), cause: .committed(0)),
                ],
                under: lease
            )
            let second = try await catalog.commit(
                [.addEvent(event(.instanceServing), cause: .written(first[1]))],
                under: lease
            )
            let read = try await catalog.events(of: "shop", after: 0, limit: 9)
            #expect(read.map(\.sequence) == first + second)
            #expect(read.map(\.cause) == [nil, first[0], first[1]])
        }
    }
}
