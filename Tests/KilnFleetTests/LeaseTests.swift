import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnSystem
import KilnTestSupport
import Synchronization
import SystemPackage
import Testing

/// A flag that crosses from a driver's task to the test's.
final class Died: Sendable {  // a class: shared between tasks
    private let flag = Mutex(false)
    var value: Bool { flag.withLock { $0 } }
    func set(_ value: Bool) { flag.withLock { $0 = value } }
}

@Suite struct `The lease of a fleet` {
    private static let here = LeaseHolder(bootID: "boot", pid: 100, startTicks: 1)
    private static let there = LeaseHolder(bootID: "boot", pid: 200, startTicks: 2)

    private static func request(
        _ holder: LeaseHolder,
        at seconds: Int64,
        alive: Bool = true
    ) -> LeaseRequest {
        LeaseRequest(
            fleet: "shop",
            holder: holder,
            reason: "deploy",
            now: BootInstant(nanoseconds: seconds * 1_000_000_000),
            time: 1_800_000_000 + seconds,
            isAlive: { _ in alive }
        )
    }

    private static func withCatalog(_ body: (Catalog) async throws -> Void) async throws {
        try await Sandbox.with { try await body(try Catalog(path: $0.path.appending("kiln.db"))) }
    }

    @Test func `has a newer token also in a catalog that was made anew`() async throws {
        var tokens: [FencingToken] = []
        for seconds in [100, 101] as [Int64] {
            try await Self.withCatalog { catalog in
                let answer = try await catalog.acquireLease(Self.request(Self.here, at: seconds))
                if case .granted(let lease) = answer { tokens.append(lease.token) }
            }
        }
        #expect(tokens.count == 2)
        #expect(tokens.last ?? FencingToken(0) > tokens.first ?? FencingToken(0))
    }

    @Test(arguments: [
        (there, 10, true, false), (there, 29, true, false), (there, 30, true, true), (there, 1, false, true),
        (LeaseHolder(bootID: "next boot", pid: 1, startTicks: 1), 1, true, true),
    ])
    func `passes on when its holder died, was rebooted or did not renew it`(
        holder: LeaseHolder,
        at seconds: Int64,
        alive: Bool,
        isGranted: Bool
    ) async throws {
        try await Self.withCatalog { catalog in
            guard case .granted(let first) = try await catalog.acquireLease(Self.request(Self.here, at: 0))
            else {
                Issue.record("the first is refused")
                return
            }
            switch try await catalog.acquireLease(Self.request(holder, at: seconds, alive: alive)) {
            case .granted(let second):
                #expect(isGranted)
                #expect(second.token > first.token)
            case .held(let lease):
                #expect(!isGranted)
                #expect(lease == first)
            }
        }
    }

    @Test func `that was lost lets its old holder change nothing`() async throws {
        try await Self.withCatalog { catalog in
            guard case .granted(let old) = try await catalog.acquireLease(Self.request(Self.here, at: 0)),
                case .granted(let new) = try await catalog.acquireLease(Self.request(Self.there, at: 31))
            else {
                Issue.record("refused")
                return
            }
            let edit = FleetEdit.putInstance(
                InstanceRecord(
                    id: InstanceID("shop-1-aaaa"),
                    slot: 0,
                    release: .init(rawValue: 1),
                    created: 0
                )
            )
            let lost = await #expect(throws: FleetError.self) { try await catalog.commit([edit], under: old) }
            #expect(lost?.code == .leaseLost)
            await #expect(throws: FleetError.self) {
                try await catalog.renewLease(old, until: BootInstant(nanoseconds: .max))
            }
            try await catalog.releaseLease(old)
            #expect(try await catalog.lease(of: "shop") == new)
            #expect(try await catalog.instances(of: "shop").isEmpty)
            try await catalog.commit([edit], under: new)
            #expect(try await catalog.instances(of: "shop").count == 1)
        }
    }

    @Test func `is not given to a second driver, who waits and then says who has it`() async throws {
        try await Stage.with { stage in
            let time = stage.time
            async let first = stage.deploy("1")
            try await time.sleep(until: time.now.advanced(by: .seconds(5)))
            let began = time.now
            let error = await #expect(throws: FleetError.self) {
                try await stage.driver().scale(Stage.fleet, to: 1, options: .init(wait: .seconds(20)))
            }
            #expect(error?.code == .leaseHeld)
            #expect(error?.message.contains("(deploy, since 20") == true)
            #expect(began.duration(to: time.now) >= .seconds(20))
            #expect(try await first.exitStatus == .done)
        }
    }

    @Test func `is kept while what the instances share takes its time`() async throws {
        try await Stage.with { stage in
            let time = stage.time
            try await stage.deploy("1")
            stage.platform.change { $0.convergeTime = .seconds(90) }
            async let first = stage.deploy("2")
            try await time.sleep(until: time.now.advanced(by: .seconds(60)))
            let error = await #expect(throws: FleetError.self) {
                try await stage.driver().scale(Stage.fleet, to: 1, options: .init(wait: .seconds(1)))
            }
            #expect(error?.code == .leaseHeld)
            #expect(try await first == .stable(ReleaseNumber(rawValue: 2)))
        }
    }

    @Test func `goes to the one who waits as soon as the first is done`() async throws {
        try await Stage.with { stage in
            let time = stage.time
            async let first = stage.deploy("1")
            try await time.sleep(until: time.now.advanced(by: .seconds(5)))
            let second = try await stage.deploy("2")
            #expect(try await first == .stable(ReleaseNumber(rawValue: 1)))
            #expect(second == .stable(ReleaseNumber(rawValue: 2)))
            #expect(stage.versions == ["2", "2", "2"])
        }
    }

    @Test func `that runs out under a stalled driver stops it`() async throws {
        try await Stage.with { stage in
            let time = stage.time
            try await stage.deploy("1")
            async let stalled = stage.deploy("2")
            try await time.sleep(until: time.now.advanced(by: .seconds(15)))
            // Somebody else has the lease now, as after a stall of more than thirty seconds.
            let request = LeaseRequest(
                fleet: Stage.fleet,
                holder: Self.there,
                reason: "deploy",
                now: BootInstant(nanoseconds: .max / 2),
                time: time.time,
                isAlive: { _ in false }
            )
            _ = try await TestStore(stage.catalog, time).acquireLease(request)
            do {
                Issue.record("\(try await stalled)")
            } catch let error as FleetError {
                #expect(error.code == .leaseLost)
            }
        }
    }

    @Test(arguments: [5, 8, 11, 14, 17, 20, 23])
    func `that ran out while its holder stalled is its successor's alone, whatever the first still tries`(
        write: Int
    ) async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.watchServing()
            let store = TestStore(stage.catalog, stage.time, stallingAt: (write, .seconds(45)))
            async let stalled = stage.driver(store)
                .deploy(Stage.content("2"), to: Stage.fleet, policy: Stage.policy())
            try await stage.time.sleep(until: stage.time.now.advanced(by: .milliseconds(1)))
            #expect(try await stage.driver().resume(Stage.fleet) == .stable(ReleaseNumber(rawValue: 2)))
            do {
                Issue.record("\(try await stalled)")
            } catch let error as FleetError {
                #expect(error.code == .leaseLost)
            }
            let seen = stage.platform.seen
            #expect(stage.versions == ["2", "2", "2"])
            #expect(Set(seen.created).count == seen.created.count)
            #expect(seen.leastServing == 3)
            #expect(seen.most <= 4)
            #expect(seen.stopBeforeDrain == 0)
        }
    }

    @Test func `passes to a person's word at once where one process drives and waits`() async throws {
        try await Stage.with { stage in
            let time = stage.time
            async let rolling = stage.driver(stop: StopSignal(), holder: .controller)
                .deploy(Stage.content("1"), to: Stage.fleet, policy: Stage.policy())
            // Not in step with anything that is asked every half second.
            try await time.sleep(until: time.now.advanced(by: .milliseconds(31_137)))
            let began = time.now
            let word = stage.driver(stop: StopSignal(), holder: .controller)
            guard case .halted = try await word.freeze(Stage.fleet, why: "an incident") else {
                Issue.record("not frozen")
                return
            }
            #expect(began.duration(to: time.now) < .milliseconds(50))
            #expect(try await rolling == .left(ReleaseNumber(rawValue: 1)))
        }
    }

    @Test(.timeLimit(.minutes(1))) func `that is given back is heard of in other processes`() async throws {
        try await Sandbox.with { sandbox in
            let path = sandbox.path.appending("kiln.db")
            let ours = try Catalog(path: path, hearsOthers: true)
            let theirs = try Catalog(path: path)
            for fleet: FleetName in ["shop", "stock"] {
                let news = ours.leaseNews(of: fleet)
                guard
                    case .granted(let lease) = try await theirs.acquireLease(Self.request(Self.there, at: 0))
                else {
                    Issue.record("refused")
                    return
                }
                try await theirs.releaseLease(lease)
                for await _ in news { break }
            }
        }
    }

    @Test func `is told to those who wait for this fleet, and still do`() async throws {
        try await Sandbox.with { sandbox in
            let path = sandbox.path.appending("file")
            try Files.write("", to: path)
            let bell = LeaseBell(path, hearsOthers: false)
            await withTaskGroup(of: Void.self) { group in
                let (shop, stock) = (bell.listen(for: "shop"), bell.listen(for: "stock"))
                #expect(bell.listeners == 2)
                bell.ring(for: "shop")
                for await _ in shop { break }
                group.addTask {
                    for await _ in stock { Issue.record("told of another fleet") }
                }
                group.cancelAll()
            }
            try await eventually("nobody listens") { bell.listeners == 0 }
        }
    }

    @Test func `knows its own process from another with the same number`() {
        let current = LeaseHolder.current
        #expect(current.isAlive)
        #expect(!LeaseHolder(bootID: current.bootID, pid: current.pid, startTicks: 1).isAlive)
        #expect(!LeaseHolder(bootID: "other", pid: current.pid, startTicks: current.startTicks).isAlive)
    }
}
