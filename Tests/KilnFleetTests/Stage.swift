import KilnCatalog
import KilnDefinition
import KilnFleet
import KilnOCI
import KilnSystem
import KilnTestSupport
import SystemPackage

/// A fleet called shop in virtual time, on the real catalog and a pretended platform.
struct Stage: Sendable {
    static let fleet: FleetName = "shop"

    let time: VirtualTime
    let platform: PretendPlatform
    let catalog: Catalog
    let home: FilePath
    let stop = StopSignal()

    static func with(_ body: @escaping @Sendable (Stage) async throws -> Void) async throws {
        try await Sandbox.with { sandbox in
            let time = VirtualTime()
            let catalog = try Catalog(path: sandbox.path.appending("kiln.db"))
            let platform = PretendPlatform(time)
            let stage = Stage(time: time, platform: platform, catalog: catalog, home: sandbox.path)
            try await time.run { try await body(stage) }
        }
    }

    /// The same platform, and a catalog that knows nothing of it.
    func withoutMemory() throws -> Stage {
        let catalog = try Catalog(path: home.appending("anew").appending("kiln.db"))
        return Stage(time: time, platform: platform, catalog: catalog, home: home)
    }

    static func content(_ version: String, port: Bool = true) -> ReleaseContent {
        ReleaseContent(
            image: Digest(of: version),
            imageName: "shop",
            imageVersion: version,
            env: [:],
            files: [],
            health: HealthDefinition(probe: .http(port: 8080, path: "/healthz")),
            state: [],
            stop: StopDefinition(),
            resources: ResourceDefinition(),
            ports: port ? ["http": 8080] : [:]
        )
    }

    static func policy(
        _ instances: Int = 3,
        unavailable: Int = 0,
        onFailure: RolloutDefinition.OnFailure = .rollback
    ) -> FleetPolicy {
        FleetPolicy(
            instances: instances,
            listen: Listeners(ListenAddress(address: "127.0.0.1", port: 8080)),
            rollout: RolloutDefinition(
                surge: .count(unavailable > 0 ? 0 : 1),
                unavailable: .count(unavailable),
                healthyDeadline: .seconds(30),
                onFailure: onFailure
            )
        )
    }

    func driver(
        _ store: (any FleetStore)? = nil,
        stop: StopSignal? = nil,
        holder: LeaseHolder = .current,
        interrupt: @escaping @Sendable (LeaseHolder) -> Void = { _ in },
        hasImage: @escaping @Sendable (Digest) -> Bool = { _ in true }
    ) -> FleetDriver {
        FleetDriver(
            store: store ?? TestStore(catalog, time),
            platform: platform,
            clock: time,
            holder: holder,
            stop: stop ?? self.stop,
            interrupt: interrupt,
            hasImage: hasImage
        )
    }

    var reader: FleetReader { FleetReader(store: TestStore(catalog, time), platform: platform, clock: time) }

    @discardableResult
    func deploy(_ version: String, _ policy: FleetPolicy = Stage.policy()) async throws -> DeployOutcome {
        try await driver().deploy(Stage.content(version), to: Stage.fleet, policy: policy)
    }

    var versions: [String] {
        platform.seen.instances.values.filter { $0.isMade && $0.exitStatus == nil }.map(\.version).sorted()
    }

    func messages() async throws -> [String] {
        try await TestStore(catalog, time).events(of: Stage.fleet, after: 0, limit: 1000).map(\.message)
    }
}
