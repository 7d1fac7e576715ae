import KilnCatalog
import KilnControl
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnSystem
import KilnTestSupport
import Synchronization
import Testing

@Suite struct `A controller beside others` {
    @Test func `heals a fleet whose guest came while it read the others`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            var other = Stage.policy(1)
            other.listen = Listeners(ListenAddress(address: "127.0.0.1", port: 8081))
            _ = try await stage.driver().deploy(Stage.content("2"), to: "zoo", policy: other)
            var settings = Controller.Settings()
            settings.driveLimit = 1
            try await stage.kept(settings: settings) { kept in
                try await kept.pass(.seconds(5))
                // No new instance of this one comes up: its drive lasts, and the other fleet is queued behind it.
                stage.platform.change { $0.refused = ["2"] }
                kept.kill("2")
                try await kept.pass(.seconds(3))
                kept.kill("1")
                try await kept.pass(.seconds(3))
                let (controller, visits) = (kept.controller, Visits())
                kept.store.whenReading { fleet in
                    guard fleet == "zoo", visits.isFirst else { return }
                    _ = try? await controller.drive(Stage.fleet) { _ in 0 }
                }
                try await kept.pass(.seconds(3))
                kept.store.whenReading(nil)
                #expect(!visits.isFirst)
                stage.platform.change { $0.refused = [] }
                try await kept.pass(.seconds(900))
                #expect(kept.running.count == 4)
            }
        }
    }

    @Test func `heals a fleet although many others cannot be healed for minutes`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            for number in 1...6 {
                var other = Stage.policy(1)
                other.listen = Listeners(ListenAddress(address: "127.0.0.1", port: UInt16(9000 + number)))
                let name = FleetName(trusted: "other\(number)")
                _ = try await stage.driver().deploy(Stage.content("2"), to: name, policy: other)
            }
            try await stage.kept { kept in
                try await kept.pass(.seconds(5))
                stage.platform.change { $0.refused = ["2"] }
                for _ in 1...6 { kept.kill("2") }
                try await kept.pass(.seconds(10))
                kept.kill("1")
                try await kept.pass(.seconds(6))
                #expect(kept.running.count == 3)
            }
        }
    }

    @Test func `looks for drift although a fleet was destroyed before it was looked at`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            var other = Stage.policy(1)
            other.listen = Listeners(ListenAddress(address: "127.0.0.1", port: 8081))
            _ = try await stage.driver().deploy(Stage.content("2"), to: "zoo", policy: other)
            let drift = PretendDrift()
            stage.platform.change { state in
                state.failingLooks = (state.looks + 1)..<(state.looks + 3)
                state.failingLookTime = .seconds(30)
            }
            try await stage.kept(inspect: drift) { kept in
                try await kept.pass(.seconds(1))
                _ = try await stage.driver(holder: .other).destroy("zoo", volumes: false)
                try await kept.pass(.seconds(60))
                drift.find(kept.running.sorted().prefix(2))
                try await kept.pass(.seconds(60))
                #expect(kept.facts.diagnostics.contains { $0.code == "fleet.alert" })
            }
        }
    }

    @Test func `writes down how an instance ended although somebody else had the fleet first`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            try await stage.kept { kept in
                try await kept.pass(.seconds(5))
                let lease = try await stage.otherLease()
                kept.kill()
                try await kept.pass(.seconds(5))
                try await stage.catalog.releaseLease(lease)
                try await kept.pass(.seconds(30))
                #expect(kept.running.count == 3)
                let told = try await stage.messages().filter { $0.hasSuffix("exited with status 137") }
                #expect(told.count == 1, "\(told)")
            }
        }
    }

    @Test func `writes down how an instance ended once, however often its drive fails`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            try await stage.kept { kept in
                try await kept.pass(.seconds(5))
                stage.platform.change { $0.failingConverges = 0..<1_000_000 }
                kept.kill()
                try await kept.pass(.seconds(60))
                stage.platform.change { $0.failingConverges = 0..<0 }
                try await kept.pass(.seconds(120))
                #expect(kept.running.count == 3)
                let told = try await stage.messages().filter { $0.hasSuffix("exited with status 137") }
                #expect(told.count == 1, "\(told)")
            }
        }
    }

    @Test func `writes an alert down once the fleet is free, and tells it once`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let drift = PretendDrift()
            try await stage.kept(inspect: drift) { kept in
                try await kept.pass(.seconds(5))
                let lease = try await stage.otherLease()
                drift.find(kept.running.sorted().prefix(2))
                try await kept.pass(.seconds(25))
                try await stage.catalog.releaseLease(lease)
                try await kept.pass(.seconds(60))
                let events = try await kept.store.events(of: Stage.fleet, after: 0, limit: 1000)
                #expect(events.count { $0.kind == .fleetAlert } == 1)
                #expect(kept.facts.diagnostics.map(\.code) == ["fleet.alert"])
            }
        }
    }

    @Test func `is ready while a guest is at work on a fleet since before the first look`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let ready = StopSignal()
            let (go, time) = (StopSignal(), stage.time)
            try await stage.kept(signs: Controller.Signs(ready: { ready.request() })) { kept in
                async let guest: Void = kept.controller.drive(Stage.fleet) { _ in await go.wait() }
                try await time.sleep(until: time.now.advanced(by: .seconds(10)))
                #expect(ready.isRequested)
                go.request()
                try await guest
            }
        }
    }

    @Test func `ends work before a rollout when a person steers the fleet through it`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            var content = Stage.content("2")
            content.before = [
                BeforeDefinition(run: ["migrate", "hangs"], reversible: true, timeout: .seconds(600))
            ]
            let next = content
            try await stage.kept { kept in
                let start = stage.time.now
                let driven = try await withThrowingTaskGroup(of: DeployOutcome?.self) { group in
                    group.addTask {
                        try await kept.controller.drive(Stage.fleet) { driver in
                            try await driver.deploy(next, to: Stage.fleet, policy: Stage.policy())
                        }
                    }
                    group.addTask {
                        try await kept.pass(.seconds(8))
                        let outcome = try await kept.controller.drive(Stage.fleet) { driver in
                            try await driver.abort(Stage.fleet)
                        }
                        if case .halted = outcome { return nil }
                        Issue.record("\(outcome)")
                        return nil
                    }
                    return try await group.reduce(nil) { $0 ?? $1 }
                }
                #expect(driven == .left(ReleaseNumber(rawValue: 2)))
                #expect(start.duration(to: stage.time.now) < .seconds(20))
                #expect(stage.platform.seen.oneShots.isEmpty)
            }
        }
    }
}

/// Says of the first visit that it is.
private final class Visits: Sendable {  // a class: the store and the test share it
    private let count = Mutex(0)

    var isFirst: Bool {
        count.withLock { count in
            count += 1
            return count == 1
        }
    }
}

extension Stage {
    /// Held by another process that lives.
    fileprivate func otherLease() async throws -> Lease {
        let request = LeaseRequest(
            fleet: Self.fleet,
            holder: .other,
            reason: "test",
            now: time.now,
            time: time.time,
            isAlive: { _ in true }
        )
        let answer = try await time.outside { try await catalog.acquireLease(request) }
        guard case .granted(let lease) = answer else { throw FleetError(.policy, "somebody has the fleet") }
        let expires = time.now.advanced(by: .seconds(600))
        try await time.outside { try await catalog.renewLease(lease, until: expires) }
        return lease
    }
}
