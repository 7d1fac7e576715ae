import Glibc
import HTTPTypes
import HummingbirdCore
import KilnAPI
package import KilnCatalog
package import KilnFleet
package import KilnSystem
import Logging
import NIOCore
import NIOPosix
import SystemPackage

/// The API of `kiln serve` on the home's control socket, and its metrics on a TCP address where one is named.
package struct ControlServer: Sendable {
    /// How long connections may take to end once all changes have.
    private static let farewell = Duration.seconds(5)

    private let home: KilnHome
    private let identity: ServerIdentity
    private let fleets: any ControlledFleets
    private let reader: FleetReader
    private let catalog: Catalog
    private let metrics: @Sendable () async throws -> String
    private let metricsAddress: MetricsAddress?

    /// `version` is the program's; `metrics` gives the text of `/metrics` whenever it is asked for.
    package init(
        home: KilnHome,
        version: String,
        fleets: any ControlledFleets,
        reader: FleetReader,
        catalog: Catalog,
        metrics: @escaping @Sendable () async throws -> String,
        metricsAddress: MetricsAddress? = nil
    ) {
        self.home = home
        identity = ServerIdentity(kiln: version, pid: getpid())
        self.fleets = fleets
        self.reader = reader
        self.catalog = catalog
        self.metrics = metrics
        self.metricsAddress = metricsAddress
    }

    /// Serves until a stop is requested; then asks all changes for a good end and tells their askers how they ended.
    ///
    /// `onListening` is called once requests are taken on all addresses.
    package func run(until stop: StopSignal, onListening: @escaping @Sendable () async -> Void) async throws {
        try await SocketClaim(home: home).with {
            let requests = RequestTable(fleets: fleets, home: home)
            let ready = Countdown(metricsAddress == nil ? 1 : 2, then: onListening)
            let listeners = listeners(requests, ready)
            let drained = StopSignal()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for listener in listeners {
                    group.addTask { try await Self.run(listener, isOver: { drained.isRequested }) }
                }
                group.addTask {
                    await requests.run(until: stop)
                    drained.request()
                    for listener in listeners { try await listener.server.shutdownGracefully() }
                }
                group.addTask {
                    await drained.wait()
                    try await Task.sleep(for: Self.farewell)
                }
                try await group.next()
                group.cancelAll()
                // What is cut off now has nothing more to say.
                while (try? await group.next()) != nil {}
            }
        }
    }

    private struct Listener: Sendable {
        let server: Server<HTTP1Channel>
        let address: String
    }

    /// Throws when it ends before it should: a channel that cannot accept is closed without a word.
    private static func run(_ listener: Listener, isOver: @Sendable () -> Bool) async throws {
        do {
            try await listener.server.run()
            try Task.checkCancellation()
            guard isOver() else { throw APIError.deaf(listener.address) }
        } catch let error as IOError {
            throw APIError(
                .address,
                "cannot listen on \(listener.address)",
                causes: [String(cString: strerror(error.errnoCode))],
                hint: "another process may listen there; see ss -lxt"
            )
        }
    }

    private func listeners(_ requests: RequestTable, _ ready: Countdown) -> [Listener] {
        let api = APIResponder(
            identity: identity,
            requests: requests,
            reader: reader,
            catalog: catalog,
            metrics: metrics
        )
        let socket = home.controlSocket.string
        let control = Listener(
            server: server(.unixDomainSocket(path: socket), { try await api.respond(to: $0) }) {
                // The folder around it is its owner's alone from the start.
                chmod(socket, 0o600)
                await ready.count()
            },
            address: socket
        )
        guard let metricsAddress else { return [control] }
        let responder = MetricsResponder(metrics: metrics)
        let observed = Listener(
            server: server(
                .hostname(metricsAddress.host, port: metricsAddress.port),
                { try await responder.respond(to: $0) }
            ) { await ready.count() },
            address: metricsAddress.description
        )
        return [control, observed]
    }

    private func server(
        _ address: BindAddress,
        _ respond: @escaping @Sendable (Request) async throws -> Response,
        onListening: @escaping @Sendable () async -> Void
    ) -> Server<HTTP1Channel> {
        let limits = HTTP1Channel.Configuration.DecoderConfiguration(
            maxHeaderFieldSize: 16 << 10,
            maxHeaderListSize: 32 << 10,
            maxHeaderFieldCount: 100
        )
        let channel = HTTP1Channel(
            responder: { request, writer, _ in
                let answer = try await respond(request)
                let response = request.method == .head ? answer.createHeadResponse() : answer
                try await writer.write(response: response.head, body: response.body)
                // What refuses a body does not read the rest of it either.
                if response.headers[.connection] == "close" { throw ChannelError.inputClosed }
            },
            configuration: .init(idleTimeout: .seconds(60), httpDecoderConfiguration: limits)
        )
        return Server(
            childChannelSetup: channel,
            configuration: ServerConfiguration(
                address: address,
                availableConnectionsDelegate: MaximumAvailableConnections(256, logger: Self.silence)
            ),
            onServerRunning: { _ in await onListening() },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: Self.silence
        )
    }

    /// What is worth saying is said by the commands and in events.
    private static var silence: Logger { Logger(label: "kiln.serve") { _ in SwiftLogNoOpLogHandler() } }
}

/// Calls its end once it was counted so many times.
private actor Countdown {
    private var left: Int
    private let end: @Sendable () async -> Void

    init(_ count: Int, then end: @escaping @Sendable () async -> Void) {
        left = count
        self.end = end
    }

    func count() async {
        left -= 1
        if left == 0 { await end() }
    }
}
