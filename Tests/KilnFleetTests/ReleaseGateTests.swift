import KilnCatalog
import KilnDefinition
import KilnFleet
import KilnRollout
import KilnSystem
import Testing

@Suite struct `The gate before a release` {
    private struct Closed: Error {}

    @Test func `is asked about new content only, and leaves no fleet behind when it refuses`() async throws {
        try await Stage.with { stage in
            let closed: ReleaseGate = { _ in throw Closed() }
            func deploy(
                _ version: String,
                _ policy: FleetPolicy = Stage.policy()
            ) async throws -> DeployOutcome {
                try await stage.driver().deploy(
                    Stage.content(version),
                    to: Stage.fleet,
                    policy: policy,
                    gate: closed
                )
            }
            await #expect(throws: Closed.self) { try await deploy("1") }
            #expect(try await stage.catalog.fleets().isEmpty)
            #expect(try await stage.catalog.lease(of: Stage.fleet) == nil)

            try await stage.deploy("1")
            await #expect(throws: Closed.self) { try await deploy("2") }
            #expect(stage.versions == ["1", "1", "1"])
            let scaled = try await deploy("1", Stage.policy(2))
            #expect(scaled == .stable(ReleaseNumber(rawValue: 1)))
            #expect(stage.versions == ["1", "1"])

            try await stage.deploy("2")
            #expect(try await deploy("1") == .stable(ReleaseNumber(rawValue: 1)))
        }
    }
}

@Suite struct `A rollback` {
    @Test func `takes only a release whose image is there`() async throws {
        try await Stage.with { stage in
            for version in ["1", "2", "3"] { try await stage.deploy(version) }
            let gone = Stage.content("2").image
            func back(_ number: Int?) async throws -> DeployOutcome {
                try await stage.driver(hasImage: { $0 != gone }).rollback(
                    Stage.fleet,
                    to: number.map(ReleaseNumber.init(rawValue:))
                )
            }
            let refused = await #expect(throws: FleetError.self) { try await back(2) }
            #expect(refused?.code == .imageGone)
            #expect(stage.versions == ["3", "3", "3"])
            #expect(try await back(nil) == .stable(ReleaseNumber(rawValue: 1)))
        }
    }
}
