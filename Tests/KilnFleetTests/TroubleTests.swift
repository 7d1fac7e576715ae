import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnSystem
import Synchronization
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

    @Test func `that cannot be looked at for longer than the progress deadline is no fault of the release`()
        async throws
    {
        var policy = Stage.policy()
        policy.rollout.progressDeadline = .seconds(60)
        policy.rollout.healthyDeadline = .seconds(30)
        // At the first instance of the release, later, and when its instances are watched.
        for first in [2, 4, 9, 16, 30] {
            try await Stage.with { [policy] stage in
                try await stage.deploy("1", policy)
                stage.platform.change {
                    $0.looks = 0
                    $0.failingLooks = first..<(first + 6)
                    $0.failingLookTime = .seconds(20)
                }
                stage.platform.watchServing()
                #expect(try await stage.deploy("2", policy) == .stable(ReleaseNumber(rawValue: 2)))
                #expect(stage.platform.seen.looks > first + 6)
                #expect(stage.platform.seen.leastServing == 3)
                #expect(stage.platform.seen.created.count == 6)
            }
        }
    }

    @Test func `that cannot be looked at proves no release`() async throws {
        let looks = Mutex(0)
        for failing in [0, 6] {
            let last = looks.withLock { $0 }
            try await Stage.with { stage in
                if failing > 0 { stage.platform.change { $0.failingLooks = (last - 2)..<(last + failing) } }
                let outcome = try await stage.deploy("1")
                #expect(outcome == .stable(ReleaseNumber(rawValue: 1)))
                looks.withLock { $0 = stage.platform.seen.looks }
            }
            #expect(looks.withLock { $0 } >= last + failing)
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

    @Test func `that cannot restore the balancer for a while delays nothing`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.change {
                $0.converges = 0
                $0.failingConverges = 2..<8
            }
            #expect(try await stage.deploy("2") == .stable(ReleaseNumber(rawValue: 2)))
            #expect(stage.platform.seen.converges >= 8)
            let told = try await stage.messages().filter { $0.hasPrefix("could not restore") }
            #expect(told == ["could not restore the network and the balancer, trying again: Refused()"])
        }
    }

    @Test func `that never restores the balancer ends the command, which leaves a rollout unattended`()
        async throws
    {
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.change {
                $0.converges = 0
                $0.failingConverges = 2..<100
                $0.isDestroyRefused = true
            }
            await #expect(throws: PretendPlatform.Refused.self) { try await stage.deploy("2") }
            #expect(stage.platform.seen.converges == 11)
            let reader = FleetReader(store: stage.catalog, platform: stage.platform, clock: stage.time)
            #expect(try await reader.status(of: Stage.fleet).isUnattended)
            stage.platform.change {
                $0.failingConverges = 0..<0
                $0.isDestroyRefused = false
            }
            #expect(try await stage.driver().resume(Stage.fleet) == .stable(ReleaseNumber(rawValue: 2)))
            #expect(try await !reader.status(of: Stage.fleet).isUnattended)
        }
    }

    @Test func `that has no balancer to begin with is told at once`() async throws {
        try await Stage.with { stage in
            stage.platform.change { $0.failingConverges = 1..<2 }
            await #expect(throws: PretendPlatform.Refused.self) { try await stage.deploy("1") }
            #expect(stage.platform.seen.converges == 1)
            #expect(stage.platform.seen.created.isEmpty)
        }
    }

    @Test func `that takes its time is waited for, not spun on, once a stop is requested`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.change { $0.destroyTime = .seconds(120) }
            let (time, stop) = (stage.time, StopSignal())
            async let outcome = stage.driver(stop: stop)
                .deploy(Stage.content("2"), to: Stage.fleet, policy: Stage.policy())
            while !(try await stage.messages().contains { $0.hasSuffix("gets no new requests") }) {
                try await time.sleep(until: time.now.advanced(by: .milliseconds(500)))
            }
            try await time.sleep(until: time.now.advanced(by: .seconds(5)))
            stop.request()
            let (began, sleeps) = (time.now, time.sleeps)
            #expect(try await outcome == .paused(ReleaseNumber(rawValue: 2)))
            let waited = began.duration(to: time.now)
            #expect(waited > .seconds(60))
            // One look a second, and the sleeps of what is under way.
            #expect(time.sleeps - sleeps < 150)
        }
    }

    @Test func `that takes its time is waited for, not spun on, once there is an outcome`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1", Stage.policy(onFailure: .freeze))
            stage.platform.change {
                $0.capacity = 3
                $0.destroyTime = .seconds(900)
            }
            let outcome = try await stage.deploy("sick", Stage.policy(unavailable: 1, onFailure: .freeze))
            #expect(outcome.exitStatus == .failed)
        }
    }
}
