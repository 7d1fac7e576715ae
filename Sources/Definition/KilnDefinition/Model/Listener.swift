/// One address that a fleet's balancer listens on, and where what comes in goes.
package struct Listener: Sendable, Hashable {
    package enum Mode: String, Sendable, Hashable, Codable, CaseIterable {
        case http
        /// Bytes are passed on as they come.
        case tcp
    }

    package var address: ListenAddress
    /// Of the image; nil is `http`, or the only one.
    package var port: PortReference?
    package var mode: Mode
    package var tls: ListenerTLS?
    /// It answers each request with the same address under https, and leads to no instance.
    package var redirects: Bool

    package init(
        _ address: ListenAddress,
        port: PortReference? = nil,
        mode: Mode = .http,
        tls: ListenerTLS? = nil,
        redirects: Bool = false
    ) {
        self.address = address
        self.port = port
        self.mode = mode
        self.tls = tls
        self.redirects = redirects
    }

    /// An address and nothing else.
    package var isPlain: Bool { port == nil && mode == .http && tls == nil && !redirects }
}

extension Listener: CustomStringConvertible {
    /// `127.0.0.1:8443 to admin (https)`.
    package var description: String {
        let word: String? =
            switch (redirects, mode, tls) {
            case (true, _, _): "redirects to https"
            case (_, .http, nil): nil
            case (_, .http, _): "https"
            case (_, .tcp, nil): "tcp"
            case (_, .tcp, _): "tcp, tls"
            }
        return "\(address)\(port.map { " to \($0)" } ?? "")\(word.map { " (\($0))" } ?? "")"
    }

    /// With where its certificate is.
    package var details: String { tls.map { "\(self) with \($0)" } ?? description }
}

/// How a listener speaks TLS. Certificates and keys are files of this machine, and stay there.
package struct ListenerTLS: Sendable, Hashable, Codable {
    package enum Version: String, Sendable, Hashable, Codable, CaseIterable {
        case tls12 = "1.2"
        case tls13 = "1.3"
    }

    /// Absolute: the certificate with the ones that lead to its authority, and the key too where `key` is nil.
    package var certificate: String
    package var key: String?
    package var minVersion: Version
    /// Absolute: who signs the certificates of clients; nil asks for none.
    package var clientCA: String?
    /// Whether a client without one is refused.
    package var clientRequired: Bool

    package init(
        certificate: String,
        key: String? = nil,
        minVersion: Version = .tls12,
        clientCA: String? = nil,
        clientRequired: Bool = true
    ) {
        self.certificate = certificate
        self.key = key
        self.minVersion = minVersion
        self.clientCA = clientCA
        self.clientRequired = clientRequired
    }
}

extension ListenerTLS: CustomStringConvertible {
    package var description: String {
        var words = ["certificate \(certificate)"]
        if let key { words.append("key \(key)") }
        if minVersion != .tls12 { words.append("TLS \(minVersion.rawValue)") }
        if let clientCA {
            words.append("clients of \(clientCA)\(clientRequired ? "" : ", not required")")
        }
        return words.joined(separator: ", ")
    }
}

/// Where a fleet's balancer listens, in the order written; never empty.
package struct Listeners: Sendable, Hashable {
    package var all: [Listener]

    package init(_ all: [Listener]) {
        self.all = all
    }

    package init(_ address: ListenAddress) {
        all = [Listener(address)]
    }

    package var addresses: [ListenAddress] { all.map(\.address) }
    /// Those that lead to instances.
    package var leading: [Listener] { all.filter { !$0.redirects } }
    /// Whether requests are counted.
    package var hasHTTP: Bool { leading.contains { $0.mode == .http } }
    package var details: String { all.map(\.details).joined(separator: ", ") }

    /// The port that the redirects of this listener lead to.
    package func securePort(for listener: Listener) -> UInt16? {
        let secure = all.filter { $0.mode == .http && $0.tls != nil }
        let own = secure.first { $0.address.address == listener.address.address }
        return (own ?? secure.first)?.address.port
    }

    /// The ports that other fleets find, by the name of the image's port: the first of each.
    package var named: [String: UInt16] {
        let ports = leading.compactMap { listener in
            if case .name(let name)? = listener.port {
                (name.description, listener.address.port)
            } else {
                nil
            }
        }
        return Dictionary(ports) { first, _ in first }
    }
}

extension Listeners: CustomStringConvertible {
    package var description: String { all.map(\.description).joined(separator: ", ") }
}
