import KilnControl
import KilnFleet
import KilnPlatformLocal
import KilnServer
import KilnStore
import KilnSystem

/// A controller with all that speaks to the outside for it: they begin and end together.
struct ServeDesk: Sendable {
    let fleets: FleetContext
    let controller: Controller
    let board: MetricsBoard
    let metrics: MetricsAddress?
    /// nil where nobody wants the archives asked.
    let archives: ArchiveWatch?

    /// The socket takes requests before the first look, so that whoever hears of that finds it.
    func run(until stop: StopSignal, signs: Controller.Signs) async throws {
        let server = server
        let courier = WebhookCourier(catalog: fleets.store, board: board)
        let watch = ReplacementWatch(catalog: fleets.store, board: board)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await watch.run() }
            group.addTask { try await courier.run() }
            if let archives { group.addTask { try await archives.run() } }
            group.addTask {
                try await withThrowingTaskGroup(of: Void.self) { inner in
                    let listening = StopSignal()
                    inner.addTask { try await server.run(until: stop) { listening.request() } }
                    inner.addTask {
                        await listening.wait()
                        await controller.run(until: stop, signs: signs)
                    }
                    try await inner.waitForAll()
                }
            }
            // Those that follow what happens never end by themselves.
            try await group.next()
            group.cancelAll()
        }
    }

    private var server: ControlServer {
        let images = ImageStore(home: fleets.home)
        let platform = fleets.platform
        let figures = FleetMetrics(
            version: KilnVersion.current,
            catalog: fleets.store,
            platform: platform,
            images: images,
            board: board,
            requests: { await platform.balancerTotals(of: $0) }
        )
        let shared = SharedText { try await figures.text() }
        return ControlServer(
            home: fleets.home,
            version: KilnVersion.current,
            fleets: KeptFleets(controller: controller, images: images),
            reader: fleets.reader,
            catalog: fleets.store,
            metrics: { try await shared.text() },
            metricsAddress: metrics
        )
    }
}
