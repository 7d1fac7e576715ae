import KilnCatalog
import KilnDefinition
import KilnFleet
import KilnRollout
import KilnRolloutSimulation
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `A driver of an engine` {
    private struct Scene: Sendable {
        let time: VirtualTime
        let catalog: Catalog
        let target: SimulatedTarget
        let stop = StopSignal()

        func driver(_ store: (any FleetStore)? = nil, stop: StopSignal? = nil) -> FleetDriver {
            FleetDriver(
                store: store ?? TestStore(catalog, time),
                target: target,
                clock: time,
                stop: stop ?? self.stop,
                interrupt: { _ in }
            )
        }

        func deploy(_ version: String, _ store: (any FleetStore)? = nil) async throws -> DeployOutcome {
            try await driver(store).deploy(Stage.content(version), to: Stage.fleet, policy: Stage.policy())
        }

        var versions: [ReleaseKey?] { target.seen?.instances.map(\.release) ?? [] }
    }

    private static func with(
        _ kind: SimulatedTarget.Kind,
        _ behaviours: [EngineBehaviour],
        _ body: @escaping @Sendable (Scene) async throws -> Void
    ) async throws {
        try await Sandbox.with { sandbox in
            let time = VirtualTime()
            let catalog = try Catalog(path: sandbox.path.appending("kiln.db"))
            let scene = Scene(time: time, catalog: catalog, target: SimulatedTarget(time, kind, behaviours))
            try await time.run { try await body(scene) }
        }
    }

    private static let one = ReleaseNumber(rawValue: 1)
    private static let two = ReleaseNumber(rawValue: 2)

    @Test(arguments: SimulatedTarget.Kind.allCases)
    func `deploys a release, and another, each stable after its bake time`(
        kind: SimulatedTarget.Kind
    ) async throws {
        try await Self.with(kind, [.good, .good]) { scene async throws in
            #expect(try await scene.deploy("1") == .stable(Self.one))
            #expect(try await scene.deploy("1") == .unchanged(Self.one, policyChanged: false))
            #expect(try await scene.deploy("2") == .stable(Self.two))
            #expect(scene.versions == Array(repeating: ReleaseKey(2), count: 3))
            #expect(scene.target.calls.filter { $0.hasPrefix("submit") } == ["submit 1", "submit 2"])
            #expect(try await scene.driver().scale(Stage.fleet, to: 5) == .stable(Self.two))
            #expect(scene.versions.count == 5)
        }
    }

    @Test(arguments: SimulatedTarget.Kind.allCases, [EngineBehaviour.neverReady, .crashes, .failsLater])
    func `goes back to the stable release when another one fails, which is quarantined`(
        kind: SimulatedTarget.Kind,
        behaviour: EngineBehaviour
    ) async throws {
        try await Self.with(kind, [.good, behaviour]) { scene async throws in
            #expect(try await scene.deploy("1") == .stable(Self.one))
            guard case .rolledBack(Self.one, Self.two, let failure) = try await scene.deploy("2") else {
                Issue.record("it did not go back")
                return
            }
            #expect(!failure.reason.isEmpty)
            #expect(scene.versions == Array(repeating: ReleaseKey(1), count: 3))
            await #expect(throws: FleetError.self) { try await scene.deploy("2") }
            let entries = try await TestStore(scene.catalog, scene.time).releaseEntries(of: Stage.fleet)
            #expect(entries.map { $0.quarantine != nil } == [false, true])
        }
    }

    @Test(arguments: SimulatedTarget.Kind.allCases)
    func `goes on from what it sees after it died at any write`(kind: SimulatedTarget.Kind) async throws {
        for write in stride(from: 1, through: 40, by: 3) {
            for before in [true, false] {
                try await Self.with(kind, [.good, .neverReady]) { scene async throws in
                    #expect(try await scene.deploy("1") == .stable(Self.one))
                    let store = TestStore(scene.catalog, scene.time, dyingAt: (write, before))
                    let first = try? await scene.deploy("2", store)
                    if first == nil {
                        try await scene.time.sleep(until: scene.time.now.advanced(by: .seconds(31)))
                        _ = try? await scene.deploy("2")
                        _ = try await scene.driver().resume(Stage.fleet)
                    }
                    #expect(scene.versions == Array(repeating: ReleaseKey(1), count: 3), "\(write) \(before)")
                    let starts = scene.target.calls.filter { $0 == "submit 2" }
                    #expect(starts.count <= 2)
                }
            }
        }
    }

    @Test(arguments: SimulatedTarget.Kind.allCases)
    func `bears looks and calls that fail, and answers that are lost`(kind: SimulatedTarget.Kind) async throws
    {
        try await Self.with(kind, [.good, .good]) { scene async throws in
            #expect(try await scene.deploy("1") == .stable(Self.one))
            scene.target.change {
                $0.failingLooks = 5
                $0.failingCalls = 3
                $0.lostAnswers = 1
            }
            #expect(try await scene.deploy("2") == .stable(Self.two))
            #expect(scene.versions == Array(repeating: ReleaseKey(2), count: 3))
            let messages = try await TestStore(scene.catalog, scene.time)
                .events(of: Stage.fleet, after: 0, limit: 100).map(\.message)
            #expect(messages.contains { $0.hasPrefix("the platform refused to take release 2") })
        }
    }

    @Test(arguments: SimulatedTarget.Kind.allCases)
    func `is paused, goes on, and is aborted by a person`(kind: SimulatedTarget.Kind) async throws {
        try await Self.with(kind, [.good, .slow]) { scene async throws in
            #expect(try await scene.deploy("1") == .stable(Self.one))
            let (time, stop) = (scene.time, StopSignal())
            async let outcome = scene.driver(stop: stop)
                .deploy(Stage.content("2"), to: Stage.fleet, policy: Stage.policy())
            try await time.sleep(until: time.now.advanced(by: .seconds(8)))
            stop.request()
            #expect(try await outcome == .paused(Self.two))
            let expected: EngineState.Activity = kind == .deployment ? .paused : .canceling
            #expect(scene.target.seen?.activity == expected)
            #expect(
                try await scene.driver().abort(Stage.fleet)
                    == .rolledBack(
                        to: Self.one,
                        failed: Self.two,
                        .init(reason: "aborted by a person", evidence: nil, isBlamed: false)
                    )
            )
            #expect(scene.versions == Array(repeating: ReleaseKey(1), count: 3))
            #expect(try await scene.deploy("2") == .stable(Self.two))
        }
    }

    @Test(arguments: SimulatedTarget.Kind.allCases)
    func `that is dead leaves an engine that goes on, until a person pauses it`(
        kind: SimulatedTarget.Kind
    ) async throws {
        try await Self.with(kind, [.good, .slow]) { scene async throws in
            #expect(try await scene.deploy("1") == .stable(Self.one))
            await #expect(throws: TestStore.Died.self) {
                try await scene.deploy("2", TestStore(scene.catalog, scene.time, dyingAt: (10, false)))
            }
            try await scene.time.sleep(until: scene.time.now.advanced(by: .seconds(31)))
            #expect(scene.target.seen?.activity == .moving)
            _ = try await scene.driver().pause(Stage.fleet)
            let expected: EngineState.Activity = kind == .deployment ? .paused : .canceling
            #expect(scene.target.seen?.activity == expected)
        }
    }

    @Test(arguments: SimulatedTarget.Kind.allCases)
    func `is left without a pause where it was only asked to leave off`(
        kind: SimulatedTarget.Kind
    ) async throws {
        try await Self.with(kind, [.good, .slow]) { scene async throws in
            #expect(try await scene.deploy("1") == .stable(Self.one))
            let (time, stop) = (scene.time, StopSignal())
            async let outcome = scene.driver(stop: stop)
                .deploy(Stage.content("2"), to: Stage.fleet, policy: Stage.policy())
            try await time.sleep(until: time.now.advanced(by: .seconds(8)))
            stop.request(.leaving)
            #expect(try await outcome == .left(Self.two))
            let record = try await TestStore(scene.catalog, time).fleet(Stage.fleet)
            #expect(record?.rollout.isPaused == false)
            #expect(try await scene.driver().tend(Stage.fleet) == .stable(Self.two))
        }
    }

    @Test(arguments: SimulatedTarget.Kind.allCases)
    func `has an engine stand still before it says so`(kind: SimulatedTarget.Kind) async throws {
        try await Self.with(kind, [.good, .slow]) { scene async throws in
            #expect(try await scene.deploy("1") == .stable(Self.one))
            let (time, stop) = (scene.time, StopSignal())
            async let outcome = scene.driver(stop: stop)
                .deploy(Stage.content("2"), to: Stage.fleet, policy: Stage.policy())
            try await time.sleep(until: time.now.advanced(by: .seconds(8)))
            stop.request(.leaving)
            _ = try await outcome
            scene.target.change { $0.failingLooks = 3 }
            _ = try await scene.driver().pause(Stage.fleet)
            let expected: EngineState.Activity = kind == .deployment ? .paused : .canceling
            #expect(scene.target.seen?.activity == expected)
            scene.target.change { $0.failingLooks = 100 }
            await #expect(throws: SimulatedTarget.Refused.self) {
                try await scene.driver().freeze(Stage.fleet, why: "people at work")
            }
        }
    }

    @Test(arguments: SimulatedTarget.Kind.allCases)
    func `holds what failed before it leaves it to people`(kind: SimulatedTarget.Kind) async throws {
        try await Self.with(kind, [.good, .neverReady]) { scene async throws in
            #expect(try await scene.deploy("1") == .stable(Self.one))
            let outcome = try await scene.driver()
                .deploy(Stage.content("2"), to: Stage.fleet, policy: Stage.policy(onFailure: .freeze))
            guard case .frozen = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(scene.target.seen?.activity != .moving)
        }
    }

    @Test(arguments: SimulatedTarget.Kind.allCases)
    func `replaces instances one by one, and takes everything down`(kind: SimulatedTarget.Kind) async throws {
        try await Self.with(kind, [.good]) { scene async throws in
            #expect(try await scene.deploy("1") == .stable(Self.one))
            let before = Set(scene.target.seen?.instances.map(\.id) ?? [])
            #expect(try await scene.driver().recycle(Stage.fleet) == .stable(Self.one))
            let after = Set(scene.target.seen?.instances.map(\.id) ?? [])
            #expect(after.count == 3 && after.isDisjoint(with: before))
            let end = try await scene.driver().destroy(Stage.fleet, volumes: false)
            #expect(end == .stopped(.init(reason: "destroyed", evidence: nil, isBlamed: false)))
            #expect(scene.target.seen == nil)
        }
    }
}
