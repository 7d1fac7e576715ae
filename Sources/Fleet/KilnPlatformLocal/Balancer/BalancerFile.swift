package import KilnDefinition
import KilnOCI
package import SystemPackage

/// The configuration file of a fleet's HAProxy: writes it, and reads back what was written.
package struct BalancerFile: Sendable, Hashable {
    package let fleet: FleetName
    package let socket: FilePath
    /// An empty folder for the worker.
    package let root: FilePath
    /// The worker's user and group, where the machine has one.
    package let account: String?

    package func text(_ config: BalancerConfig) -> String {
        head(config).replacing(Self.stampMark, with: stamp(config))
            + config.backends.map { one in
                let servers = config.servers.filter { $0.id.backend == one.name }
                return backend(one, config.check)
                    + servers.map { "    server \(Self.words($0).joined(separator: " "))\n" }.joined()
            }.joined()
    }

    /// Differs when anything but the servers differs.
    package func stamp(_ config: BalancerConfig) -> String {
        let digest: Digest = Digest(
            of: head(config) + config.backends.map { backend($0, config.check) }.joined()
        )
        return "kiln-\(digest.short)"
    }

    /// The words that define a server, in the file and at run time alike.
    package static func words(_ server: BalancerConfig.Server) -> [String] {
        let check = server.check
        return [
            server.id.instance, "\(server.address):\(server.port)", "check", "port", "\(check.port)",
            "inter", "\(check.intervalMilliseconds)ms", "rise", "\(check.rise)", "fall", "\(check.fall)",
            "weight", "\(server.weight)",
        ]
    }

    private static let stampMark = "STAMP"

    private func head(_ config: BalancerConfig) -> String {
        global + (config.isSecure ? Self.secureDefaults : "") + defaults(config)
            + config.fronts.enumerated().map { frontend($0.element, $0.offset) }.joined()
    }

    private var global: String {
        """
        # Written by kiln for fleet \(fleet): edits are overwritten.
        global
            description \(Self.stampMark)
            stats socket \(socket) mode 600 level admin expose-fd listeners
            chroot \(root)
        \(account.map { "    user \($0)\n    group \($0)\n" } ?? "")\
            maxconn 4096
            no strict-limits
            hard-stop-after 30m

        """
    }

    // A connection to an instance carries one request: an instance that ends never meets a request on an old
    // connection. Only what never reached an instance is tried again, so nothing is done twice.
    private func defaults(_ config: BalancerConfig) -> String {
        """

        defaults
            mode http
            option http-server-close
            http-reuse never
            option redispatch 1
            retries 3
            retry-on conn-failure
            option forwardfor
            timeout connect 3s
            timeout client 60s
            timeout client-fin 30s
            timeout http-request 30s
            timeout http-keep-alive 15s
            timeout queue 30s
            timeout server 1h
            timeout tunnel 24h
            timeout check \(config.checkTimeoutMilliseconds)ms

        """
    }

    private func backend(_ backend: BalancerConfig.Backend, _ check: BalancerConfig.Check) -> String {
        let head = """

            backend \(backend.name)
                balance roundrobin
            \(backend.mode == .tcp ? "    mode tcp\n    option srvtcpka\n    timeout server 24h\n" : "")
            """
        guard case .http(let path) = check else { return head }
        return head + """
                option httpchk
                http-check send meth GET uri \(Self.quote(path)) ver HTTP/1.1 hdr Host \(fleet)
                http-check expect status 200-399

            """
    }

    /// Between single quotes nothing is special but the single quote itself.
    static func quote(_ text: String) -> String {
        "'" + text.replacing("'", with: #"'\''"#) + "'"
    }
}
