import KilnCatalog
import KilnDefinition
import KilnFleet
import KilnOCI
import KilnSystem
import KilnTestSupport
import Testing

@Suite struct `A listener that is led to another port` {
    private static let address = ListenAddress(address: "127.0.0.1", port: 8080)

    private static func content(_ version: String, _ ports: [String: UInt16]) -> ReleaseContent {
        var content = Stage.content(version)
        content.ports = ports
        return content
    }

    private static func policy(_ listeners: Listener...) -> FleetPolicy {
        var policy = Stage.policy()
        policy.listen = Listeners(listeners)
        return policy
    }

    private static func port(_ name: String) -> PortReference { .name(PortName(trusted: name)) }

    private func deploy(
        _ stage: Stage,
        _ content: ReleaseContent,
        _ policy: FleetPolicy,
        force: Bool = false
    ) async throws -> DeployOutcome {
        try await stage.driver().deploy(
            content,
            to: Stage.fleet,
            policy: policy,
            options: FleetDriver.Options(force: force)
        )
    }

    @Test func `is refused while nobody who runs has it, before anything is changed`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let renamed = Self.content("2", ["web": 8081])
            let policy = Self.policy(Listener(Self.address, port: Self.port("web")))
            let error = await #expect(throws: FleetError.self) {
                _ = try await deploy(stage, renamed, policy)
            }
            #expect(error?.code == .noPort)
            #expect(error?.message.contains("release 1, which runs, has no port web") == true)
            #expect(try await stage.catalog.fleet(Stage.fleet)?.policy == Stage.policy())
            #expect(try await stage.catalog.releases(of: Stage.fleet).count == 1)
            let forced = try await deploy(stage, renamed, policy, force: true)
            #expect(forced == .stable(ReleaseNumber(rawValue: 2)))
        }
    }

    @Test func `is taken once both are there, and so is one more listener`() async throws {
        try await Stage.with { stage in
            try await stage.deploy("1")
            let both = Self.content("2", ["http": 8080, "web": 8081])
            let other = Listener(
                ListenAddress(address: "127.0.0.1", port: 8081),
                port: Self.port("web")
            )
            #expect(
                try await deploy(stage, both, Self.policy(Listener(Self.address), other))
                    == .stable(ReleaseNumber(rawValue: 2))
            )
            let led = Self.policy(Listener(Self.address, port: Self.port("web")))
            #expect(
                try await deploy(stage, both, led)
                    == .unchanged(ReleaseNumber(rawValue: 2), policyChanged: true)
            )
            // What nobody answers for is no way back, unless somebody means it.
            let one = ReleaseNumber(rawValue: 1)
            let error = await #expect(throws: FleetError.self) {
                _ = try await stage.driver().rollback(Stage.fleet, to: one)
            }
            #expect(error?.code == .noPort)
            #expect(
                try await stage.driver()
                    .rollback(Stage.fleet, to: one, options: FleetDriver.Options(force: true))
                    == .stable(one)
            )
        }
    }
}
