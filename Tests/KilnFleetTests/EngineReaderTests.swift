import KilnCatalog
import KilnDefinition
import KilnFleet
import KilnRollout
import KilnRolloutSimulation
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `What is told of a fleet on an engine` {
    private struct Scene: Sendable {
        let time: VirtualTime
        let catalog: Catalog
        let target: SimulatedTarget

        var store: TestStore { TestStore(catalog, time) }
        var reader: FleetReader { FleetReader(store: store, target: target, clock: time) }

        func driver(
            stop: StopSignal = StopSignal(),
            interrupting other: StopSignal? = nil
        ) -> FleetDriver {
            FleetDriver(
                store: store,
                target: target,
                clock: time,
                stop: stop,
                interrupt: { _ in other?.request() }
            )
        }

        func deploy(_ version: String, stop: StopSignal = StopSignal()) async throws -> DeployOutcome {
            try await driver(stop: stop)
                .deploy(Stage.content(version), to: Stage.fleet, policy: Stage.policy())
        }

        func pass(_ seconds: Int) async throws {
            try await time.sleep(until: time.now.advanced(by: .seconds(seconds)))
        }
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

    @Test(arguments: SimulatedTarget.Kind.allCases)
    func `is what the engine has, what it says, and what Kiln waits for`(
        kind: SimulatedTarget.Kind
    ) async throws {
        try await Self.with(kind, [.good, .neverReady]) { scene async throws in
            _ = try await scene.deploy("1")
            let steady = try await scene.reader.status(of: Stage.fleet)
            #expect(steady.phase == .steady && steady.serving == 3 && steady.instances.count == 3)
            #expect(steady.engine?.activity == "done" && steady.engine?.isTold == true)
            #expect(steady.engine?.desired == 3 && steady.engine?.updated == 3)
            #expect(steady.engine?.available == 3 && steady.engine?.left == 0)
            #expect(steady.explanation.waits.isEmpty, "\(steady.explanation.waits)")

            async let bad = scene.deploy("2")
            try await scene.pass(5)
            let rolling = try await scene.reader.status(of: Stage.fleet)
            #expect(rolling.phase == .rolling)
            #expect(rolling.engine?.release == ReleaseNumber(rawValue: 2))
            #expect(rolling.engine?.isTold == true && (rolling.engine?.left ?? 0) > 0)
            let waits = rolling.explanation.waits
            #expect(waits.contains { $0.what.contains("of release 2") }, "\(waits)")
            #expect(waits.last?.limit?.hasPrefix("progress_deadline") == true, "\(waits)")
            guard case .rolledBack = try await bad else {
                Issue.record("it did not go back")
                return
            }
            let back = try await scene.reader.status(of: Stage.fleet)
            #expect(back.phase == .steady && back.serving == 3)
            #expect(back.engine?.release == ReleaseNumber(rawValue: 1))
            #expect(back.explanation.quarantined.map(\.release.rawValue) == [2])
            let report = try #require(try await scene.reader.reports(of: Stage.fleet, since: 0).first)
            #expect(report.deploys == 2 && report.failures == 1)
            let present = try #require(try await scene.reader.present().first?.standing)
            #expect(present.isListening && present.serving == 3)
        }
    }

    @Test(arguments: SimulatedTarget.Kind.allCases)
    func `names who paused it`(kind: SimulatedTarget.Kind) async throws {
        try await Self.with(kind, [.good, .neverReady]) { scene async throws in
            _ = try await scene.deploy("1")
            let stop = StopSignal()
            async let rolling = scene.deploy("2", stop: stop)
            try await scene.pass(5)
            var options = FleetDriver.Options()
            options.author = "anna"
            _ = try await scene.driver(interrupting: stop).pause(Stage.fleet, options: options)
            _ = try await rolling
            let status = try await scene.reader.status(of: Stage.fleet)
            #expect(status.isPaused)
            #expect(status.explanation.waits.map(\.what) == ["a person's word"])
            #expect(status.explanation.waits.first?.answer == "paused by anna")
            #expect(status.engine != nil)
        }
    }
}
