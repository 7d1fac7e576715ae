import KilnAPI
import KilnCatalog
import KilnDiagnostics
import KilnFleet
import KilnServer
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// A server of a home of the test's own, and a client of it.
struct ServerStage: Sendable {
    static let version = "9.9.9"

    let home: KilnHome
    let catalog: Catalog
    let fleets: PretendFleets
    let stop: StopSignal

    var client: APIClient { APIClient(socket: home.controlSocket, limit: .seconds(30)) }

    var server: ControlServer { server() }

    func server(metricsAddress: MetricsAddress? = nil) -> ControlServer {
        ControlServer(
            home: home,
            version: Self.version,
            fleets: fleets,
            reader: FleetReader(store: catalog, platform: EmptyPlatform()),
            catalog: catalog,
            metrics: { "kiln_test 1\n" },
            metricsAddress: metricsAddress
        )
    }

    /// Runs the body while a server listens; the server has to end well.
    static func with(
        _ fleets: PretendFleets = PretendFleets(),
        metricsAddress: MetricsAddress? = nil,
        _ body: (ServerStage) async throws -> Void
    ) async throws {
        try await Sandbox.with { sandbox in
            try Files.createDirectory(sandbox.home.root)
            let stage = ServerStage(
                home: sandbox.home,
                catalog: try Catalog(path: sandbox.home.catalog),
                fleets: fleets,
                stop: StopSignal()
            )
            try await withThrowingTaskGroup(of: Void.self) { group in
                let (listening, post) = AsyncStream.makeStream(of: Void.self)
                group.addTask {
                    defer { post.finish() }
                    try await stage.server(metricsAddress: metricsAddress).run(until: stage.stop) {
                        post.yield()
                    }
                }
                for await _ in listening { break }
                do { try await body(stage) } catch {
                    stage.stop.request()
                    throw error
                }
                stage.stop.request()
                try await group.waitForAll()
            }
            #expect(!Files.exists(sandbox.home.controlSocket))
        }
    }

    /// What the client makes of a change, with the progress that it reports.
    func perform(
        _ change: FleetChange,
        isExamined: Bool = true,
        options: FleetDriver.Options = FleetDriver.Options(),
        stop: StopSignal = StopSignal(),
        progress: FactRecorder = FactRecorder()
    ) async throws -> DeployOutcome {
        try await Progress.$receiver.withValue(progress) {
            try await client.perform(
                ChangeRequest(change, isExamined: isExamined, options: options),
                change.verb,
                on: Samples.fleet,
                stop: stop
            )
        }
    }

    func curl(_ path: String, _ options: String...) async throws -> ToolOutput {
        try await ToolRunner().runUnchecked(
            ToolInvocation(
                "curl",
                [
                    "--silent", "--show-error", "--max-time", "20", "--unix-socket",
                    home.controlSocket.string, "--write-out", "\n%{http_code} %{content_type}",
                ] + options + ["http://kiln\(path)"]
            )
        )
    }
}
