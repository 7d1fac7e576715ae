import KilnDefinition
import KilnFleet
import KilnRollout
import KilnSystem
import KilnTestSupport
import Testing

@Suite struct `Why a fleet is as it is` {
    private static func explanation(_ stage: Stage) async throws -> FleetExplanation {
        try await FleetReader(
            store: TestStore(stage.catalog, stage.time),
            platform: stage.platform,
            clock: stage.time,
            isAlive: { _ in true }
        ).status(of: Stage.fleet).explanation
    }

    /// Looks at the fleet so many seconds after a deploy began.
    private static func during(
        _ version: String,
        _ stage: Stage,
        after seconds: Int,
        _ policy: FleetPolicy = Stage.policy(),
        _ look: (FleetExplanation) throws -> Void
    ) async throws {
        async let outcome = stage.driver().deploy(Stage.content(version), to: Stage.fleet, policy: policy)
        try await stage.time.sleep(until: stage.time.now.advanced(by: .seconds(seconds)))
        try look(try await explanation(stage))
        _ = try? await outcome
    }

    @Test func `is told of one that has nothing to do`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let answer = try await Self.explanation(stage)
            #expect(answer.runs == "release 1 in 3 instances; 3 are wanted")
            #expect(answer.doing == "nothing: all is as it shall be")
            #expect(answer.waits.isEmpty && answer.next == nil && answer.quarantined.isEmpty)
            #expect(answer.because.first?.kind == .rolloutFinished)
        }
    }

    @Test func `names the instance that holds a rollout up, its answer, the deadline and what follows`()
        async throws
    {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let began = stage.time.time
            try await Self.during("sick", stage, after: 15) { answer in
                #expect(
                    answer.doing == "rolling from release 1 to release 2: 0 of 3 serve, 3 old ones are left"
                )
                let wait = try #require(answer.waits.first)
                #expect(wait.answer == "GET /healthz answered 500")
                #expect(wait.limit == "healthy_deadline 30s")
                #expect(wait.until.map { (30...33).contains($0 - began) } == true)
                #expect(wait.otherwise == "release 2 is quarantined and release 1 comes back")
                #expect(answer.waits.last?.limit == "progress_deadline 10m")
                #expect(answer.next == "then release 2 is watched for 60s, and stable after that")
            }
            let after = try await Self.explanation(stage)
            #expect(after.quarantined.map(\.release.rawValue) == [2])
            #expect(after.because.map(\.kind).contains(.releaseQuarantined))
        }
    }

    @Test func `tells how long a release is watched`() async throws {
        try await Stage.with { stage in
            try await Self.during("1", stage, after: 30) { answer in
                #expect(answer.doing == "watching release 1 before it is stable")
                let wait = try #require(answer.waits.last)
                #expect(wait.limit == "bake 60s" && wait.until != nil)
                #expect(wait.otherwise == "release 1 is quarantined and its instances are removed")
                #expect(answer.next == "then release 1 is stable")
            }
        }
    }

    @Test func `names a platform that refuses, and places that are left empty for a while`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            stage.platform.change { $0.capacity = 3 }
            try await Self.during("2", stage, after: 20) { answer in
                let trouble = try #require(answer.waits.first { $0.what == "the platform" })
                #expect(trouble.answer?.contains("could not make instance") == true)
            }
        }
    }

    @Test func `sends people to the command that goes on`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            _ = try await stage.driver().freeze(Stage.fleet, why: "an incident")
            let frozen = try await Self.explanation(stage)
            #expect(frozen.doing == "frozen by a person: an incident")
            #expect(frozen.next == "kiln resume shop ends that")
            #expect(frozen.waits.map(\.what) == ["a person's word"])
        }
    }

    @Test func `is told of one instance, also when it is gone`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let old = try #require(stage.platform.seen.instances.keys.min())
            let present = try await stage.reader.explanation(of: old, in: Stage.fleet)
            #expect(present.doing == "of release 1, running, healthy, traffic ready")
            try await stage.deploy("2")
            let gone = try await stage.reader.explanation(of: old, in: Stage.fleet)
            #expect(gone.doing == "of release 1, gone")
            #expect(gone.history.map(\.kind).first == .instanceCreated)
            #expect(
                gone.because.map(\.kind).prefix(3) == [.instanceRemoved, .instanceLeaving, .rolloutStarted]
            )
            await #expect(throws: FleetError.self) {
                try await stage.reader.explanation(of: InstanceID("shop-9-none"), in: Stage.fleet)
            }
        }
    }
}
