package import KilnDefinition
import KilnFleet
import KilnSystem
package import SystemPackage

/// What a fleet's balancer knows: the content of its configuration file, as values.
///
/// A running process can be asked for its servers but not for the rest of its file; so a digest of that rest, the stamp,
/// stands in the file as the description of the process.
package struct BalancerConfig: Sendable, Hashable {
    /// A listener with what the machine adds to it.
    package struct Front: Sendable, Hashable {
        package let listener: Listener
        /// Where instances of other fleets reach it, on the instances' own network.
        package let inside: ListenAddress?
        /// Where those that are redirected go.
        package let securePort: UInt16?
        /// The copies in memory of what it shows to clients, and whose certificates it takes from them.
        package let certificate: FilePath?
        package let clientCA: FilePath?

        package init(
            _ listener: Listener,
            inside: ListenAddress? = nil,
            securePort: UInt16? = nil,
            certificate: FilePath? = nil,
            clientCA: FilePath? = nil
        ) {
            self.listener = listener
            self.inside = inside
            self.securePort = securePort
            self.certificate = certificate
            self.clientCA = clientCA
        }

        /// nil for one that leads nowhere.
        package var backend: Backend? { listener.redirects ? nil : Backend(listener) }
    }

    /// Servers for one port of the instances.
    package struct Backend: Sendable, Hashable {
        package let name: String
        package let mode: Listener.Mode

        package static let standard = Backend(name: "instances", mode: .http)

        private init(name: String, mode: Listener.Mode) {
            self.name = name
            self.mode = mode
        }

        package init(_ listener: Listener) {
            let isStandard = listener.mode == .http && listener.port == nil
            let words = isStandard ? [] : [listener.mode.rawValue, listener.port?.description]
            name = ([Self.prefix] + words.compactMap(\.self)).joined(separator: "-")
            mode = listener.mode
        }

        /// Whether one of ours has such a name, now or before.
        package static func isName(_ name: String) -> Bool { name == prefix || name.hasPrefix(prefix + "-") }

        private static let prefix = "instances"
    }

    package enum Check: Sendable, Hashable {
        /// Somebody accepts the connection.
        case connect
        /// GET answers 200 to 399.
        case http(path: String)
    }

    /// None: nothing is balanced, the file only remembers who would get requests.
    package var fronts: [Front]
    package var check: Check
    package var checkTimeoutMilliseconds: Int
    /// In the order of their names.
    package var servers: [Server]

    package init(
        fronts: [Front] = [],
        check: Check = .connect,
        checkTimeoutMilliseconds: Int = 2_000,
        servers: [Server] = []
    ) {
        self.fronts = fronts
        self.check = check
        self.checkTimeoutMilliseconds = checkTimeoutMilliseconds
        self.servers = servers
    }

    package var isListening: Bool { !fronts.isEmpty }
    package var isSecure: Bool { fronts.contains { $0.certificate != nil } }

    /// Each that some listener leads to, in their order.
    package var backends: [Backend] {
        if fronts.isEmpty { return [.standard] }
        var backends: [Backend] = []
        for case let backend? in fronts.map(\.backend) where !backends.contains(backend) {
            backends.append(backend)
        }
        return backends
    }

    package func server(_ id: ServerID) -> Server? { servers.first { $0.id == id } }
    /// Whether it gets anything, at one port or another.
    package func balances(_ instance: String) -> Bool { servers.contains { $0.id.instance == instance } }

    package mutating func set(_ server: Server) {
        servers.removeAll { $0.id == server.id }
        servers.append(server)
        servers.sort { $0.id < $1.id }
    }
}

/// One port of an instance, as the balancer names it.
package struct ServerID: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let backend: String
    package let instance: String

    package init(_ instance: String, in backend: String = BalancerConfig.Backend.standard.name) {
        self.backend = backend
        self.instance = instance
    }

    package static func < (left: ServerID, right: ServerID) -> Bool {
        (left.backend, left.instance) < (right.backend, right.instance)
    }

    /// As commands of HAProxy have it.
    package var path: String { "\(backend)/\(instance)" }

    package var description: String {
        backend == BalancerConfig.Backend.standard.name ? instance : "\(instance) in \(backend)"
    }
}

extension BalancerConfig {
    package struct Server: Sendable, Hashable {
        package let id: ServerID
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

    /// The servers of an instance: one for each port that listeners lead to and its image has. Each is checked at the port that
    /// its health names, since an instance is healthy or not as a whole.
    func servers(_ spec: InstanceSpec, address: String, weight: Int) -> [Server] {
        let content = spec.release.content
        guard isListening else {
            return content.balancedPort.map {
                [Server(spec, backend: .standard, address: address, port: $0, weight: weight)]
            } ?? []
        }
        var servers: [Server] = []
        for listener in fronts.map(\.listener) {
            guard let port = content.port(for: listener) else { continue }
            let backend = Backend(listener)
            if servers.contains(where: { $0.id.backend == backend.name }) { continue }
            servers.append(Server(spec, backend: backend, address: address, port: port, weight: weight))
        }
        return servers
    }
}

extension BalancerConfig.Server {
    fileprivate init(
        _ spec: InstanceSpec,
        backend: BalancerConfig.Backend,
        address: String,
        port: UInt16,
        weight: Int
    ) {
        let health = spec.release.content.health
        let checkPort: UInt16 =
            switch health?.probe {
            case .http(let port, _): port
            case .tcp(let port): port
            case .command, nil: port
            }
        self.init(
            id: ServerID(spec.id.description, in: backend.name),
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

extension HealthDefinition.Probe {
    fileprivate var balancerCheck: BalancerConfig.Check {
        switch self {
        case .http(_, let path): .http(path: path)
        case .tcp, .command: .connect
        }
    }
}
