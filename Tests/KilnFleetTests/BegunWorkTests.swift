import KilnCatalog
import KilnDefinition
import KilnFleet
import KilnSystem
import Testing

@Suite struct `Work before a rollout that was begun` {
    private static let one = ReleaseNumber(rawValue: 1)
    private static let two = ReleaseNumber(rawValue: 2)
    private static let three = ReleaseNumber(rawValue: 3)

    private static func content(
        _ version: String,
        _ end: String = "0",
        reversible: Bool = false
    )
        -> ReleaseContent
    {
        var content = Stage.content(version)
        content.before = [
            BeforeDefinition(run: ["migrate", end], reversible: reversible, timeout: .seconds(60))
        ]
        return content
    }

    private func deploy(
        _ stage: Stage,
        _ content: ReleaseContent,
        stop: StopSignal? = nil,
        store: (any FleetStore)? = nil,
        options: FleetDriver.Options = FleetDriver.Options()
    ) async throws -> DeployOutcome {
        try await stage.driver(store, stop: stop)
            .deploy(content, to: Stage.fleet, policy: Stage.policy(), options: options)
    }

    private func resume(_ stage: Stage) async throws -> DeployOutcome {
        var options = FleetDriver.Options()
        options.repeatsUnseen = true
        return try await stage.driver().resume(Stage.fleet, options: options)
    }

    /// Interrupts the work of a release, after three seconds.
    private func interrupt(
        _ stage: Stage,
        _ content: ReleaseContent,
        _ manner: StopSignal.Manner = .pausing
    ) async throws {
        let stop = StopSignal()
        async let deployed = deploy(stage, content, stop: stop)
        try await stage.time.sleep(until: stage.time.now.advanced(by: .seconds(3)))
        stop.request(manner)
        _ = try await deployed
    }

    @Test func `is ended by no other release where it cannot be undone`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            try await interrupt(stage, Self.content("2"), .leaving)
            for _ in 0..<2 {
                let error = await #expect(throws: FleetError.self) { try await stage.deploy("3") }
                #expect(error?.code == .underWay)
                let back = await #expect(throws: FleetError.self) {
                    try await stage.driver().rollback(Stage.fleet, to: Self.one)
                }
                #expect(back?.code == .underWay)
                #expect(stage.platform.seen.oneShots.count == 1)
                try await stage.time.sleep(until: stage.time.now.advanced(by: .seconds(10)))
            }
            #expect(try await resume(stage) == .stable(Self.two))
            #expect(stage.platform.seen.began == ["migrate 0"])
        }
    }

    @Test func `is part of what a plan was made for`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let before = try await stage.reader.present()
            try await interrupt(stage, Self.content("2", reversible: true))
            #expect(try await stage.reader.present().first?.standing?.waits == nil)
            _ = try await stage.driver().pause(Stage.fleet)
            let present = try await stage.reader.present()
            #expect(present.first?.standing?.pending == Self.two)
            let waits = "the work before release 2 is paused; kiln resume shop"
            #expect(present.first?.standing?.waits == waits)
            let bases = try [before, present].map {
                try ApplyBasis(environment: nil, inputs: [], present: $0)
            }
            let moved = bases[0].moved(to: bases[1])
            #expect(moved.contains("of fleet shop release 2 is to come"), "\(moved)")
            var options = FleetDriver.Options()
            options.expected = FleetExpectation(before.first?.standing)
            let error = await #expect(throws: FleetError.self) {
                try await deploy(stage, Stage.content("3"), options: options)
            }
            #expect(error?.code == .moved)
            options.expected = FleetExpectation(present.first?.standing)
            let wanted = WantedFleet(
                name: Stage.fleet,
                policy: Stage.policy(),
                image: "shop",
                content: Self.content("2", reversible: true)
            )
            let plan = ApplyPlanner(origin: FleetOrigin(path: "/shop.yaml"), isThere: { _ in true })
                .plan([wanted], present: present)
            #expect(plan.steps.first?.action == .keep && plan.steps.first?.waits == waits)
            guard
                case .waiting = try await deploy(
                    stage,
                    Self.content("2", reversible: true),
                    options: options
                )
            else {
                Issue.record("the plan was made for it")
                return
            }
        }
    }

    @Test func `keeps later releases from going back on their own, until one is stable`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            guard case .frozen = try await deploy(stage, Self.content("sick")) else {
                Issue.record("went back")
                return
            }
            let outcome = try await deploy(stage, Stage.content("exits"))
            guard case .frozen(let failure) = outcome else {
                Issue.record("went back unasked: \(outcome)")
                return
            }
            #expect(failure.reason.contains("cannot be undone"))
            #expect(try await stage.deploy("4") == .stable(ReleaseNumber(rawValue: 4)))
            guard case .rolledBack = try await stage.deploy("unfit") else {
                Issue.record("release 4 bears it")
                return
            }
        }
    }

    @Test func `keeps a rollout that was under way from going back on its own`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let stop = StopSignal()
            async let deployed = deploy(stage, Stage.content("sick"), stop: stop)
            try await stage.time.sleep(until: stage.time.now.advanced(by: .seconds(3)))
            stop.request(.leaving)
            _ = try await deployed
            guard case .unready = try await deploy(stage, Self.content("3", "1")) else {
                Issue.record("the work did not fail")
                return
            }
            let outcome = try await resume(stage)
            guard case .frozen = outcome else {
                Issue.record("went back unasked: \(outcome)")
                return
            }
        }
    }

    @Test func `is done again once its volumes are gone`() async throws {
        for volumes in [false, true] {
            try await Stage.with { stage in
                #expect(try await deploy(stage, Self.content("1")) == .stable(Self.one))
                _ = try await stage.driver().destroy(Stage.fleet, volumes: volumes)
                #expect(try await deploy(stage, Self.content("1")) == .stable(Self.one))
                #expect(stage.platform.seen.began.count == (volumes ? 2 : 1))
            }
        }
    }

    @Test func `is gone on with, also where what it follows is frozen`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            _ = try await stage.driver().deploy(
                Stage.content("exits"),
                to: Stage.fleet,
                policy: Stage.policy(onFailure: .freeze)
            )
            let third = Self.content("3")
            try await interrupt(stage, third)
            #expect(try await resume(stage) == .stable(Self.three))
            #expect(stage.platform.seen.began == ["migrate 0"])
        }
    }

    @Test func `stays paused by a person until that person resumes it`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let second = Self.content("2", reversible: true)
            try await interrupt(stage, second)
            _ = try await stage.driver().pause(Stage.fleet)
            for _ in 0..<2 {
                guard case .waiting(Self.two, let reason) = try await deploy(stage, second) else {
                    Issue.record("a person's word was overridden")
                    return
                }
                #expect(reason.hasSuffix("kiln resume shop"))
            }
            #expect(try await stage.reader.status(of: Stage.fleet).pending?.isPaused == true)
            #expect(stage.platform.seen.began.count == 1)
            #expect(try await resume(stage) == .stable(Self.two))
        }
    }

    @Test func `that may have begun is not run again unasked`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.change { $0.losesOneShots = true }
            guard case .unsure = try await deploy(stage, Self.content("2")) else {
                Issue.record("taken for not begun")
                return
            }
            stage.platform.change { $0.losesOneShots = false }
            guard case .unsure = try await deploy(stage, Self.content("2")) else {
                Issue.record("run again unasked")
                return
            }
            #expect(stage.platform.seen.began.count == 1)
            #expect(try await resume(stage) == .stable(Self.two))
        }
    }

    @Test func `that was refused before it began is run by the next deploy`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.change { $0.refusesOneShots = true }
            await #expect(throws: PretendPlatform.Refused.self) {
                try await deploy(stage, Self.content("2"))
            }
            stage.platform.change { $0.refusesOneShots = false }
            #expect(try await deploy(stage, Self.content("2")) == .stable(Self.two))
            #expect(stage.platform.seen.began.count == 1)
        }
    }

    @Test func `that failed is named until it is removed`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.change { $0.isDestroyRefused = true }
            await #expect(throws: PretendPlatform.Refused.self) {
                try await deploy(stage, Self.content("2", "3"))
            }
            #expect(try await stage.reader.status(of: Stage.fleet).isUnattended)
            #expect(stage.platform.seen.oneShots.count == 1)
            stage.platform.change { $0.isDestroyRefused = false }
            _ = try await stage.driver().tend(Stage.fleet)
            #expect(stage.platform.seen.oneShots.isEmpty && stage.platform.seen.began == ["migrate 3"])
            #expect(try await stage.reader.status(of: Stage.fleet).pending == nil)
            #expect(stage.versions == ["1", "1", "1"])
        }
    }

    @Test func `is run again only when a person was told, not whoever tends the fleet`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            try await interrupt(stage, Self.content("2"), .leaving)
            stage.platform.change { $0.oneShots = [:] }
            guard case .unsure = try await stage.driver().tend(Stage.fleet) else {
                Issue.record("its end was seen")
                return
            }
            guard case .unsure = try await resume(stage) else {
                Issue.record("run again although nobody was told")
                return
            }
            #expect(stage.platform.seen.began.count == 1)
            #expect(try await resume(stage) == .stable(Self.two))
        }
    }

    @Test func `keeps its lease while it takes long to begin, and to be removed`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.change { $0.oneShotTime = .seconds(90) }
            async let deployed = deploy(stage, Self.content("2"))
            for _ in 0..<3 {
                try await stage.time.sleep(until: stage.time.now.advanced(by: .seconds(45)))
                let options = FleetDriver.Options(wait: .zero)
                let error = await #expect(throws: FleetError.self) {
                    try await stage.driver().freeze(Stage.fleet, why: "?", options: options)
                }
                #expect(error?.code == .leaseHeld)
            }
            #expect(try await deployed == .stable(Self.two))
        }
    }

    @Test func `is not told to be paused where another command ends it`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let stop = StopSignal()
            async let deployed = deploy(stage, Self.content("2", reversible: true), stop: stop)
            try await stage.time.sleep(until: stage.time.now.advanced(by: .seconds(3)))
            // By a signal, as Ctrl-C does.
            let word = stage.driver(interrupt: { _ in stop.request() })
            _ = try await word.freeze(Stage.fleet, why: "incident")
            #expect(try await deployed == .left(Self.two))
            let told = try await stage.messages().filter { $0.contains("was ended and is run again later") }
            #expect(told.count == 1)
            #expect(told.first?.contains("whoever drives the fleet next goes on with it") == true, "\(told)")
        }
    }

    @Test func `is paused together with the rollout that it follows`() async throws {
        for isAsked in [false, true] {
            try await Stage.with { stage in
                try await stage.deploy("1")
                let stop = StopSignal()
                async let deployed = deploy(stage, Stage.content("2"), stop: stop)
                try await stage.time.sleep(until: stage.time.now.advanced(by: .seconds(3)))
                stop.request(.leaving)
                #expect(try await deployed == .left(Self.two))
                try await interrupt(stage, Self.content("3"), isAsked ? .leaving : .pausing)
                if isAsked { _ = try await stage.driver().pause(Stage.fleet) }
                #expect(try await stage.reader.status(of: Stage.fleet).isPaused)
                guard case .halted = try await stage.driver().tend(Stage.fleet) else {
                    Issue.record("goes on")
                    return
                }
                #expect(try await resume(stage) == .stable(Self.three))
            }
        }
    }
}
