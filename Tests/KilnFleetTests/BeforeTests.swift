import KilnCatalog
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnSystem
import Testing

@Suite struct `Work before a rollout` {
    private static func content(_ version: String, _ work: BeforeDefinition...) -> ReleaseContent {
        var content = Stage.content(version)
        content.before = work
        return content
    }

    private static func migrate(_ end: String = "0", reversible: Bool = false) -> BeforeDefinition {
        BeforeDefinition(run: ["migrate", end], reversible: reversible, timeout: .seconds(60))
    }

    private func release(_ number: Int) -> ReleaseNumber { ReleaseNumber(rawValue: number) }

    private func deploy(
        _ stage: Stage,
        _ content: ReleaseContent,
        force: Bool = false,
        stop: StopSignal? = nil,
        store: (any FleetStore)? = nil
    ) async throws -> DeployOutcome {
        try await stage.driver(store, stop: stop).deploy(
            content,
            to: Stage.fleet,
            policy: Stage.policy(),
            options: FleetDriver.Options(force: force)
        )
    }

    private func resume(_ stage: Stage) async throws -> DeployOutcome {
        var options = FleetDriver.Options()
        options.repeatsUnseen = true
        return try await stage.driver().resume(Stage.fleet, options: options)
    }

    @Test func `runs once for each release, in order, before its first instance`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let second = Self.content("2", Self.migrate(), BeforeDefinition(run: ["warm", "0"]))
            #expect(try await deploy(stage, second) == .stable(release(2)))
            #expect(stage.platform.seen.began == ["migrate 0", "warm 0"])
            #expect(stage.platform.seen.oneShots.isEmpty)
            let messages = try await stage.messages()
            let end = try #require(messages.firstIndex(of: "release 2: warm 0 ended well after 5s"))
            let start = try #require(messages.firstIndex { $0.contains("release 2: instance") })
            #expect(end < start)
            #expect(messages.contains("release 2: | starting"), "what it said: \(messages)")
            _ = try await stage.driver().rollback(Stage.fleet)
            #expect(try await deploy(stage, second) == .stable(release(2)))
            #expect(stage.platform.seen.began.count == 2)
        }
    }

    @Test func `that fails keeps the rollout from beginning, and the release in quarantine`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let bad = Self.content("2", Self.migrate("3"))
            guard case .unready(release(2), serving: release(1), let failure) = try await deploy(stage, bad)
            else {
                Issue.record("rolled out")
                return
            }
            #expect(failure.reason == "before its rollout, migrate 3 ended with status 3")
            #expect(failure.logLines.count == 2)
            #expect(stage.versions == ["1", "1", "1"] && stage.platform.seen.created.count == 3)
            let status = try await stage.reader.status(of: Stage.fleet)
            #expect(status.phase == .steady && status.pending == nil)
            await #expect(throws: FleetError.self) { try await deploy(stage, bad) }
            guard case .unready = try await deploy(stage, bad, force: true) else {
                Issue.record("not tried again")
                return
            }
            #expect(stage.platform.seen.began == ["migrate 3", "migrate 3"])
        }
    }

    @Test(arguments: [
        (BeforeDefinition(run: ["x", "hangs"], timeout: .seconds(30)), "x hangs did not end within 30s"),
        (
            BeforeDefinition(run: ["missing"]), "could not be started: "
        ),
    ])
    func `that does not end in time, or cannot be started, fails too`(
        work: BeforeDefinition,
        words: String
    ) async throws {
        try await Stage.with { stage in
            guard
                case .unready(_, serving: nil, let failure) = try await deploy(stage, Self.content("1", work))
            else {
                Issue.record("rolled out")
                return
            }
            #expect(failure.reason.contains(words), "\(failure.reason)")
            #expect(stage.platform.seen.oneShots.isEmpty && stage.platform.seen.created.isEmpty)
        }
    }

    @Test func `goes on when its driver dies, and a later one takes its end`() async throws {
        for write in 1...14 {
            for before in [true, false] {
                try await Stage.with { stage in
                    try await stage.deploy("1")
                    let store = TestStore(stage.catalog, stage.time, dyingAt: (write, before))
                    let died = try? await deploy(stage, Self.content("2", Self.migrate()), store: store)
                    if died != nil { return }
                    guard try await stage.catalog.releaseEntries(of: Stage.fleet).count == 2 else { return }
                    var outcome = try await resume(stage)
                    if case .unsure = outcome {
                        #expect(stage.platform.seen.began.isEmpty, "it was written down, and did not begin")
                        outcome = try await resume(stage)
                    }
                    // Until the work was written down nobody knows what to roll out.
                    if case .unchanged(release(1), _) = outcome {
                        outcome = try await deploy(stage, Self.content("2", Self.migrate()))
                    }
                    #expect(outcome == .stable(release(2)), "at write \(write)")
                    #expect(stage.platform.seen.began == ["migrate 0"], "at write \(write)")
                    #expect(stage.platform.seen.oneShots.isEmpty)
                }
            }
        }
    }

    @Test func `whose end nobody saw is run again when it can be undone, else when a person says so`()
        async throws
    {
        for reversible in [false, true] {
            try await Stage.with { stage in
                try await stage.deploy("1")
                let content = Self.content("2", Self.migrate(reversible: reversible))
                // Dies while it runs; nothing is left of it then.
                let store = TestStore(stage.catalog, stage.time, dyingAt: (5, true))
                _ = try? await deploy(stage, content, store: store)
                try #require(stage.platform.seen.began.count == 1)
                stage.platform.change { $0.oneShots = [:] }
                let outcome = try await resume(stage)
                if !reversible {
                    guard case .unsure(release(2), serving: release(1), let reason) = outcome else {
                        Issue.record("\(outcome)")
                        return
                    }
                    #expect(reason.hasPrefix("nobody saw how migrate 0 ended"))
                    #expect(outcome.exitStatus == .failed)
                    guard case .unsure = try await deploy(stage, content) else {
                        Issue.record("run again by a deploy")
                        return
                    }
                    #expect(try await stage.reader.status(of: Stage.fleet).pending?.unsure == reason)
                    #expect(stage.platform.seen.began.count == 1)
                    #expect(try await resume(stage) == .stable(release(2)))
                } else {
                    #expect(outcome == .stable(release(2)))
                }
                #expect(stage.platform.seen.began.count == 2)
            }
        }
    }

    @Test func `that cannot be undone turns the way back into a stop for people`() async throws {
        for reversible in [false, true] {
            try await Stage.with { stage in
                try await stage.deploy("1")
                let outcome = try await deploy(
                    stage,
                    Self.content("sick", Self.migrate(reversible: reversible))
                )
                if reversible {
                    guard case .rolledBack = outcome else {
                        Issue.record("\(outcome)")
                        return
                    }
                    return
                }
                guard case .frozen(let failure) = outcome else {
                    Issue.record("\(outcome)")
                    return
                }
                #expect(failure.reason.contains("cannot be undone"))
                guard case .rolledBack = try await stage.driver().abort(Stage.fleet) else {
                    Issue.record("a person may go back")
                    return
                }
                #expect(stage.versions == ["1", "1", "1"])
            }
        }
    }

    @Test func `leaves the way back open to a release that was stable since`() async throws {
        try await Stage.with { stage in
            let work = Self.migrate()
            try await stage.deploy("1")
            _ = try await deploy(stage, Self.content("2", work))
            guard case .rolledBack = try await stage.deploy("sick") else {
                Issue.record("not rolled back")
                return
            }
            #expect(stage.versions == ["2", "2", "2"])
        }
    }

    @Test func `is ended by a pause when it can be undone, else comes to its end by itself`() async throws {
        for reversible in [false, true] {
            try await Stage.with { stage in
                try await stage.deploy("1")
                let stop = StopSignal()
                let content = Self.content("2", Self.migrate(reversible: reversible))
                async let deployed = deploy(stage, content, stop: stop)
                try await stage.time.sleep(until: stage.time.now.advanced(by: .seconds(3)))
                let seen = try await stage.reader.status(of: Stage.fleet)
                #expect(seen.pending?.work == "migrate 0" && seen.pending?.isReversible == reversible)
                stop.request()
                #expect(try await deployed == .paused(release(2)))
                #expect(stage.platform.seen.oneShots.isEmpty == reversible)
                #expect(try await stage.reader.status(of: Stage.fleet).pending?.isPaused == true)
                guard case .halted = try await stage.driver().pause(Stage.fleet) else {
                    Issue.record("not paused")
                    return
                }
                #expect(try await resume(stage) == .stable(release(2)))
                #expect(stage.platform.seen.began.count == (reversible ? 2 : 1))
            }
        }
    }

    @Test func `keeps nothing dead of the release that serves`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let long = BeforeDefinition(run: ["migrate", "hangs"], timeout: .seconds(120))
            async let deployed = deploy(stage, Self.content("2", long))
            for round in 1...2 {
                try await stage.time.sleep(until: stage.time.now.advanced(by: .seconds(3)))
                stage.platform.change { state in
                    let victim = state.instances.values.filter { $0.exitStatus == nil }.map(\.spec.id).min()
                    if let victim { state.instances[victim]?.exitStatus = 137 }
                }
                try await stage.time.sleep(until: stage.time.now.advanced(by: .seconds(40)))
                #expect(stage.versions == ["1", "1", "1"], "round \(round)")
                let seen = try await stage.reader.status(of: Stage.fleet)
                #expect(seen.pending?.work == "migrate hangs" && seen.serving == 3)
            }
            guard case .unready(release(2), serving: release(1), let failure) = try await deployed else {
                Issue.record("rolled out")
                return
            }
            #expect(failure.reason.contains("did not end within"), "its time is kept: \(failure.reason)")
            #expect(stage.platform.seen.oneShots.isEmpty && stage.versions == ["1", "1", "1"])
        }
    }

    @Test func `is ended by an abort, and the release that serves goes on`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let stop = StopSignal()
            let content = Self.content("2", Self.migrate())
            async let deployed = deploy(stage, content, stop: stop)
            try await stage.time.sleep(until: stage.time.now.advanced(by: .seconds(2)))
            stop.request()
            _ = try await deployed
            guard case .halted(let reason) = try await stage.driver().abort(Stage.fleet) else {
                Issue.record("not aborted")
                return
            }
            #expect(reason.hasSuffix("release 1 runs on"))
            #expect(stage.platform.seen.oneShots.isEmpty && stage.versions == ["1", "1", "1"])
            #expect(try await stage.reader.releases(of: Stage.fleet).allSatisfy { $0.quarantined == nil })
            guard case .unsure = try await deploy(stage, content) else {
                Issue.record("what was cut off is run again unasked")
                return
            }
            // Another release leaves behind what does not run.
            #expect(try await stage.deploy("3") == .stable(release(3)))
            #expect(try await stage.reader.status(of: Stage.fleet).pending == nil)
        }
    }

    @Test func `goes with its fleet`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let store = TestStore(stage.catalog, stage.time, dyingAt: (8, false))
            _ = try? await deploy(stage, Self.content("2", Self.migrate("hangs")), store: store)
            try #require(stage.platform.seen.oneShots.count == 1)
            guard case .stopped = try await stage.driver().destroy(Stage.fleet, volumes: false) else {
                Issue.record("not destroyed")
                return
            }
            #expect(stage.platform.seen.oneShots.isEmpty && stage.platform.seen.wasRemoved)
        }
    }
}
