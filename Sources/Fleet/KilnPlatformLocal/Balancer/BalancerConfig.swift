package import KilnDefinition
import KilnFleet
import KilnSystem

/// What a fleet's balancer knows: the content of its configuration file, as values.
///
/// A running process can be asked for its servers but not for the rest of its file; so a digest of that rest, the stamp,
/// stands in the file as the description of the process.
package struct BalancerConfig: Sendable, Hashable {
    package struct Server: Sendable, Hashable {
        /// The instance's id.
        package let name: String
        package let address: String
        package let port: UInt16
        package let check: Check
        /// Its part in the requests against the others' parts, up to 100; 0 gets none but those under way.
        package var weight: Int

        package struct Check: Sendable, Hashable {
            package let port: UInt16
            package let intervalMilliseconds: Int
            package let rise: Int
            package let fall: Int
        }
    }

    package enum Check: Sendable, Hashable {
        /// Somebody accepts the connection.
        case connect
        /// GET answers 200 to 399.
        case http(path: String)
    }

    /// nil: nothing is balanced, the file only remembers who would get requests.
    package var listen: ListenAddress?
    /// Where instances of other fleets reach it, on the instances' own network.
    package var inside: ListenAddress?
    package var check: Check
    package var checkTimeoutMilliseconds: Int
    /// In the order of their names.
    package var servers: [Server]

    package init(
        listen: ListenAddress?,
        inside: ListenAddress? = nil,
        check: Check = .connect,
        checkTimeoutMilliseconds: Int = 2_000,
        servers: [Server] = []
    ) {
        self.listen = listen
        self.inside = inside
        self.check = check
        self.checkTimeoutMilliseconds = checkTimeoutMilliseconds
        self.servers = servers
    }

    package static let backend = "instances"

    package func server(_ name: String) -> Server? {
        servers.first { $0.name == name }
    }

    package mutating func set(_ server: Server) {
        servers.removeAll { $0.name == server.name }
        servers.append(server)
        servers.sort { $0.name < $1.name }
    }

    package mutating func remove(_ name: String) {
        servers.removeAll { $0.name == name }
    }
}

extension BalancerConfig.Server {
    /// nil when the release names no port for the balancer.
    init?(_ spec: InstanceSpec, address: String, weight: Int) {
        let content = spec.release.content
        guard let port = content.balancedPort else { return nil }
        let health = content.health
        let checkPort: UInt16 =
            switch health?.probe {
            case .http(let port, _): port
            case .tcp(let port): port
            case .command, nil: port
            }
        self.init(
            name: spec.id.description,
            address: address,
            port: port,
            check: Check(
                port: checkPort,
                intervalMilliseconds: max(
                    100,
                    Int((health?.interval ?? .seconds(1)).inNanoseconds / 1_000_000)
                ),
                rise: max(1, health?.healthy ?? 2),
                fall: max(1, health?.unhealthy ?? 3)
            ),
            weight: weight
        )
    }
}

extension BalancerConfig {
    /// One file has one way to check: the releases' own where they agree on it, else whether a connection is accepted.
    ///
    /// Without releases it stays, since a change needs a new worker.
    mutating func chooseCheck(for releases: [ReleaseContent]) {
        if releases.isEmpty { return }
        let probes = Set(releases.map { $0.health?.probe.balancerCheck ?? .connect })
        check = probes.count == 1 ? probes.first ?? .connect : .connect
        let timeouts = releases.compactMap(\.health?.timeout).map { Int($0.inNanoseconds / 1_000_000) }
        checkTimeoutMilliseconds = max(100, timeouts.max() ?? 2_000)
    }
}

extension HealthDefinition.Probe {
    fileprivate var balancerCheck: BalancerConfig.Check {
        switch self {
        case .http(_, let path): .http(path: path)
        case .tcp, .command: .connect
        }
    }
}
