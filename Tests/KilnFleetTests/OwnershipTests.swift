import KilnDefinition
import KilnFleet
import KilnSystem
import Testing

private let mine = FleetOrigin(path: "/srv/mine/kiln.yaml")
private let theirs = FleetOrigin(path: "/srv/theirs/kiln.yaml")

@Suite struct `A fleet of another definition` {
    /// A driver for which every definition but those that are gone is there.
    private func driver(_ stage: Stage, gone: [FleetOrigin] = []) -> FleetDriver {
        FleetDriver(
            store: TestStore(stage.catalog, stage.time),
            platform: stage.platform,
            clock: stage.time,
            isThere: { !gone.contains($0) }
        )
    }

    private func deploy(
        _ version: String,
        of origin: FleetOrigin,
        takingOver: Bool = false,
        _ driver: FleetDriver
    ) async throws -> DeployOutcome {
        var options = FleetDriver.Options()
        options.origin = origin
        options.takesOver = takingOver
        return try await driver.deploy(
            Stage.content(version),
            to: Stage.fleet,
            policy: Stage.policy(),
            options: options
        )
    }

    @Test func `is deployed only when it is taken over, or its definition is gone`() async throws {
        try await Stage.with { stage in
            _ = try await deploy("1", of: theirs, driver(stage))
            let error = await #expect(throws: FleetError.self) {
                try await deploy("2", of: mine, driver(stage))
            }
            #expect(error?.code == .foreign)
            let message = error?.message ?? ""
            #expect(message.contains(mine.path) && message.contains(theirs.path), "\(message)")
            #expect(error?.hint?.contains("--take-over") == true)
            let store = TestStore(stage.catalog, stage.time)
            #expect(try await store.fleet(Stage.fleet)?.origin == theirs)
            #expect(try await store.releaseEntries(of: Stage.fleet).count == 1, "no release was made")
            let second = ReleaseNumber(rawValue: 2)
            #expect(try await deploy("2", of: mine, takingOver: true, driver(stage)) == .stable(second))
            #expect(try await store.fleet(Stage.fleet)?.origin == mine)
            _ = try await deploy("1", of: theirs, driver(stage, gone: [mine]))
            #expect(try await store.fleet(Stage.fleet)?.origin == theirs)
        }
    }

    @Test func `keeps what a person said of it while a plan waited for its turn`() async throws {
        try await Stage.with { stage in
            _ = try await deploy("1", of: mine, driver(stage))
            var planned = FleetDriver.Options()
            planned.origin = mine
            planned.expected = FleetExpectation(try await stage.reader.present().first?.standing)
            _ = try await driver(stage).scale(Stage.fleet, to: 5)
            let error = await #expect(throws: FleetError.self) {
                try await driver(stage).deploy(
                    Stage.content("2"),
                    to: Stage.fleet,
                    policy: Stage.policy(),
                    options: planned
                )
            }
            #expect(error?.code == .moved)
            #expect(try await stage.reader.present().first?.standing?.policy.instances == 5)
        }
    }

    @Test func `is not what a plan meant that waited for its turn meanwhile`() async throws {
        try await Stage.with { stage in
            _ = try await deploy("1", of: mine, driver(stage))
            var planned = FleetDriver.Options()
            planned.origin = mine
            planned.expected = FleetExpectation(
                try await stage.reader.present().first { $0.name == Stage.fleet }?.standing
            )
            func isRefused(_ change: () async throws -> DeployOutcome) async {
                let error = await #expect(throws: FleetError.self) { try await change() }
                #expect(error?.code == .moved)
            }
            _ = try await deploy("2", of: theirs, takingOver: true, driver(stage))
            let created = stage.platform.seen.created
            await isRefused {
                try await driver(stage).destroy(Stage.fleet, volumes: true, options: planned)
            }
            planned.takesOver = true
            await isRefused {
                try await driver(stage).deploy(
                    Stage.content("3"),
                    to: Stage.fleet,
                    policy: Stage.policy(),
                    options: planned
                )
            }
            #expect(stage.platform.seen.created == created)
            planned.expected = FleetExpectation(try await stage.reader.present().first?.standing)
            guard
                case .stopped = try await driver(stage)
                    .destroy(Stage.fleet, volumes: true, options: planned)
            else {
                Issue.record("not destroyed")
                return
            }
            planned.expected = FleetExpectation(nil)
            _ = try await driver(stage).deploy(
                Stage.content("3"),
                to: Stage.fleet,
                policy: Stage.policy(),
                options: planned
            )
            #expect(stage.versions == ["3", "3", "3"])
        }
    }
}

@Suite struct `A listener that somebody else has` {
    private static let taken = ListenAddress(address: "127.0.0.1", port: 81)

    private func policy() -> FleetPolicy {
        var policy = Stage.policy()
        policy.listen = Listeners(Self.taken)
        return policy
    }

    @Test func `is refused before anything is written down`() async throws {
        try await Stage.with { stage in
            stage.platform.change { $0.taken = [Self.taken] }
            let store = TestStore(stage.catalog, stage.time)
            await #expect(throws: PretendPlatform.Refused.self) { try await stage.deploy("1", policy()) }
            #expect(try await store.fleet(Stage.fleet) == nil)
            try await stage.deploy("1")
            await #expect(throws: PretendPlatform.Refused.self) { try await stage.deploy("1", policy()) }
            #expect(try await store.fleet(Stage.fleet)?.policy == Stage.policy())
            // Healing goes on where the fleet listens.
            let id = try #require(stage.platform.seen.instances.keys.min())
            stage.platform.change { $0.instances[id]?.exitStatus = 1 }
            #expect(try await stage.driver().resume(Stage.fleet) == .stable(ReleaseNumber(rawValue: 1)))
        }
    }

    @Test func `is shown by a plan where nobody listens as the policy says`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            #expect(try await stage.reader.present().first?.standing?.isListening == true)
            stage.platform.change { $0.listen = nil }
            #expect(try await stage.reader.present().first?.standing?.isListening == false)
            #expect(
                try await stage.deploy("1") == .unchanged(ReleaseNumber(rawValue: 1), policyChanged: false)
            )
            #expect(try await stage.reader.present().first?.standing?.isListening == true)
        }
    }
}
