import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnSystem
import Testing

@Suite struct `An instance that is debugged` {
    private static func wish(
        _ seconds: Int = 600,
        atOnce: Bool = false,
        keeps: Bool = false,
        session: LeaseHolder = .current
    ) -> DebugWish {
        DebugWish(seconds: seconds, isAtOnce: atOnce, isKept: keeps, tools: "tools", session: session)
    }

    private static var options: FleetDriver.Options {
        var options = FleetDriver.Options()
        (options.author, options.message) = ("ann", "requests hang")
        return options
    }

    private static let dead = LeaseHolder(bootID: BootInstant.bootID, pid: 1_999_999_999, startTicks: 1)

    private func debug(
        _ stage: Stage,
        _ id: InstanceID,
        _ wish: DebugWish = Self.wish(),
        stop: StopSignal? = nil
    ) async throws -> DeployOutcome {
        try await stage.driver(stop: stop).debug(id, wish, in: Stage.fleet, options: Self.options)
    }

    private func record(_ stage: Stage, _ id: InstanceID) async throws -> InstanceRecord? {
        try await stage.catalog.instances(of: Stage.fleet).first { $0.id == id }
    }

    @Test func `is out of traffic before anybody looks at it, and its place is filled`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let id = try #require(stage.platform.seen.created.first)
            guard case .debugged(id, let until?) = try await debug(stage, id) else {
                Issue.record("not debugged")
                return
            }
            #expect(until == stage.time.time + 600 || until <= stage.time.time + 600)
            #expect(stage.platform.seen.instances[id]?.traffic == InstanceObservation.Traffic.none)
            #expect(stage.platform.seen.created.count == 3, "others are whoever keeps the fleet's")
            _ = try await stage.driver().tend(Stage.fleet)
            #expect(stage.versions.count == 4)
            #expect(try await stage.reader.status(of: Stage.fleet).serving == 3)
            // It stays while the session lasts, whoever drives the fleet.
            _ = try await stage.driver().tend(Stage.fleet)
            let seen = try #require(
                try await stage.reader.status(of: Stage.fleet).instances.first { $0.id == id }
            )
            #expect(seen.debug?.author == "ann")
            #expect(seen.debug?.why == "requests hang")
            #expect(seen.condemned == "debugged by ann: requests hang")

            let end = DebugEnd(session: .current, status: 3)
            let outcome = try await stage.driver().endDebug(id, end, in: Stage.fleet, options: Self.options)
            #expect(outcome == .debugged(id, until: nil))
            #expect(stage.platform.seen.instances[id] == nil)
            #expect(stage.versions.count == 3)
        }
    }

    @Test func `tells who, why, how long and how it ended, with causes`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let id = try #require(stage.platform.seen.created.first)
            _ = try await debug(stage, id)
            _ = try await stage.driver().tend(Stage.fleet)
            let end = DebugEnd(session: .current, status: 3)
            _ = try await stage.driver().endDebug(id, end, in: Stage.fleet, options: Self.options)
            let events = try await stage.reader.events(of: Stage.fleet, limit: 1000)
            let begun = try #require(events.first { $0.kind == .instanceDebugged })
            #expect((begun.author, begun.why) == ("ann", "requests hang"))
            #expect(begun.message.contains("with tools of tools, for 10m at most"))
            let ended = try #require(events.first { $0.kind == .debugEnded })
            #expect((ended.author, ended.why) == ("ann", "requests hang"))
            #expect(ended.message.hasSuffix("with status 3; it is destroyed"), "\(ended.message)")
            #expect(ended.cause == begun.sequence)
            let replacement = try #require(events.last { $0.kind == .instanceCreated })
            #expect(replacement.cause == begun.sequence)
        }
    }

    @Test(arguments: [true, false])
    func `leaves the traffic and goes at its time under a freeze and a pause`(isFrozen: Bool) async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let id = try #require(stage.platform.seen.created.first)
            if isFrozen {
                _ = try await stage.driver().freeze(Stage.fleet, why: "an incident")
            } else {
                // A rollout in the middle, which a person paused.
                let stop = StopSignal()
                stage.platform.change { $0.capacity = 3 }
                async let rollout = stage.driver(stop: stop).deploy(
                    Stage.content("2"),
                    to: Stage.fleet,
                    policy: Stage.policy()
                )
                try await stage.time.sleep(until: stage.time.now.advanced(by: .seconds(3)))
                stop.request()
                _ = try await rollout
                stage.platform.change { $0.capacity = 9 }
                _ = try await stage.driver().pause(Stage.fleet)
            }
            let created = stage.platform.seen.created.count
            _ = try await debug(stage, id, Self.wish(60, atOnce: true, keeps: true))
            #expect(stage.platform.seen.instances[id]?.traffic == InstanceObservation.Traffic.none)
            _ = try await stage.driver().tend(Stage.fleet)
            #expect(stage.platform.seen.created.count == created, "nothing is made meanwhile")
            #expect(stage.platform.seen.instances[id] != nil)
            try await stage.time.sleep(until: stage.time.now.advanced(by: .seconds(61)))
            _ = try await stage.driver().tend(Stage.fleet)
            #expect(stage.platform.seen.instances[id] == nil)
        }
    }

    @Test func `that alone serves leaves the traffic once another one serves`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1", Stage.policy(1))
            let id = try #require(stage.platform.seen.created.first)
            stage.platform.watchServing()
            _ = try await debug(stage, id)
            #expect(stage.platform.seen.leastServing == 1)
            #expect(stage.platform.seen.created.count == 2)
            #expect(stage.platform.seen.instances[id]?.traffic == InstanceObservation.Traffic.none)
            #expect(try await record(stage, id)?.isTaken == true)
        }
    }

    @Test func `that alone serves goes at once when a person says so`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1", Stage.policy(1))
            let id = try #require(stage.platform.seen.created.first)
            _ = try await debug(stage, id, Self.wish(atOnce: true))
            #expect(stage.platform.seen.created.count == 1)
            #expect(stage.platform.seen.instances[id]?.traffic == InstanceObservation.Traffic.none)
        }
    }

    @Test func `that alone serves and cannot be replaced first is refused`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1", Stage.policy(1, unavailable: 1))
            let id = try #require(stage.platform.seen.created.first)
            let error = await #expect(throws: FleetError.self) { () async throws in
                _ = try await debug(stage, id)
            }
            #expect(error?.code == .lastOne)
            #expect(error?.hint?.contains("--now") == true)
            #expect(try await record(stage, id)?.condemned == nil)
            #expect(stage.platform.seen.instances[id]?.traffic == .ready)
        }
    }

    @Test func `whose session died is destroyed by whoever comes next`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let id = try #require(stage.platform.seen.created.first)
            _ = try await debug(stage, id, Self.wish(session: Self.dead))
            _ = try await stage.driver().scale(Stage.fleet, to: 3)
            #expect(stage.platform.seen.endedTools == [id])
            #expect(stage.platform.seen.instances[id] == nil)
            let messages = try await stage.messages()
            #expect(messages.contains { $0.contains("when their command died; it is destroyed") })
        }
    }

    @Test func `that is kept takes another session, and no second one beside it`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let id = try #require(stage.platform.seen.created.first)
            _ = try await debug(stage, id, Self.wish(600, keeps: true))
            let twice = await #expect(throws: FleetError.self) { () async throws in
                _ = try await debug(stage, id)
            }
            #expect(twice?.message.contains("ann") == true)
            let end = DebugEnd(session: .current, status: 0)
            let kept = try await stage.driver().endDebug(id, end, in: Stage.fleet, options: Self.options)
            guard case .debugged(id, _?) = kept else {
                Issue.record("\(kept)")
                return
            }
            #expect(stage.platform.seen.instances[id] != nil)
            _ = try await debug(stage, id, Self.wish(600))
            _ = try await stage.driver().endDebug(id, end, in: Stage.fleet, options: Self.options)
            #expect(stage.platform.seen.instances[id] == nil)
        }
    }

    @Test func `whose time is up during a session says how that ended`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let id = try #require(stage.platform.seen.created.first)
            _ = try await debug(stage, id, Self.wish(60))
            try await stage.time.sleep(until: stage.time.now.advanced(by: .seconds(61)))
            _ = try await stage.driver().tend(Stage.fleet)
            #expect(stage.platform.seen.instances[id] == nil)
            let messages = try await stage.messages()
            #expect(messages.contains { $0.hasSuffix("at the time limit; it is destroyed") }, "\(messages)")
            let end = DebugEnd(session: .current, status: 137)
            let outcome = try await stage.driver().endDebug(id, end, in: Stage.fleet, options: Self.options)
            #expect(outcome == .debugged(id, until: nil))
        }
    }

    @Test func `that cannot be destroyed keeps nobody from changing the fleet`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let id = try #require(stage.platform.seen.created.first)
            _ = try await debug(stage, id)
            _ = try await stage.driver().tend(Stage.fleet)
            stage.platform.change { $0.undestroyable = [id] }
            let began = stage.time.now
            let error = await #expect(throws: FleetError.self) { () async throws in
                let end = DebugEnd(session: .current, status: 0)
                _ = try await stage.driver().endDebug(id, end, in: Stage.fleet, options: Self.options)
            }
            #expect(error?.code == .platform)
            #expect(error?.asDiagnostics.first?.causes == ["could not destroy instance \(id): Refused()"])
            let outcome = try await stage.driver().resume(Stage.fleet)
            #expect(outcome == .unchanged(ReleaseNumber(rawValue: 1), policyChanged: false))
            let more = try await stage.driver().scale(Stage.fleet, to: 4)
            #expect(more == .stable(ReleaseNumber(rawValue: 1)))
            #expect(began.duration(to: stage.time.now) < .seconds(120))
            #expect(try await stage.reader.status(of: Stage.fleet).serving == 4)
            #expect(stage.platform.seen.instances[id] != nil)
            guard case .frozen(let why) = try await stage.driver().destroy(Stage.fleet, volumes: false) else {
                Issue.record("the fleet is not frozen")
                return
            }
            #expect(why.reason.contains("stopping did not succeed"))
            #expect(stage.platform.seen.instances.keys.map(\.self) == [id])
            stage.platform.change { $0.undestroyable = [] }
            _ = try await stage.driver().tend(Stage.fleet)
            #expect(stage.platform.seen.instances[id] == nil)
            _ = try await stage.driver().destroy(Stage.fleet, volumes: false)
            #expect(stage.platform.seen.wasRemoved)
        }
    }

    @Test func `goes with its fleet`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let id = try #require(stage.platform.seen.created.first)
            _ = try await debug(stage, id)
            _ = try await stage.driver().destroy(Stage.fleet, volumes: false)
            #expect(stage.platform.seen.instances.isEmpty)
            #expect(stage.platform.seen.wasRemoved)
        }
    }

    @Test func `has to be there, and not on its way out`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let id = try #require(stage.platform.seen.created.first)
            let other = InstanceID(String(id.description.dropLast()))
            let unknown = await #expect(throws: FleetError.self) { () async throws in
                _ = try await debug(stage, other)
            }
            #expect(unknown?.code == .unknownInstance)
            #expect(unknown?.hint?.contains(id.description) == true)
            stage.platform.change { $0.instances[id]?.exitStatus = 1 }
            let ended = await #expect(throws: FleetError.self) { () async throws in
                _ = try await debug(stage, id)
            }
            #expect(ended?.message.contains("it does not run") == true)
        }
    }
}
